import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import LabelRows, OneClass
from potstill.answers.score import Score
from potstill.data import Split
from potstill.data.splitting import draw_examples, hold_out, split_off_dev
from potstill.errors import DataError

CLASSES = OneClass(label_names=tuple("abcdef"))


def make_split(labels, dtype):
    return Split(
        texts=[str(index) for index in range(len(labels))], labels=LabelRows.one_each(np.array(labels, dtype=dtype))
    )


@given(st.lists(st.integers(0, 5), min_size=2, max_size=300), st.floats(0.01, 0.5), st.integers(0, 9))
def test_dev_has_every_class_in_proportion_and_train_keeps_every_class(labels, fraction, seed):
    split = make_split(labels, np.int64)
    try:
        train, dev = split_off_dev(split, CLASSES, fraction=fraction, seed=seed, where="file")
    except DataError:
        assert len(set(labels)) == len(labels)
        return
    assert sorted((*train.texts, *dev.texts), key=int) == split.texts
    assert set(train.labels.values.tolist()) == set(labels)
    counts = np.bincount(labels, minlength=6)
    wanted = max(1, round(fraction * len(labels)))
    assert len(dev) == min(wanted, (counts - 1)[counts > 0].sum())
    if (np.floor(counts * fraction) < counts - 1).all():
        assert np.abs(np.bincount(dev.labels.values, minlength=6) - counts * fraction).max() < 2
    again = split_off_dev(split, CLASSES, fraction=fraction, seed=seed, where="file")[1]
    assert again.texts == dev.texts


@given(st.integers(2, 100), st.floats(0.01, 0.5))
def test_scores_are_split_at_random(count, fraction):
    split = make_split(np.linspace(0, 1, count), np.float32)
    train, dev = split_off_dev(split, Score(), fraction=fraction, seed=0, where="file")
    assert len(dev) == max(1, round(fraction * count))
    assert sorted((*train.texts, *dev.texts), key=int) == split.texts


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=8, max_size=60), st.integers(0, 9))
def test_equal_texts_stay_together(rows, seed):
    texts, pairs = [str(text) for text, _ in rows], [str(pair) for _, pair in rows]
    split = Split(texts=texts, pairs=pairs, labels=LabelRows.one_each(np.arange(len(rows), dtype=np.float32)))
    keys = set(zip(texts, pairs, strict=True))
    if len(keys) == 1:
        return
    train, dev = split_off_dev(split, Score(), fraction=0.3, seed=seed, where="file")
    ours, theirs = (set(zip(part.texts, part.pairs, strict=True)) for part in (train, dev))
    assert not ours & theirs
    assert len(theirs) == max(1, round(0.3 * len(keys)))
    assert len(train) + len(dev) == len(rows)


@pytest.mark.parametrize("seed", range(20))
def test_equal_texts_with_different_labels_leave_each_class_in_train(seed):
    texts = ["a", "a", *(f"b{number}" for number in range(9))]
    split = Split(texts=texts, labels=LabelRows.one_each(np.array([0, 1] + [0] * 9)))
    train, dev = split_off_dev(split, CLASSES, fraction=0.3, seed=seed, where="file")
    assert set(train.labels.values) == {0, 1}
    assert len(dev) >= 2


@given(st.lists(st.integers(0, 3), min_size=12, max_size=120), st.integers(0, 9))
def test_what_is_held_out_of_train_is_drawn_as_dev_is(labels, seed):
    split = make_split([*labels, *range(4), *range(4)], np.int64)
    as_dev = split_off_dev(split, CLASSES, fraction=0.2, seed=seed, where="file")
    held_out = hold_out(split, CLASSES, fraction=0.2, seed=seed)
    assert [part.texts for part in held_out] == [part.texts for part in as_dev]


def test_too_few_examples_to_hold_any_out_are_refused():
    with pytest.raises(DataError, match="data.select_on: 2 different training examples are too few"):
        hold_out(make_split([0, 1], np.int64), CLASSES, fraction=0.5, seed=0)


def test_a_limit_draws_examples_at_random():
    split = make_split([0, 1] * 50, np.int64)
    first, again, other = (draw_examples(split, limit=10, seed=seed).texts for seed in (0, 0, 1))
    assert len(first) == 10
    assert first == again
    assert len({*first, *other, *split.texts[:10]}) > 12
