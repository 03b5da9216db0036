"""A back-end is one file and one line: every command tells its own figures under its name."""

import csv
import json
from pathlib import Path

import pytest
from slow_backend import SECONDS, SLOW
from tiny_world import MARKS

from potstill import engines

LAST = list(MARKS)[-1]


@pytest.fixture(autouse=True)
def with_slow(monkeypatch):
    monkeypatch.setattr(engines, "BACKENDS", (*engines.BACKENDS, SLOW))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")  # for the process that a bench starts


def test_it_predicts(potstill, world):
    outcome = potstill("predict", world.teacher, "bad dull film", "a great film", "--backend", "slow")
    assert outcome.code == 0, outcome.stderr
    assert [json.loads(line)["label"] for line in outcome.stdout.splitlines()] == [LAST, LAST]


def test_it_is_compared(potstill, world):
    backends = ("--backend", "sdpa", "--backend", "slow")
    outcome = potstill("compare", world.teacher, world.teacher, "--data", world.reviews, *backends, "--json")
    assert outcome.code == 0, outcome.stderr
    first, second = json.loads(outcome.stdout)["models"]
    with (world.reviews / "dev.csv").open(encoding="utf-8", newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    assert (first["backend"], second["backend"], second["size_bytes"]) == ("sdpa", "slow", 1234)
    assert second["metrics"]["accuracy"] == labels.count(LAST) / len(labels) < first["metrics"]["accuracy"]
    assert second["latency"]["p50"] >= 1000 * SECONDS > first["latency"]["p50"]
    assert second["num_parameters"] == first["num_parameters"]


@pytest.mark.slow
def test_it_is_benched_with_a_process_of_its_own(potstill, world):
    quick = ("--texts", 1, "--repeats", 1, "--warmup", 0, "--json")
    outcome = potstill("bench", world.teacher, "--shape", "1x24", "--backend", "slow", *quick)
    assert outcome.code == 0, outcome.stderr
    for entry in json.loads(outcome.stdout)["entries"]:
        assert (entry["backend"], entry["size_bytes"]) == ("slow", 1234)
        assert entry["latency"]["p50"] >= 1000 * SECONDS
        assert entry["probe"]["peak_bytes"] > 50e6
    assert json.loads(outcome.stdout)["entries"][0]["probe"]["cold_start_seconds"] >= SECONDS


def test_a_name_that_nobody_has_is_refused_with_those_there_are(potstill, world):
    outcome = potstill("predict", world.teacher, "a film", "--backend", "slwo")
    assert outcome.code == 2
    assert "no such back-end" in outcome.stderr
    assert "slow" in outcome.stderr
