"""A tagger's answers in a file are found by the text, and fit its words however both sides cut them."""

import json
from pathlib import Path

import numpy as np
import pytest

from potstill.answers import Tags, join_words
from potstill.answers.words import find_words
from potstill.data import AnswerTable, DataConfig, Split, Task, load_answers
from potstill.errors import DataError

NAMES = ("O", "B-LOC", "I-LOC")
TASK = Task(name="tags", answer=Tags(label_names=NAMES), is_pair=False, metrics=("entity_f1",))
SAID = {"text": "In the U.S.  today", "spans": [[7, 11, "LOC"]]}


def load(path: Path, *rows: dict) -> AnswerTable:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return load_answers(str(path), DataConfig(path="x.conll"), TASK)


def labels(table: AnswerTable, split: Split) -> list[str]:
    rows = table.answer(split)
    return None if rows is None else [NAMES[label] for label in rows.argmax(axis=1)]


def given_words(*words: str) -> Split:
    texts, spans = join_words([words])
    return Split(texts=texts, words=spans)


def test_words_of_the_data_get_what_is_said_of_their_characters(tmp_path):
    table = load(tmp_path / "a.jsonl", SAID, {"text": "nothing said", "spans": None})
    found = Split(texts=["in the u.s. today"], words=find_words(["in the u.s. today"]))
    assert labels(table, found) == ["O", "O", "B-LOC", "I-LOC", "I-LOC", "I-LOC", "O"]
    assert labels(table, given_words("In", "the", "U.S.", "today")) == ["O", "O", "B-LOC", "O"]
    assert labels(table, given_words("In", "the", "U.", "S.", "today")) is None  # another text
    assert table.find(Split(texts=["nothing said"], words=find_words(["nothing said"]))).tolist() == [-1]


def test_words_that_the_file_gives_are_cut_as_those_of_the_data(tmp_path):
    table = load(tmp_path / "a.jsonl", {"tokens": ["the", "U.S."], "tags": ["O", "B-LOC"]}, {"tokens": ["hi"]})
    assert labels(table, given_words("the", "U.S.")) == ["O", "B-LOC"]
    plain = Split(texts=["the U.S."], words=find_words(["the U.S."]))
    assert labels(table, plain) == ["O", "B-LOC", "I-LOC", "I-LOC", "I-LOC"]


def test_columns_of_conll_files_and_numbers_of_words_teach_too(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("the\tO\nU.S.\tS-LOC\n\nhi\tO\n", encoding="utf-8")
    table = load_answers(str(path), DataConfig(path="x.conll"), TASK)
    assert labels(table, given_words("the", "U.S.")) == ["O", "B-LOC"]
    shares = [[0.1, 0.7, 0.2], [0.2, 0.2, 0.6]]
    table = load(tmp_path / "b.jsonl", {"tokens": ["New", "York"], "probabilities": shares}, {"tokens": ["hi"]})
    np.testing.assert_allclose(np.exp(table.answer(given_words("New", "York"))), shares, rtol=1e-6)


def test_two_answers_and_other_characters_are_refused(tmp_path):
    with pytest.raises(DataError, match="rows 1 and 2 have the same text and other answers"):
        load(tmp_path / "a.jsonl", SAID, SAID | {"spans": []})
    assert len(load(tmp_path / "b.jsonl", SAID, SAID).words) == 2
    table = load(tmp_path / "c.jsonl", {"text": "cafe\u0301 bar", "spans": []})
    with pytest.raises(DataError, match="in other characters"):
        table.answer(Split(texts=["caf\u00e9 bar"], words=find_words(["caf\u00e9 bar"])))
    with pytest.raises(DataError, match="name one of its columns .* spans, entities"):
        load(tmp_path / "d.jsonl", {"text": "hello", "said": []})
