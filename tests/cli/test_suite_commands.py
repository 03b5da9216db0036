"""`potstill suite`, `tables` and `submit`, from their arguments to what they print and write."""

import json
import shutil
from pathlib import Path

import pytest
from tiny_world import write_csv

SUITE = """
name = "reviews"
description = "two ways on one task"
seeds = [3]
set = ["stages.distil.epochs=none", "stages.distil.steps=2", "precision=fp32"]
baselines = ["hard-labels"]
systems = [{{ name = "KD", recipe = "kd" }}]
tasks = [{{ name = "stars", data = "{data}", teacher = "{teacher}" }}]
"""


@pytest.fixture
def suite_file(world, tmp_path: Path) -> Path:
    path = tmp_path / "reviews.toml"
    path.write_text(SUITE.format(data=world.reviews, teacher=world.teacher))
    return path


def test_a_suite_is_listed_run_and_not_run_twice(potstill, suite_file, tmp_path) -> None:
    plan = potstill("suite", suite_file, "--dry-run")
    assert plan.code == 0, plan.stderr
    assert "1 of 1 runs are to be made, in runs/suite-reviews" in plan.stdout
    assert not (tmp_path / "runs").exists()
    first = potstill("suite", suite_file, "--workers", 0)
    assert first.code == 0, first.stderr
    for words in ("KD, labels only", "teacher", "stars (accuracy)", "times smaller", "tables.md"):
        assert words in first.stdout
    assert "begin kd.stars.3" in first.stderr
    folder = tmp_path / "runs" / "suite-reviews"
    assert (folder / "runs" / "kd.stars.3" / "student" / "README.md").is_file()
    assert "KD" in (folder / "tables" / "tables.tex").read_text(encoding="utf-8")
    again = potstill("suite", suite_file, "--workers", 0)
    assert again.code == 0
    assert "1 of 1 runs are finished already" in again.stderr
    assert "begin" not in again.stderr
    assert "0 of 1 runs are to be made" in potstill("suite", suite_file, "--dry-run").stdout
    more = potstill("suite", suite_file, "--seed", 3, "--seed", 4, "--dry-run")
    assert "1 of 2 runs are to be made" in more.stdout
    assert "of training with one at a time" in more.stdout
    printed = potstill("tables", folder, "--format", "markdown", "--out", tmp_path / "tables.md")
    assert printed.stdout == (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "| KD |" in printed.stdout


def test_a_suite_that_fails_ends_with_2_and_says_where_to_look(potstill, suite_file, tmp_path) -> None:
    suite_file.write_text(suite_file.read_text(encoding="utf-8").replace('teacher = "', 'teacher = "nowhere/'))
    outcome = potstill("suite", suite_file, "--workers", 0)
    assert outcome.code == 2
    assert outcome.stderr.count("failed kd.stars.3") == 2
    assert "error: 1 of 1 runs failed twice (kd.stars.3); the first: " in outcome.stderr
    assert "kd.stars.3.log" in outcome.stderr
    assert (tmp_path / "runs" / "suite-reviews" / "logs" / "kd.stars.3.log").is_file()


def test_shipped_suites_and_published_tables_are_listed(potstill) -> None:
    names = [entry["name"] for entry in json.loads(potstill("suite", "--json").stdout)]
    assert "smoke" in names
    listed = potstill("suite").stdout
    assert all(name in listed for name in names)
    plan = json.loads(potstill("suite", "smoke", "--dry-run", "--json").stdout)
    assert {cell["task"] for cell in plan} == {"trec", "movies"}
    assert {cell["state"] for cell in plan} == {"missing"}
    assert "tinybert-paper-table7" in potstill("tables").stdout
    glue = potstill("tables", "--published", "tinybert-paper").stdout
    assert "76.5" in glue
    assert "its teacher is BERT LARGE" in glue


def write_cola(folder: Path, *, rows: int) -> Path:
    (folder / "CoLA").mkdir(parents=True)
    for name in ("train", "dev"):
        (folder / "CoLA" / f"{name}.tsv").write_text("x\t1\t\tthe film is good\nx\t0\t\tis the film bad\n")
    lines = ["index\tsentence", *(f"{row}\tthe film is {'bad' if row % 3 else 'good'}" for row in range(rows))]
    (folder / "CoLA" / "test.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def cola_model(world, tmp_path) -> Path:
    """The teacher of the reviews under the names of CoLA's labels, the other way round."""
    folder = shutil.copytree(world.teacher, tmp_path / "cola-model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {"0": "acceptable", "1": "unacceptable"}
    config["label2id"] = {"acceptable": 0, "unacceptable": 1}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_submit_answers_by_label_names_and_checks_what_it_wrote(potstill, cola_model, tmp_path) -> None:
    import zipfile

    glue = write_cola(tmp_path / "glue", rows=1063)
    out = tmp_path / "answers.zip"
    outcome = potstill("submit", f"cola={cola_model}", "--data", glue, "--out", out, "--placeholders")
    assert outcome.code == 0, outcome.stderr
    assert "1 files answered by models; 10 filled with one constant answer: AX, MNLI-m" in outcome.stdout
    with zipfile.ZipFile(out) as archive:
        lines = archive.read("CoLA.tsv").decode().splitlines()
    # the model's first label, negative before, is 'acceptable' here, which CoLA writes as 1
    assert lines[1:4] == ["0\t0", "1\t1", "2\t1"]
    assert "complete; one constant answer in AX" in potstill("submit", "--check", out).stdout


def test_a_submission_reads_texts_as_far_as_the_run_did(cola_model, tmp_path) -> None:
    from potstill.pipeline import answer_test_sets
    from potstill.recipe import load_recipe

    def answers(name: str, max_length: int) -> list[str]:
        run = tmp_path / name
        shutil.copytree(cola_model, run / "student")
        recipe = load_recipe("kd", fields={"data": {"task": "cola", "max_length": max_length}})
        (run / "recipe.json").write_text(json.dumps(recipe.to_json()))
        return answer_test_sets(run, "cola", str(glue))["CoLA"]

    glue = write_cola(tmp_path / "glue", rows=0)
    texts = (f"the film the film the film is {word}" for word in ("good", "bad"))
    (glue / "CoLA" / "test.tsv").write_text("".join(["index\tsentence\n", *(f"0\t{text}\n" for text in texts)]))
    assert answers("whole", 16) == ["0", "1"]
    assert len(set(answers("cut", 8))) == 1, "the last word tells them apart"


BAD = [
    (("suite", "smok"), "suite 'smok' does not exist. Did you mean 'smoke'?"),
    (("suite", "smoke", "--task", "trek"), "--task trek: suite 'smoke' has no such task. Did you mean 'trec'?"),
    (("suite", "smoke", "--set", "data.limit=0"), "data.limit"),
    (("suite", "none.toml"), "suite file 'none.toml' does not exist."),
    (("suite", "smoke", "--workers", "-1"), "--workers"),
    (("tables", "nowhere"), "'nowhere' is not a folder"),
    (("tables", "--published", "tinybert-paper-table8"), "table 'tinybert-paper-table8' does not exist. Did you mean"),
    (("submit",), "there is nothing to submit; give run folders, or TASK=MODEL."),
    (("submit", "cola=x", "--data", "glue"), "there is no model for mnli, mrpc,"),
    (("submit", "colla=x", "--data", "glue"), "there is no task 'colla'. Did you mean 'cola'?"),
    (("submit", "cola=x", "cola=y", "--data", "glue"), "two of the models are for the same task"),
    (("submit", "cola=x", "--placeholders"), "nothing says where the test sets are"),
    (("submit", "x", "--placeholders", "--data", "glue"), "'x' is no run folder, so its task is not known"),
    (("submit", "cola=x", "--check", "glue.zip"), "a check takes no models"),
    (("submit", "--check", "glue.zip"), "'glue.zip' cannot be read as a zip"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda value: " ".join(value)[:40])
def test_a_mistake_gets_one_sentence_and_leaves_nothing_behind(potstill, tmp_path, arguments, message) -> None:
    outcome = potstill(*arguments)
    assert outcome.code == 2
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert "\n" not in outcome.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_test_set_is_refused(potstill, cola_model, tmp_path) -> None:
    glue = write_cola(tmp_path / "glue", rows=10)
    outcome = potstill("submit", f"cola={cola_model}", "--data", glue, "--out", tmp_path / "a.zip", "--placeholders")
    assert outcome.code == 2
    assert "CoLA.tsv: 10 answers, but the server wants 1,063" in outcome.stderr
    (glue / "CoLA" / "test.tsv").unlink()
    outcome = potstill("submit", f"cola={cola_model}", "--data", glue, "--out", tmp_path / "a.zip", "--placeholders")
    assert "has no CoLA/test.tsv; a submission needs every test set" in outcome.stderr
    assert not (tmp_path / "a.zip").exists()


def test_a_run_that_the_server_does_not_know_is_refused(potstill, tmp_path) -> None:
    recipe = potstill("recipes", "explain", "kd", "--json").stdout
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.json").write_text(recipe)
    assert "has no student/ yet" in potstill("submit", "run", "--data", "glue", "--placeholders").stderr
    (tmp_path / "run" / "student").mkdir()
    outcome = potstill("submit", "run", "--data", "glue", "--placeholders")
    assert "is a run on task 'data of its own', which the GLUE server does not know" in outcome.stderr


def test_a_suite_tells_of_bad_data_before_it_begins(potstill, suite_file, world, tmp_path) -> None:
    bad = write_csv(tmp_path / "bad.csv", [("a text", "one label")])
    suite_file.write_text(suite_file.read_text(encoding="utf-8").replace(str(world.reviews), str(bad)))
    outcome = potstill("suite", suite_file, "--workers", 0)
    assert outcome.code == 2
    assert "every label is 'one label'" in outcome.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("command", "new"),
    [
        (("tables", "--published", "seed-glue"), "tinybert-paper"),
        (("tables", "--published", "seed-table4"), "tinybert-paper-table4"),
        (("suite", "seed-size", "--dry-run", "--teacher-base", "minilm"), "tinybert-paper-size"),
    ],
)
def test_an_old_name_works_and_the_new_one_is_told(potstill, command, new):
    outcome = potstill(*command)
    assert outcome.code == 0, outcome.stderr
    old = next(word for word in command if word.startswith("seed-"))
    assert outcome.stderr == f"'{old}' is called '{new}' now\n"
    assert outcome.stdout == potstill(*(new if word == old else word for word in command)).stdout
