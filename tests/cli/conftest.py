"""Saved tiny models and small data files, and a way to run a command in this process."""

import dataclasses
from pathlib import Path

import pytest
from tiny_world import MARKS, make_encoder, make_reviews, save, train, write_csv

from potstill.cli import run


@dataclasses.dataclass(frozen=True)
class World:
    """What commands are tried on.

    Attributes:
        teacher: A classifier of reviews that is nearly always right.
        base: An encoder without a head.
        reviews: A folder with train.csv and dev.csv.
    """

    teacher: Path
    base: Path
    reviews: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    root = tmp_path_factory.mktemp("world")
    reviews = root / "reviews"
    reviews.mkdir()
    rows = make_reviews(160, seed=0)
    write_csv(reviews / "train.csv", rows)
    write_csv(reviews / "dev.csv", make_reviews(60, seed=1))
    names = tuple(MARKS)
    teacher = train(make_encoder(names), [text for text, _ in rows], [names.index(label) for _, label in rows])
    base = make_encoder(names)
    folder = root / "base"
    folder.mkdir()
    base.model.base_model.save_pretrained(folder)
    base.tokenizer.wrapped.save_pretrained(folder)
    return World(teacher=save(teacher, root / "teacher"), base=folder, reviews=reviews)


@dataclasses.dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def potstill(capsys, monkeypatch, request, tmp_path):
    """Run a command in an empty folder; the arguments may be paths. What it told stands under a failed test."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        request.node.add_report_section("call", "told", printed.err)
        return Outcome(code, printed.out, printed.err)

    return call
