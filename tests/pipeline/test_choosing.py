"""Which examples choose the weights of a run, and which are only measured on."""

import json
from pathlib import Path

import pytest

from potstill import distill, evaluate, finetune, load
from potstill.data import DataConfig, load_task_data
from potstill.errors import RecipeError
from potstill.pipeline import Run
from potstill.recipe import load_recipe

SHORT = ["precision=fp32", "stages.0.epochs=2", "stages.0.optimizer.learning_rate=3e-3", "data.select_on=train"]


def split_reviews(reviews: Path, data: Path) -> Path:
    """Write a folder with train, dev and test."""
    lines = reviews.read_text(encoding="utf-8").splitlines()
    data.mkdir()
    for name, rows in (("train", lines[1:161]), ("dev", lines[161:201]), ("test", lines[201:])):
        (data / f"{name}.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    return data


@pytest.fixture
def folder(reviews: Path, tmp_path: Path) -> Path:
    return split_reviews(reviews, tmp_path / "data")


def learn(base: Path, data: Path, out: Path, *overrides: str) -> Run:
    return finetune(str(base), data=str(data), text="review", label="stars", out=out, overrides=[*SHORT, *overrides])


def swap_labels(path: Path) -> None:
    swapped = {"good": "bad", "bad": "good"}
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    path.write_text(
        "\n".join([header, *(f"{text},{swapped[label]},{score}" for text, label, score in cells)]) + "\n",
        encoding="utf-8",
    )


def test_a_part_of_train_chooses_the_weights_and_dev_does_not(base: Path, folder: Path, tmp_path: Path) -> None:
    first = learn(base, folder, tmp_path / "first")
    swap_labels(folder / "dev.csv")
    other = learn(base, folder, tmp_path / "other")
    assert (first.student / "model.safetensors").read_bytes() == (other.student / "model.safetensors").read_bytes()
    assert first.results.models[0].score == pytest.approx(1 - other.results.models[0].score)
    data = load_task_data(DataConfig(path=str(folder), text="review", label="stars", select_on="train"))
    events = [json.loads(line) for line in (first.folder / "events.jsonl").read_text().splitlines()]
    scores = [event["accuracy"] for event in events if event["event"] == "evaluation"]
    assert all(round(score * len(data.choosing), 6).is_integer() for score in scores)
    assert first.results.chosen_on == "train"
    assert "the weights were chosen on a part of train" in (first.student / "README.md").read_text(encoding="utf-8")
    environment = json.loads((first.folder / "environment.json").read_text())
    assert environment["num_train_examples"] == len(data.train) == 144


@pytest.fixture(scope="module")
def tested_run(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A student with two controls, on data with train, dev and a labelled test."""
    folder = split_reviews(reviews, tmp_path_factory.mktemp("tested") / "data")
    return distill(
        "kd",
        teacher=str(teacher),
        data=str(folder),
        text="review",
        label="stars",
        out=folder.parent / "run",
        overrides=SHORT[:-1],
        baselines=["hard-labels", "random-start"],
    )


def test_a_labelled_test_set_is_measured_for_every_model(tested_run: Run) -> None:
    results = tested_run.results
    test = results.test
    assert test is not None
    assert (test.split, test.num_examples, results.num_examples) == ("test", 40, 40)
    assert [model.role for model in test.models] == [model.role for model in results.models]
    assert [item.other for item in test.comparisons] == ["teacher", "student_hard_labels", "student_random_start"]
    (between,) = test.between_controls
    assert (between.model, between.other) == ("student_hard_labels", "student_random_start")
    data = load_task_data(load_recipe(str(tested_run.folder / "recipe.json")).data)
    for role, place in (("student", tested_run.student), ("student_hard_labels", tested_run.folder / "hard-labels")):
        assert data.test is not None
        logits = load(place).logits(data.test)
        found = test.find(role)
        assert found is not None
        assert found.metrics == data.task.answer.measure(data.task.metrics, logits, data.test.labels)
    student, teacher = test.find("student"), test.find("teacher")
    assert student is not None
    assert student.fidelity is not None
    assert teacher is not None
    assert test.comparisons[0].difference == pytest.approx(student.score - teacher.score)


def test_everything_that_shows_figures_says_what_chose_and_what_to_quote(tested_run: Run) -> None:
    assert tested_run.results.chosen_on == "dev"
    said = "dev also chose the weights, so its figures are a little too good; quote those on test, which chose nothing"
    card = (tested_run.student / "README.md").read_text(encoding="utf-8")
    page = (tested_run.folder / "report.html").read_text(encoding="utf-8")
    assert said in card
    assert said.removeprefix("dev") in page
    for text in (card, page):
        assert "accuracy, test" in text
        assert "accuracy, dev (chosen on)" in text
        assert "on test" in text
        assert "Its start is worth" in text
    assert card.index('"split": "test"') < card.index('"split": "dev"')


def test_the_weights_that_a_stage_left_are_told(tested_run: Run) -> None:
    student = tested_run.results.find("student")
    assert student is not None
    (chosen,) = student.chosen
    events = [json.loads(line) for line in (tested_run.folder / "events.jsonl").read_text("utf-8").splitlines()]
    scored = {event["step"]: event["accuracy"] for event in events if event["event"] == "evaluation"}
    assert (chosen.score, chosen.highest, chosen.last) == (
        scored[chosen.step],
        max(scored.values()),
        scored[chosen.num_steps],
    )
    assert (chosen.num_scorings, chosen.stage) == (len(scored), "distil")
    assert f"the weights of step {chosen.step} of {chosen.num_steps} (epoch" in (
        tested_run.folder / "report.html"
    ).read_text(encoding="utf-8")


def test_a_run_that_is_evaluated_again_says_the_same(tested_run: Run) -> None:
    again, before = evaluate(tested_run.folder), tested_run.results
    assert again.chosen_on == "dev"
    assert before.test is not None
    assert again.test is not None
    student = before.test.find("student")
    assert student is not None
    assert again.test.models[0].metrics == pytest.approx(student.metrics)


def test_nothing_is_held_out_for_a_recipe_that_chooses_nothing() -> None:
    with pytest.raises(RecipeError, match=r"data.select_on: no stage chooses its weights"):
        load_recipe("kd", overrides=["data.select_on=train", "stages.0.select=last"])
