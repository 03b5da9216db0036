"""Labels of words: what names of labels say, what is counted of entities, and how files write them."""

import numpy as np
import pytest
from conlleval import count
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import ANSWERS, LabelColumn, LabelRows, Tags, choose_answer, join_words
from potstill.answers.entities import Spelling
from potstill.answers.words import find_words
from potstill.errors import DataError

SCHEMES = {
    "BIO": ("B-LOC", "B-PER", "I-LOC", "I-PER", "O"),
    "BIOES": ("B-LOC", "E-LOC", "I-LOC", "S-LOC", "S-PER", "B-PER", "I-PER", "E-PER", "O"),
}
PER = ("B-PER", "I-PER", "O")
MISTAKES = (
    "right",
    "right type, other borders",
    "right borders, other type",
    "other type and borders",
    "missed",
    "invented",
)


def one_hot(labels, width):
    return np.eye(width, dtype=np.float32)[np.asarray(labels, dtype=np.int64)]


def column(cells, tokens=None, texts=None, **fields):
    if tokens is not None:
        texts, words = join_words(tokens)
    else:
        words = None if texts is None else find_words(texts)
    return LabelColumn(cells=cells, place="x.jsonl, column 'spans'", texts=texts, words=words, **fields)


@st.composite
def tagged(draw):
    names = SCHEMES[draw(st.sampled_from(sorted(SCHEMES)))]
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    labels = st.lists(st.integers(0, len(names) - 1), min_size=sum(lengths), max_size=sum(lengths))
    return names, lengths, draw(labels), draw(labels)


@given(tagged())
def test_entities_are_counted_as_the_script_of_the_conll_tasks_counts(case):
    names, lengths, gold, guessed = case
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rows = LabelRows(values=np.array(gold), offsets=offsets)
    sentences = [
        [(names[gold[row]], names[guessed[row]]) for row in range(start, stop)]
        for start, stop in zip(offsets, offsets[1:], strict=False)
    ]
    theirs, answer = count(sentences), Tags(label_names=names)
    spelling = answer.spelling
    ours = spelling.count(np.array(guessed), rows).sum(axis=0)
    for number, kind in enumerate(spelling.type_names):
        assert tuple(ours[number].astype(int)) == theirs.get(kind, (0, 0, 0))
    right, total, found = (sum(each[part] for each in theirs.values()) for part in range(3))
    measured = answer.measure(answer.formulas, one_hot(guessed, len(names)), rows)
    assert measured["entity_precision"] == pytest.approx(right / found if found else 0)
    assert measured["entity_recall"] == pytest.approx(right / total if total else 0)
    assert measured["entity_f1"] == pytest.approx(2 * right / (total + found) if total + found else 0)
    each = [2 * r / (g + p) for r, g, p in theirs.values()]
    assert measured["entity_macro_f1"] == pytest.approx(sum(each) / len(each) if each else 0)
    assert measured["accuracy"] == pytest.approx(np.mean(np.array(gold) == np.array(guessed)))


@given(tagged())
def test_figures_of_a_resample_are_those_of_the_texts_drawn(case):
    names, lengths, gold, guessed = case
    answer, offsets = Tags(label_names=names), np.concatenate([[0], np.cumsum(lengths)])
    rows = LabelRows(values=np.array(gold), offsets=offsets)
    for metric in answer.formulas:
        (resampled,) = answer.resample(metric, [np.array(guessed)], rows)
        generator = np.random.default_rng(20_190_923)
        times = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=3)
        for score, drawn in zip(resampled[:3], times, strict=True):
            ids = np.repeat(np.arange(len(rows)), drawn)
            logits = one_hot(guessed, len(names))[rows.places(ids)]
            assert score == pytest.approx(answer.measure([metric], logits, rows.take(ids))[metric])


@given(tagged())
def test_a_text_agrees_where_it_has_the_same_entities_and_is_as_sure_as_its_least_sure_word(case):
    names, lengths, ours, theirs = case
    answer, offsets = Tags(label_names=names), np.concatenate([[0], np.cumsum(lengths)])
    logits = np.random.default_rng(len(ours)).normal(size=(len(ours), len(names)))
    sure = np.exp(logits).max(axis=1) / np.exp(logits).sum(axis=1)
    agrees = answer.matches(np.array(ours), np.array(theirs), offsets)
    confidence = answer.confidence(logits, offsets)
    for text, (start, stop) in enumerate(zip(offsets, offsets[1:], strict=False)):
        counts = count([[(names[theirs[row]], names[ours[row]]) for row in range(start, stop)]])
        assert agrees[text] == all(len(set(each)) == 1 for each in counts.values())
        assert confidence[text] == pytest.approx(sure[start:stop].min())


def slow_mistakes(gold, found):
    """The same in plain Python: entities as (first, last, type)."""
    counts = dict.fromkeys(MISTAKES, 0)
    for first, last, kind in gold:
        near = [each for each in found if each[0] <= last and first <= each[1]]
        same = [each for each in near if each[:2] == (first, last)]
        if (first, last, kind) in found:
            case = "right"
        elif same:
            case = "right borders, other type"
        elif any(each[2] == kind for each in near):
            case = "right type, other borders"
        else:
            case = "other type and borders" if near else "missed"
        counts[case] += 1
    counts["invented"] = sum(all(each[1] < first or last < each[0] for first, last, _ in gold) for each in found)
    return counts


@given(tagged())
def test_mistakes_are_counted_by_borders_and_types(case):
    names, lengths, gold, guessed = case
    answer, offsets = Tags(label_names=names), np.concatenate([[0], np.cumsum(lengths)])
    both = [answer.spelling.find(np.array(each), offsets) for each in (gold, guessed)]
    entities = [list(zip(each.first.tolist(), each.last.tolist(), each.types.tolist(), strict=True)) for each in both]
    counted = answer.mistakes(one_hot(guessed, len(names)), LabelRows(values=np.array(gold), offsets=offsets))
    assert counted == slow_mistakes(*entities)
    assert sum(counted.values()) - counted["invented"] == len(entities[0])


@given(tagged(), st.text(" \n", max_size=2))
def test_marked_pieces_are_the_text_and_bear_its_entities(case, gap):
    names, lengths, gold, _ = case
    words = [f"w{place % 3}" for place in range(lengths[0])]
    text = gap.join(["", *words, ""])
    answer = Tags(label_names=names)
    pieces = answer.mark(text, words, np.array(gold[: lengths[0]]))
    assert "".join(piece.text for piece in pieces) == text
    found = answer.spelling.find(np.array(gold[: lengths[0]]), np.array([0, lengths[0]]))
    wanted = [gap.join(words[first : last + 1]) for first, last in zip(found.first, found.last, strict=True)]
    assert [piece.text for piece in pieces if piece.label] == wanted


def test_without_entities_a_text_agrees_where_every_word_has_the_same_label():
    answer = Tags(label_names=("NN", "VB"))
    agrees = answer.matches(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.array([0, 2, 4]))
    assert agrees.tolist() == [False, True]


@pytest.mark.parametrize(
    ("names", "scheme", "types"),
    [
        (("B-PER", "I-PER", "O"), "BIO", ("PER",)),
        (("I-PER", "I-LOC", "O"), "BIO", ("PER", "LOC")),
        (("B-PER", "L-PER", "U-PER", "O"), "BIOES", ("PER",)),
        (("EMAIL", "NAME", "O"), "types", ("EMAIL", "NAME")),
        (("NN", "VB"), "words", ("NN", "VB")),
    ],
)
def test_names_of_labels_say_how_entities_are_written(names, scheme, types):
    assert (Spelling(names).scheme, Spelling(names).type_names) == (scheme, types)


def test_without_b_of_first_neighbours_are_told_apart_by_b_alone():
    spelling = Spelling(("B-PER", "I-PER", "O"))
    labels, offsets = np.array([1, 1, 0, 2, 1]), np.array([0, 3, 5])
    found = spelling.find(labels, offsets)
    assert list(zip(found.first, found.last, strict=True)) == [(0, 1), (2, 2), (4, 4)]
    told = Tags(label_names=PER).describe(LabelRows(values=labels, offsets=offsets))
    assert told == ["3 entities in 5 words, as BIO, in which B marks only an entity right behind another of its type"]


def test_broken_sequences_are_counted():
    rows = LabelRows(values=np.array([0, 1, 2, 1]), offsets=np.array([0, 4]))
    assert Tags(label_names=PER).describe(rows) == ["2 entities in 4 words, as BIO, 1 of which begin without B"]


def test_words_with_labels_are_read():
    given = column([["O", "B-PER"], ["O"]], tokens=[["hello", "Ann"], ["well"]])
    answer = choose_answer("auto", given).learn(given)
    assert answer.kind == "tags"
    rows = answer.encode(given)
    assert [answer.label_names[index] for index in rows.values] == ["O", "B-PER", "O"]
    assert rows.offsets.tolist() == [0, 2, 3]


def test_indices_of_named_classes_are_read():
    given = column([[1, 0], [2]], tokens=[["hello", "Ann"], ["well"]], class_names=("O", "B-PER", "I-PER"))
    answer = choose_answer("auto", given).learn(given)
    assert (answer.label_names, answer.encode(given).values.tolist()) == (("O", "B-PER", "I-PER"), [1, 0, 2])


def test_spans_become_labels_of_words():
    text = "Ann Lee met Jo-Ann in New York."
    spans = [
        {"start": 0, "end": 7, "label": "PER"},
        [12, 18, "PER"],
        {"start": 22, "end": 30, "label": "LOC"},
    ]
    given = column([spans], texts=[text])
    answer = choose_answer("auto", given).learn(given)
    assert answer.label_names == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    names = [answer.label_names[index] for index in answer.encode(given).values]
    assert names == ["B-PER", "I-PER", "O", "B-PER", "I-PER", "I-PER", "O", "B-LOC", "I-LOC", "O"]


@given(st.text(alphabet="ab_ .é中😀\u200b", max_size=12))
def test_every_visible_sign_is_in_exactly_one_word(text):
    covered = [place for start, end in find_words([text]).spans(0) for place in range(start, end)]
    assert covered == [place for place, sign in enumerate(text) if not sign.isspace()]


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([[0, 3, "A"], [2, 5, "B"]], "row 1 has the spans 0-3 (A) and 2-5 (B), which overlap"),
        ([[0, 99, "A"]], "row 1 has the span 0-99 (A) in a text of 9 characters"),
        ([[3, 4, "A"]], "row 1 has the span 3-4 (A) over no word"),
        ([[0, 1, "A"], [1, 3, "B"]], "row 1 has the span 1-3 (B) over a word of the span before it"),
        ([["Ann", 3, "A"]], "row 1 has ['Ann', 3, 'A'], which is no span; write it as"),
        ([{"start": 0, "end": 3}], "which is no span; write it as"),
        (5, "row 1 has 5, which is no list of spans; write it as"),
    ],
)
def test_a_wrong_span_is_refused_with_its_row(spans, said):
    given = column([spans, [[0, 1, "A"]]], texts=["Ann was 5", "B"])
    with pytest.raises(DataError) as caught:
        Tags(label_names=("O", "B-A", "I-A", "B-B", "I-B")).encode(given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([["O"], ["O"]], "row 1 has 1 labels for 2 words; mend the row."),
        ([["B-X", "Y"], ["O"]], "some labels say where an entity begins and some do not (B-X, O, Y)"),
        ([["O", "O"], ["O"]], "every word has the label 'O'"),
        (["O", "O"], "'O' is no list; give a list with one label for each word"),
    ],
)
def test_wrong_labels_of_words_are_refused(cells, said):
    with pytest.raises(DataError) as caught:
        Tags.learn(column(cells, tokens=[["hello", "Ann"], ["well"]]))
    assert said in str(caught.value)


def test_a_prediction_has_spans_of_characters_with_the_mean_probability():
    texts, words = join_words([["Ann", "Lee", "left"], ["No", "one"]])
    logits = np.log(
        np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8], [0.0, 0.1, 0.9], [0.0, 0.1, 0.9]]) + 1e-9
    )
    first, second = Tags(label_names=PER).predict(logits, texts=texts, words=words)
    (span,) = first.to_json()["spans"]
    assert span == {"start": 0, "end": 7, "label": "PER", "text": "Ann Lee", "score": pytest.approx(0.7)}
    assert second.to_json() == {"spans": []}


def test_tags_are_a_kind_of_answer():
    assert Tags in ANSWERS
