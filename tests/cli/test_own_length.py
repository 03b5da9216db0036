"""A model of other origin is given texts as long as it reads, and who is refused for cut texts is told so."""

import json
from pathlib import Path

import pytest
from tiny_world import MARKS, make_encoder, make_reviews, save, train, write_csv

from potstill.hub import describe_model
from potstill.serving import trained_length

LENGTH = 40
FILLER = " ".join(["film"] * 20)


def late(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Reviews whose label shows only behind twenty words."""
    return [(f"{FILLER} {text}", label) for text, label in make_reviews(count, seed=seed)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of late reviews, whose tokenizer says that it reads 40 tokens; its table has 64."""
    rows, names = late(160, seed=0), tuple(MARKS)
    encoder = make_encoder(names)
    train(encoder, [text for text, _ in rows], [names.index(label) for _, label in rows])
    encoder.tokenizer.wrapped.model_max_length = LENGTH
    return save(encoder, tmp_path_factory.mktemp("reader") / "model")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "late"
    folder.mkdir()
    write_csv(folder / "train.csv", late(80, seed=1))
    write_csv(folder / "dev.csv", late(40, seed=2))
    return folder


def test_a_foreign_model_reads_what_its_tokenizer_and_its_table_allow(reader, world, tmp_path):
    assert trained_length(str(reader)) == LENGTH
    assert trained_length(str(world.teacher)) == 64
    unlimited = describe_model(str(world.teacher))
    assert unlimited.tokenizer.max_length is None


def test_a_run_notes_the_length_of_its_teacher_and_keeps_to_it(reader, data, potstill, tmp_path):
    short = ("--set", "stages.distil.steps=1", "--set", "stages.distil.epochs=none")
    outcome = potstill("distill", "kd", "--teacher", reader, "--data", data, "--out", "run", *short)
    assert outcome.code == 0, outcome.stderr
    assert json.loads(Path("run/recipe.json").read_text(encoding="utf-8"))["data"]["max_length"] == LENGTH
    assert trained_length("run") == LENGTH
    outcome = potstill("distill", "kd", "--teacher", "run", "--data", data, "--out", "again", *short)
    if outcome.code == 0:  # the student of one step may have learnt nothing
        assert json.loads(Path("again/recipe.json").read_text(encoding="utf-8"))["data"]["max_length"] == LENGTH


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_what_is_cut_is_what_the_user_says(reader, data, world, potstill, command):
    models = [reader] if command == "evaluate" else [world.teacher, reader]
    whole = potstill(command, *models, "--data", data / "dev.csv")
    cut = potstill(command, *models, "--data", data / "dev.csv", "--set", "data.max_length=12")
    assert (whole.code, cut.code) == (0, 0), whole.stderr + cut.stderr
    assert "are cut" not in whole.stderr
    assert "40 of 40 texts are cut at 12 tokens (data.max_length)" in cut.stderr


def test_a_teacher_that_seems_untrained_is_told_that_its_texts_were_cut(reader, data, potstill):
    outcome = potstill("distill", "--teacher", reader, "--data", data, "--out", "run", "--set", "data.max_length=12")
    assert outcome.code == 2
    told = " ".join(outcome.stderr.split())
    assert "40 of them are cut at 12 tokens: set data.max_length if their labels show further on." in told
