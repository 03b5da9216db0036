"""Which examples choose the weights of a run, and which are only measured on."""

import json
from pathlib import Path

import pytest

from potstill import finetune
from potstill.data import DataConfig, load_task_data
from potstill.errors import RecipeError
from potstill.pipeline import Run
from potstill.recipe import load_recipe

SHORT = ["precision=fp32", "stages.0.epochs=2", "stages.0.optimizer.learning_rate=3e-3", "data.select_on=train"]


@pytest.fixture
def folder(reviews: Path, tmp_path: Path) -> Path:
    """A folder with train, dev and test."""
    lines = reviews.read_text(encoding="utf-8").splitlines()
    data = tmp_path / "data"
    data.mkdir()
    for name, rows in (("train", lines[1:161]), ("dev", lines[161:201]), ("test", lines[201:])):
        (data / f"{name}.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    return data


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
    environment = json.loads((first.folder / "environment.json").read_text())
    assert environment["num_train_examples"] == len(data.train) == 144


def test_nothing_is_held_out_for_a_recipe_that_chooses_nothing() -> None:
    with pytest.raises(RecipeError, match=r"data.select_on: no stage chooses its weights"):
        load_recipe("kd", overrides=["data.select_on=train", "stages.0.select=last"])
