"""`potstill report`: pages of one run and of many, and bad input."""

import shutil

import pytest
from test_commands import SHORT

from potstill.results import ChosenExamples, Predictions, Results


@pytest.fixture(scope="module")
def study(world, tmp_path_factory):
    """A folder with one finished run."""
    from potstill.cli import run

    folder = tmp_path_factory.mktemp("study")
    arguments = ["distill", "kd", "--teacher", world.teacher, "--data", world.reviews, "--out", folder / "one", *SHORT]
    assert run([str(each) for each in (*arguments, "--baseline", "hard-labels")]) == 0
    return folder


def test_a_run_leaves_its_report_and_what_it_is_drawn_from(study):
    folder = study / "one"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Quality and cost" in page
    predictions = Predictions.read(folder / "predictions.safetensors")
    assert set(predictions.logits) == {"teacher", "student", "student_hard_labels"}
    results = Results.read(folder / "results.json")
    for model in results.models:
        right = predictions.logits[model.role].argmax(1) == predictions.gold
        assert model.score == pytest.approx(right.mean())
        assert sum(sum(row.values()) for row in model.confusion.values()) == results.num_examples
        assert model.calibration is not None
    assert all(item.mcnemar is not None for item in results.comparisons)
    chosen = ChosenExamples.read(folder / "examples.json")
    assert set(chosen.disagreements[0].logits) == {"teacher", "student", "student_hard_labels"}
    assert (folder / "attention.json").is_file()


def test_report_draws_one_run_anew(potstill, study):
    page = study / "one" / "report.html"
    before = page.read_bytes()
    page.unlink()
    outcome = potstill("report", study / "one")
    assert (outcome.code, outcome.stdout) == (0, f"{page}\n")
    assert page.read_bytes() == before


def test_report_draws_a_folder_of_runs(potstill, study, tmp_path):
    outcome = potstill("report", study)
    assert outcome.code == 0, outcome.stderr
    assert "Report of 1 runs" in (study / "report.html").read_text(encoding="utf-8")
    assert potstill("report", study / "one", study / "one", "--out", tmp_path / "both.html").code == 0


def test_remeasure_gives_an_old_run_what_it_lacks(potstill, study, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(study / "one", old)
    for name in ("predictions.safetensors", "examples.json", "attention.json", "report.html"):
        (old / name).unlink()
    outcome = potstill("report", old, "--remeasure")
    assert outcome.code == 0, outcome.stderr
    before, after = Results.read(study / "one" / "results.json"), Results.read(old / "results.json")
    assert [model.role for model in after.models] == [model.role for model in before.models]
    for one, other in zip(before.models, after.models, strict=True):
        assert other.metrics == one.metrics
        assert other.training_seconds == one.training_seconds
    assert (old / "examples.json").read_bytes() == (study / "one" / "examples.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "does not exist; give the folder of a finished run."),
        ("empty", "holds no finished run; give a run folder, or a folder of run folders."),
        ("unfinished", "is not finished; finish it with 'potstill distill"),
        ("damaged", "it is not JSON"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(potstill, tmp_path, name, message):
    for folder in ("empty", "unfinished", "damaged"):
        (tmp_path / folder).mkdir()
    (tmp_path / "unfinished" / "recipe.json").write_text("{}")
    (tmp_path / "damaged" / "recipe.json").write_text("{}")
    (tmp_path / "damaged" / "results.json").write_text("{")
    outcome = potstill("report", name)
    assert outcome.code == 2
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert message in outcome.stderr


def test_a_page_is_not_written_into_nowhere(potstill, study):
    outcome = potstill("report", study / "one", "--out", "nowhere/page.html")
    assert outcome.code == 2
    assert "the folder 'nowhere' does not exist" in outcome.stderr
