"""Labels that data and model write in two ways, at every door where both meet."""

import json
from pathlib import Path

import pytest
from tiny_world import make_reviews, write_csv

QUICK = ("--set", "stages.0.epochs=1", "--set", "stages.0.evaluations_per_epoch=1")
NO_TAGS = ("--copies", 1, "--set", "augmentation.method.replace_probability=0")
DOORS = ("distill", "evaluate", "compare", "augment")


def enter(door: str, world, data: Path, folder: Path, *more: object) -> tuple[object, ...]:
    folder.mkdir(exist_ok=True)
    given = ("--data", data, *more)
    return {
        "distill": ("distill", "kd", "--teacher", world.teacher, *given, *QUICK, "--out", folder / "run"),
        "evaluate": ("evaluate", world.teacher, *given),
        "compare": ("compare", world.teacher, world.teacher, *given),
        "augment": ("augment", *given, *NO_TAGS, "--teacher", world.teacher, "--out", folder / "new.jsonl"),
    }[door]


def rows_with(names: dict[str, str]) -> list[tuple[str, str]]:
    return [(text, names[label]) for text, label in make_reviews(120, seed=7)]


@pytest.mark.parametrize("door", DOORS)
def test_indices_and_told_names_are_understood_and_words_are_never_guessed(door, world, potstill, tmp_path):
    indices = write_csv(tmp_path / "indices.csv", rows_with({"negative": "0", "positive": "1"}))
    outcome = potstill(*enter(door, world, indices, tmp_path / "a"))
    assert outcome.code == 0, outcome.stderr
    assert "labels are taken as the model's indices (0 = negative, 1 = positive)" in " ".join(outcome.stderr.split())
    words = write_csv(tmp_path / "words.csv", rows_with({"negative": "minus", "positive": "plus"}))
    outcome = potstill(*enter(door, world, words, tmp_path / "b"))
    assert outcome.code == 2
    for word in ("negative", "positive", "minus", "plus", "--labels"):
        assert word in outcome.stderr
    assert potstill(*enter(door, world, words, tmp_path / "b", "--labels", "minus,plus")).code == 0


def test_told_names_decide_which_label_is_right(world, potstill, tmp_path):
    words = write_csv(tmp_path / "words.csv", rows_with({"negative": "minus", "positive": "plus"}))
    scores = []
    for order in ("minus,plus", "plus,minus"):
        outcome = potstill("evaluate", world.teacher, "--data", words, "--labels", order, "--json")
        scores.append(json.loads(outcome.stdout)["models"][0]["metrics"]["accuracy"])
    assert scores[0] > 0.9
    assert scores[0] + scores[1] == pytest.approx(1)


def test_a_student_learns_all_labels_of_its_teacher_from_data_that_shows_some(world, potstill, tmp_path):
    names = {"negative": "bad", "positive": "good"}
    three = [*rows_with(names), *(("the film is a film", "none") for _ in range(40))]
    teacher = tmp_path / "teacher"
    outcome = potstill(
        *("finetune", world.base, "--data", write_csv(tmp_path / "three.csv", three), "--out", teacher, *QUICK),
        *("--set", "stages.0.epochs=12", "--set", "stages.0.optimizer.learning_rate=5e-3"),
    )
    assert outcome.code == 0, outcome.stderr
    two = write_csv(tmp_path / "two.csv", rows_with(names))
    outcome = potstill("distill", "kd", "--teacher", teacher, "--data", two, *QUICK, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.stderr
    assert "1 of the model's 3 labels do not occur (none)" in " ".join(outcome.stderr.split())
    labels = json.loads((tmp_path / "run" / "student" / "config.json").read_text())["id2label"]
    assert sorted(labels.values()) == ["bad", "good", "none"]
    told = json.loads(potstill("predict", tmp_path / "run", "a good film").stdout)
    assert set(told["probabilities"]) == {"bad", "good", "none"}
