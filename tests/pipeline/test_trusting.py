"""A run says when its student can be trusted, on texts of which nothing was learnt, and who predicts asks for it."""

import csv
import json
import shutil
from math import prod
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import potstill
from potstill import distill
from potstill.answers import OneClass, measure_trust
from potstill.cli import app
from potstill.data import DataConfig, load_task_data
from potstill.errors import ModelError
from potstill.pipeline.chosen import count_choices
from potstill.results import ChosenWeights, Results, Trust, make_table

TEXTS = ["good film", "bad film", "the plot was very not", "good bad", "a still copper", "good good good"]


@pytest.fixture(scope="module")
def trusted(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student with a trust.json that promises 90 % from a confidence in the midst of those of `TEXTS`."""
    folder = shutil.copytree(student_run / "student", tmp_path_factory.mktemp("trusted") / "student")
    shares = [max(each.probabilities.values()) for each in potstill.load(folder)(TEXTS)]
    confidence = np.repeat([max(shares) + 1e-9, float(np.median(shares)), 0.5], [60, 60, 60]).clip(max=1)
    measure_trust(confidence, np.repeat([True, True, False], [60, 60, 60]), reference="teacher", split="test").write(
        folder / "trust.json"
    )
    return folder


def test_a_run_tells_everywhere_when_its_student_can_be_trusted(student_run: Path) -> None:
    results = Results.read(student_run / "results.json")
    trust, student, teacher = results.trust, results.find("student"), results.find("teacher")
    assert trust is not None
    assert trust == Trust.read(student_run / "student" / "trust.json")
    assert (trust.reference, trust.split, trust.num_texts) == ("teacher", "dev", results.num_examples)
    assert student is not None
    assert student.fidelity is not None
    assert trust.steps[-1].num_agreed / trust.num_texts == pytest.approx(student.fidelity.agreement)  # type: ignore[union-attr]
    assert teacher is not None
    own, theirs = (prod(each.num_scorings for each in model.chosen) for model in (student, teacher))
    assert trust.num_choices >= own * theirs > 1
    assert any(trust.tell() in note for note in make_table(results).notes)
    for page in ("report.html", "student/README.md"):
        assert "When to trust it" in (student_run / page).read_text(encoding="utf-8")
    assert trust.promise.threshold is None
    assert "such texts" in trust.tell()


def test_weights_that_dev_chose_are_counted() -> None:
    weights = {"step": 1, "num_steps": 9, "score": 0.5, "highest": 0.5, "last": 0.5}
    chosen = [ChosenWeights(stage=name, num_scorings=number, **weights) for name, number in (("a", 4), ("b", 3))]
    assert count_choices(chosen, {"a": None, "b": None}) == 12
    assert count_choices(chosen, {"a": None, "b": 2}) == 4 * 3 * 4
    assert count_choices([], {}) == 1


def test_a_test_set_without_labels_is_taken_where_it_can_promise_more(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    data = load_task_data(DataConfig(path=str(reviews), text="review", label="stars"))
    with reviews.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    learnt, measured = rows[:60], rows[60:90]
    for name, some in (("train", learnt), ("dev", measured)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerows([["review", "stars"], *([row["review"], row["stars"]] for row in some)])
    new = [f"{text} still still still still" for text in data.train.texts[:70]]
    texts = [learnt[0]["review"].upper(), *new]
    (tmp_path / "test.csv").write_text("\n".join(["review", *texts]) + "\n", encoding="utf-8")
    settings = ["precision=fp32", "stages.0.epochs=1"]
    done = distill(
        "kd", teacher=str(teacher), data=str(tmp_path), text="review", label="stars", out=tmp_path / "run",
        overrides=settings,
    )  # fmt: skip
    assert done.results.trust is not None
    assert (done.results.trust.split, done.results.trust.num_texts) == ("test", len(new))
    assert done.results.trust.num_choices == 1


def test_predictions_say_whether_the_student_answers_or_defers(trusted: Path) -> None:
    classifier = potstill.load(trusted, agree=0.9)
    assert classifier.promise is not None
    found = classifier([*TEXTS, "", None])
    for prediction in found[: len(TEXTS)]:
        assert prediction.defers == (max(prediction.probabilities.values()) < classifier.promise.threshold)
    assert {each.defers for each in found[: len(TEXTS)]} == {True, False}
    assert [each.defers for each in found[len(TEXTS) :]] == [True, True]
    assert [each.to_json()["defers"] for each in found] == [each.defers for each in found]
    plain = potstill.load(trusted)(TEXTS)
    assert [each.probabilities for each in plain] == [each.probabilities for each in found[: len(TEXTS)]]
    assert all(each.defers is None and "defers" not in each.to_json() for each in plain)


def test_the_command_writes_it_into_lines_and_tables(trusted: Path, tmp_path: Path) -> None:
    asked = ["predict", str(trusted), *TEXTS, "--agree", "0.9"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    defers = [json.loads(line)["defers"] for line in done.stdout.splitlines()]
    assert CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "a.csv")]).exit_code == 0
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        assert [row["defers"] for row in csv.DictReader(file)] == [str(each).lower() for each in defers]


def test_what_cannot_be_promised_is_refused_in_a_sentence(student_run: Path, trusted: Path, teacher: Path) -> None:
    with pytest.raises(ModelError, match=r"no answers can be promised .* at least 99 % .* about [\d,]+ such texts"):
        potstill.load(student_run, agree=0.99)
    with pytest.raises(ModelError, match="agree: 1 cannot be promised; give a share between 0 and 1"):
        potstill.load(trusted, agree=1.0)
    with pytest.raises(ModelError, match="on the back-end 'bf16' it gives other answers; take sdpa or onnx"):
        potstill.load(trusted, agree=0.9, backend="bf16")
    with pytest.raises(ModelError, match=r"texts of at most 32 tokens, .* up to 16; give 32 as the longest length"):
        potstill.load(trusted, agree=0.9, max_length=16)
    bare = shutil.copytree(teacher / "student", trusted.parent / "bare")
    (bare / "trust.json").unlink()
    (bare / "checksums.json").unlink()
    with pytest.raises(ModelError, match=r"has no trust\.json, which says when it can be trusted"):
        potstill.load(bare, agree=0.9)


def test_a_model_without_a_teacher_is_held_against_gold_labels(teacher: Path) -> None:
    results = Results.read(teacher / "results.json")
    assert results.trust is not None
    assert results.trust.reference == "gold"
    assert results.trust.steps[-1].num_agreed / results.trust.num_texts == pytest.approx(results.models[0].score)
    assert "is right in at least 99 %" in results.trust.tell()
    assert OneClass.no_promise is None
