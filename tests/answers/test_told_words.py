"""What somebody says about words is read as logits, in any scheme and form, and fits words that are cut otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import Tags, ToldAnswers, join_words, recut_rows
from potstill.answers.entities import Entities, Spelling
from potstill.answers.words import find_words
from potstill.errors import DataError

BIO = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
BIOES = ("O", *(f"{letter}-{kind}" for kind in ("LOC", "PER") for letter in "BIES"))
WORDS = ["Ann", "Lee", "saw", "Oslo"]
WANTED = ["B-PER", "I-PER", "O", "B-LOC"]


def read(cell, *, form="label", names=BIO, words=WORDS):
    texts, spans = (["Ann Lee saw Oslo"], find_words(["Ann Lee saw Oslo"])) if words is None else join_words([words])
    told = ToldAnswers(form=form, cells=[cell], place="answers.jsonl", texts=texts, words=spans, rows=[7])
    return Tags(label_names=names).read_answers(told)


@pytest.mark.parametrize(
    "cell",
    [
        WANTED,
        ["B-PER", "E-PER", "O", "S-LOC"],
        ["PER", "PER", "O", "LOC"],
        ["b-per".upper(), "I-PER", "O", "U-loc"],
        [{"start": 0, "end": 7, "label": "PER", "score": 0.7}, {"start": 12, "end": 16, "entity_group": "LOC"}],
        '[[0, 7, "PER"], [12, 16, "loc"]]',
    ],
)
@pytest.mark.parametrize("words", [WORDS, None])
def test_entities_in_any_scheme_are_written_in_that_of_the_task(cell, words):
    rows = read(cell, words=words)
    assert [BIO[label] for label in rows.argmax(axis=1)] == WANTED
    np.testing.assert_allclose(np.exp(rows).max(axis=1), 1.0)
    own = read(cell, words=words, names=BIOES).argmax(axis=1)
    assert [BIOES[label] for label in own] == ["B-PER", "E-PER", "O", "S-LOC"]


def test_numbers_of_each_word_are_read_as_those_of_a_text():
    shares = [[0.2, 0.1, 0.3, 0.3, 0.1]] * 4
    np.testing.assert_allclose(np.exp(read(shares, form="probabilities")), shares, rtol=1e-6)
    some = [{"O": 0.5, "B-PER": 0.25}, *[{"O": 1.0}] * 3]
    rows = read(some, form="probabilities")
    assert np.isnan(rows).sum(axis=1).tolist() == [3, 4, 4, 4]


def test_texts_without_an_answer_and_without_entities_are_two_things():
    texts, words = join_words([["the", "sea"], ["Ann"], ["hi"]])
    told = ToldAnswers(form="label", cells=[[], None, []], place="a", texts=texts, words=words)
    rows = Tags(label_names=BIO).read_answers(told)
    assert np.isnan(rows).all(axis=1).tolist() == [False, False, True, False]
    assert rows[[0, 1, 3]].argmax(axis=1).tolist() == [0, 0, 0]


def test_parts_of_speech_are_taken_by_name():
    rows = read(["nn", "NN", "VB", "NN"], names=("NN", "VB"))
    assert rows.argmax(axis=1).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("cell", "form", "names", "said"),
    [
        (["O", "O"], "label", BIO, "row 7 has 2 labels for 4 words"),
        ([[0, 3, "DATE"]], "label", BIO, "row 7 has a word with the label 'DATE', which the task does not have"),
        ([[0, 99, "PER"]], "label", BIO, "row 7 has the span 0-99"),
        (["B-PER", "PER", "O", "O"], "label", BIO, "some labels say where an entity begins and some do not"),
        (["PER", "PER", "O", "O"], "label", ("B-PER", "O"), "row 7 has an entity that the labels"),
        ("PER", "label", BIO, "is no list"),
        ([{"O": 1.0}], "probabilities", BIO, "row 7 has .* a list of 1 for 4 words"),
        ({"O": 1.0}, "probabilities", BIO, "which is no list with an entry for each word"),
        ([{"O": 1.0}, None, {"O": 1.0}, {"O": 1.0}], "probabilities", BIO, "row 7 has"),
        ([{"X": 1.0}] * 4, "probabilities", BIO, "with the label 'X', which the task does not have"),
        ([{"O": 0.2, "B-PER": 0.9}] * 4, "probabilities", BIO, "add up to"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_row(cell, form, names, said):
    with pytest.raises(DataError, match=said):
        read(cell, form=form, names=names)


@st.composite
def entities(draw):
    """A scheme, words of some letters, and entities over them."""
    names, lengths = draw(st.sampled_from([BIO, BIOES])), draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    kinds = draw(st.lists(st.sampled_from(["", "LOC", "PER", "+"]), min_size=len(lengths), max_size=len(lengths)))
    found = []
    for row, kind in enumerate(kinds):
        if kind == "+" and found and found[-1][1] == row - 1:
            found[-1][1] = row
        elif kind in ("LOC", "PER"):
            found.append([row, row, ("LOC", "PER").index(kind)])
    return names, lengths, found


@given(entities())
def test_entities_are_spelt_and_found_again_also_where_words_are_cut_into_letters(case):
    names, lengths, found = case
    first, last, types = np.array(found, dtype=np.int64).reshape(-1, 3).T
    spelling, wanted = Spelling(names), Entities(first=first, last=last, types=types)
    labels = spelling.spell(wanted, number=len(lengths))
    again = spelling.find(labels, np.array([0, len(lengths)]))
    assert (again.first.tolist(), again.last.tolist(), again.types.tolist()) == (
        wanted.first.tolist(), wanted.last.tolist(), wanted.types.tolist(),
    )  # fmt: skip
    owners, ends = np.repeat(np.arange(len(lengths)), lengths), np.cumsum(lengths)
    starts = ends - lengths
    letters = np.arange(ends[-1])
    rows = np.eye(len(spelling.label_names), dtype=np.float32)[labels[owners]] * 30
    is_start, is_end = letters == starts[owners], letters + 1 == ends[owners]
    cut, _ = recut_rows(rows, None, spelling.label_names, is_start=is_start, is_end=is_end)
    again = spelling.find(cut.argmax(axis=1), np.array([0, len(letters)]))
    assert again.first.tolist() == starts[wanted.first].tolist()
    assert again.last.tolist() == (ends[wanted.last] - 1).tolist()
    assert again.types.tolist() == wanted.types.tolist()


def test_a_part_within_a_word_has_the_probability_of_both_labels_and_is_told_where_both_are():
    shares = np.array([[0.5, 0.3, 0.1, 0.06, 0.04]])
    told = np.array([[True, True, False, True, True]])
    rows, is_told = recut_rows(
        np.log(shares).astype(np.float32), told, BIO, is_start=np.array([False]), is_end=np.array([True])
    )
    np.testing.assert_allclose(np.exp(rows), [[0.5, 1e-9, 0.4, 1e-9, 0.1]], rtol=1e-5)
    assert is_told.tolist() == [[True, True, False, True, True]]
