"""The commands `compare` and `push`, and trimming from the command line."""

import json
import shutil

import numpy as np
import pytest
from tiny_world import MARKS, make_encoder, save

from potstill.answers import measure_trust
from potstill.serving.compare import cost_per_million


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    return save(make_encoder(tuple(reversed(MARKS))), tmp_path_factory.mktemp("untrained") / "model")


def test_models_stand_side_by_side(potstill, world, untrained):
    arguments = ("--data", world.reviews, "--price", 3.6, "--json")
    outcome = potstill("compare", world.teacher, untrained, *arguments)
    assert outcome.code == 0, outcome.stderr
    report = json.loads(outcome.stdout)
    teacher, other = report["models"]
    assert (teacher["name"], other["name"]) == ("teacher", "model")
    difference = other["metrics"]["accuracy"] - teacher["metrics"]["accuracy"]
    assert report["differences"] == [pytest.approx(difference)]
    low, high = report["intervals"][0]
    assert low <= difference <= high < 0
    assert 0 <= report["fidelity"][0]["agreement"] < 1
    for model in report["models"]:
        assert model["cost_per_million"] == pytest.approx(1000 / model["rate"]["median"])


def test_a_model_agrees_with_itself(potstill, world):
    arguments = ("--data", world.reviews, "--backend", "sdpa", "--price", 3.6)
    outcome = potstill("compare", world.teacher, world.teacher, *arguments)
    assert outcome.code == 0, outcome.stderr
    assert "(1)" in outcome.stdout
    assert "(2)" in outcome.stdout
    for words in ("arithmetic", "fp32", "price of a million sentences", "1 CPU thread, models in turns"):
        assert words in outcome.stdout
    assert "100.0 %" in outcome.stdout
    assert "+0.0 [+0.0, +0.0] accuracy" in outcome.stdout


def test_a_student_that_can_be_trusted_says_what_it_saves(potstill, world, tmp_path):
    student = shutil.copytree(world.teacher, tmp_path / "student")
    confidence, agrees = np.linspace(0.5, 1.0, 1000), np.arange(1000) > 200
    measure_trust(confidence, agrees, reference="teacher", split="test").write(student / "trust.json")
    arguments = ("--data", world.reviews, "--price", 3.6)
    outcome = potstill("compare", world.teacher, student, *arguments, "--json")
    assert outcome.code == 0, outcome.stderr
    first, other = json.loads(outcome.stdout)["models"]
    assert first["answered"] is None
    assert other["target"] == 0.99
    left = 1 - other["answered"]
    assert other["cost_with_first"] == pytest.approx(other["cost_per_million"] + left * first["cost_per_million"])
    told = " ".join(potstill("compare", world.teacher, student, *arguments).stdout.split())
    assert "% of the texts itself where 99 % of its answers are to be its teacher's; with the rest left to" in told


def test_a_faster_machine_costs_less():
    assert cost_per_million(3600.0, 1_000_000.0) == 1.0
    assert cost_per_million(1.0, 200.0) == cost_per_million(1.0, 100.0) / 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "needs two or more"),
        (("{teacher}", "--backend", "sdpa", "--backend", "eager", "--backend", "sdpa"), "3 are given for 2 models"),
        (("{teacher}", "--price", -1), "greater than or equal to 0"),
        (("no/such/folder",), "does not exist"),
    ],
)
def test_what_cannot_be_compared_is_refused(potstill, world, arguments, sentence):
    filled = [str(argument).format(teacher=world.teacher) for argument in arguments]
    outcome = potstill("compare", world.teacher, *filled, "--data", world.reviews)
    assert outcome.code == 2
    assert sentence in outcome.stderr


def test_a_dry_run_uploads_nothing(potstill, world, tmp_path):
    (world.teacher / "README.md").write_text("# Model\n")
    outcome = potstill("push", world.teacher, "owner/name", "--dry-run")
    assert outcome.code == 0, outcome.stderr
    assert "model.safetensors" in outcome.stdout
    assert "nothing was uploaded" in outcome.stdout


def test_trimming_needs_a_folder_of_its_own(potstill, world, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the film is great\n")
    outcome = potstill("export", world.teacher, "--data", world.reviews, "--trim-to", corpus)
    assert outcome.code == 2
    assert "say with --out where to put it" in outcome.stderr


def test_trimming_that_loses_too_much_is_refused(potstill, world, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the film is\n")
    arguments = ("--data", world.reviews, "--trim-to", corpus, "--out", tmp_path / "out")
    outcome = potstill("export", world.teacher, *arguments)
    assert outcome.code == 2
    assert "with the 8 tokens of the corpus the model loses" in outcome.stderr
    assert not (tmp_path / "out").exists()
