"""Whatever reads examples says first, in one line, what it read, what it did not, and how many texts it cuts."""

import shutil

import pytest
from tiny_world import make_reviews, write_csv

QUICK = ("--set", "stages.0.epochs=1", "--set", "stages.0.evaluations_per_epoch=1")


@pytest.mark.parametrize("door", ["distill", "evaluate", "compare", "augment"])
def test_one_line_says_what_was_read_ignored_cut_and_split_off(door, world, potstill, tmp_path):
    folder = tmp_path / "own"
    shutil.copytree(world.reviews, folder)
    (folder / "dev.csv").rename(folder / "Valid.csv")
    write_csv(folder / "more.csv", make_reviews(10, seed=4))
    given = ("--data", folder, "--set", "data.max_length=8")
    outcome = potstill(
        *{
            "distill": ("distill", "kd", "--teacher", world.teacher, *given, *QUICK, "--out", tmp_path / "run"),
            "evaluate": ("evaluate", world.teacher, *given),
            "compare": ("compare", world.teacher, world.teacher, *given),
            "augment": ("augment", *given, "--copies", 1, "--out", tmp_path / "new.jsonl")
            + ("--set", "augmentation.method.replace_probability=0"),
        }[door]
    )
    assert outcome.code == 0, outcome.stderr
    told = " ".join(outcome.stderr.split())
    assert told.startswith("data: train: train.csv (160 rows), dev: Valid.csv (60 rows); not read: more.csv; labels: ")
    assert ("texts are cut at 8 tokens (data.max_length)" in told) == (door != "augment")


def test_a_part_of_train_that_is_split_off_is_said(world, potstill, tmp_path):
    file = write_csv(tmp_path / "own.csv", make_reviews(100, seed=4))
    outcome = potstill("distill", "kd", "--teacher", world.teacher, "--data", file, "--out", tmp_path / "run", *QUICK)
    told = " ".join(outcome.stderr.split())
    assert told.startswith("data: own.csv (100 rows); labels: negative, positive; 10 of 100 examples split off as dev ")
