"""A text without a word: refused with its row where it is labelled, else answered with nothing, counted and told."""

import csv
import gzip
import io
import json
import sys

import numpy as np
import pytest
from tiny_world import make_encoder, make_reviews, save, write_csv

import potstill as library
from potstill.errors import DataError

TEXTS = ["the film is good", "", "a dull plot", "  ", "great"]
EMPTY = (1, 3)


def files(folder):
    """The same texts at every door of `predict` that is a file."""
    lines = "".join(f"{text}\n" for text in TEXTS)
    (folder / "new.txt").write_text(lines, encoding="utf-8")
    (folder / "new.txt.gz").write_bytes(gzip.compress(lines.encode()))
    rows = [{"ticket": number, "text": text or None} for number, text in enumerate(TEXTS)]
    (folder / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    write_csv(folder / "new.csv", list(enumerate(TEXTS)), ("ticket", "text"))
    return [folder / f"new.{ending}" for ending in ("txt", "txt.gz", "jsonl", "csv")]


def assert_aligned(answers, stderr):
    assert [answer["label"] is None for answer in answers] == [place in EMPTY for place in range(len(TEXTS))]
    assert [answer["label"] for answer in answers if answer["label"]] == ["positive", "negative", "positive"]
    assert all(answers[place] == {"label": None, "probabilities": {}} for place in EMPTY)
    assert "of 5 texts: 2 without a word, answered with null (rows 2, 4)" in " ".join(stderr.split())


def test_a_prediction_of_nothing_is_null_at_every_door(world, potstill, tmp_path, monkeypatch):
    for path in files(tmp_path):
        outcome = potstill("predict", world.teacher, "--data", path)
        assert_aligned([json.loads(line) for line in outcome.stdout.splitlines()], outcome.stderr)
    outcome = potstill("predict", world.teacher, *TEXTS)
    assert_aligned([json.loads(line) for line in outcome.stdout.splitlines()], outcome.stderr)
    stdin = io.BytesIO("".join(f"{text}\n" for text in TEXTS).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin, encoding="utf-8"))
    outcome = potstill("predict", world.teacher, "--chunk", 2)
    assert_aligned([json.loads(line) for line in outcome.stdout.splitlines()], outcome.stderr)
    found = list(library.predict(world.teacher, [text or None for text in TEXTS]))
    assert [place for place, each in enumerate(found) if each.label is None] == list(EMPTY)
    assert [each.to_json() for each in library.load(world.teacher)(["", None])] == [
        {"label": None, "probabilities": {}}
    ] * 2


def test_a_table_of_predictions_has_empty_cells_for_nothing(world, potstill, tmp_path):
    out = tmp_path / "answers.csv"
    assert potstill("predict", world.teacher, "--data", files(tmp_path)[-1], "--out", out).code == 0
    header, *rows = csv.reader(io.StringIO(out.read_text(encoding="utf-8")))
    assert header == ["label", "probability_negative", "probability_positive"]
    assert [place for place, row in enumerate(rows) if row == ["", "", ""]] == list(EMPTY)
    assert len(rows) == len(TEXTS)


def test_half_of_a_pair_is_nothing_and_a_score_of_nothing_is_null(tmp_path):
    classify = library.load(save(make_encoder(("a", "b")), tmp_path / "classes"))
    found = classify(["film", "", "film"], ["plot", "plot", None])
    assert [each.label is None for each in found] == [False, True, True]
    score = library.load(save(make_encoder(()), tmp_path / "score"))
    assert [each.to_json() for each in score([" "])] == [{"score": None}]
    assert np.isfinite(score(["film", ""])[0].score)


def test_what_is_no_text_is_refused_with_its_place(world):
    with pytest.raises(DataError, match="text 2 is 5, which is not a text"):
        library.load(world.teacher)(iter(["film", 5]))  # the checks of types at run time do not look inside


def test_texts_that_are_cut_are_counted(world, potstill):
    outcome = potstill("predict", world.teacher, "good " * 40, "the film", "--max-length", 16)
    assert "of 2 texts: 1 cut at the longest length (--max-length)" in " ".join(outcome.stderr.split())


@pytest.mark.parametrize("door", ["distill", "evaluate", "compare", "augment"])
def test_labelled_data_with_empty_texts_is_refused_with_count_and_rows(door, world, potstill, tmp_path):
    rows = make_reviews(30, seed=2)
    for place in (4, 9):
        rows[place] = (" ", rows[place][1])
    given = ("--data", write_csv(tmp_path / "own.csv", rows))
    outcome = potstill(
        *{
            "distill": ("distill", "kd", "--teacher", world.teacher, *given, "--out", tmp_path / "run"),
            "evaluate": ("evaluate", world.teacher, *given),
            "compare": ("compare", world.teacher, world.teacher, *given),
            "augment": ("augment", *given, "--copies", 1, "--out", tmp_path / "new.jsonl"),
        }[door]
    )
    assert outcome.code == 2
    assert "own.csv, column 'text': 2 rows have an empty text (rows 5, 10); mend or remove them." in outcome.stderr


def test_a_run_remembers_its_columns_labels_and_kind(world, potstill, tmp_path):
    names = {"negative": "0", "positive": "1"}
    header = ("review", "stars", "text", "label")
    rows = [(text, names[label], "nothing", "x") for text, label in make_reviews(160, seed=3)]
    data, run = write_csv(tmp_path / "own.csv", rows, header), tmp_path / "run"
    outcome = potstill(
        *("finetune", world.base, "--data", data, "--text", "review", "--label", "stars", "--labels", "bad,good"),
        *("--out", run, "--set", "stages.0.epochs=12", "--set", "stages.0.optimizer.learning_rate=5e-3"),
    )
    assert outcome.code == 0, outcome.stderr
    test = write_csv(tmp_path / "test.csv", rows[:40], header)
    outcome = potstill("evaluate", run, "--data", test, "--json")
    assert outcome.code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["models"][0]["metrics"]["accuracy"] > 0.9
    outcome = potstill("predict", run, "--data", test)
    answers = [json.loads(line)["label"] for line in outcome.stdout.splitlines()]
    assert sum(answer == ("bad", "good")[int(row[1])] for answer, row in zip(answers, rows[:40], strict=True)) > 36
    assert "review" not in potstill("predict", run, "--data", test, "--text", "text", "--with-text").stdout
    plain = write_csv(tmp_path / "plain.csv", [(row[0], ("bad", "good")[int(row[1])]) for row in rows[:40]])
    outcome = potstill("evaluate", run, "--data", plain)
    assert outcome.code == 2
    assert "data.text (--text): " in outcome.stderr
    outcome = potstill("evaluate", run, "--data", plain, "--text", "text", "--label", "label")
    assert outcome.code == 0, outcome.stderr
