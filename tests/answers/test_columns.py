"""Labels as files hold them: how they are written, what kind they are, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import LabelColumn, OneClass, choose_answer
from potstill.answers.column import label_name, sort_label_names
from potstill.answers.score import Score
from potstill.errors import DataError


def column(cells, **fields):
    return LabelColumn(cells=cells, place="file", **fields)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (3, "3"), (3.0, "3"), ("3", "3"), (" 3.0 ", "3"), ("-0", "0"), ("2.50", "2.5"), (2.5, "2.5"), (True, "True"),
        ("true", "true"), ("12345678901234567891", "12345678901234567891"), ("1e3", "1000"), ("1_000", "1_000"),
        ("NA", "NA"), ("null", "null"), ("nan", "nan"),
        (None, None), ("", None), ("  ", None), (float("nan"), None), (float("inf"), None), ([1], None),
    ],
)  # fmt: skip
def test_a_label_is_written_in_one_way(value, name):
    assert label_name(value) == name


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_text_are_the_same_label(value):
    assert label_name(value) == label_name(repr(value))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a", "b"], OneClass),
        (["0", "1", "2"], OneClass),
        (["0", "0.5"], Score),
        (["1e-05", "2"], Score),
        (["4.5", "unknown"], OneClass),
        ([str(i) for i in range(100)], OneClass),
    ],
)
def test_the_kind_is_told_from_the_labels(names, kind):
    assert choose_answer("auto", column(names)) is kind


def test_many_whole_numbers_are_refused_until_the_kind_is_given():
    names = [str(i) for i in range(101)]
    with pytest.raises(DataError, match=r"101 different labels .*set data\.kind"):
        OneClass.learn(column(names))
    assert len(OneClass.learn(column(names, is_told=True)).label_names) == 101


def test_a_number_of_very_many_digits_is_a_name():
    assert label_name("7" * 5000) == "7" * 5000


def test_a_single_class_is_refused():
    with pytest.raises(DataError, match="every label is 'a'"):
        OneClass.learn(column(["a", "a"], is_told=True))


def test_label_names_are_sorted_as_numbers_or_words():
    assert sort_label_names(["10", "9", "-1"]) == ("-1", "9", "10")
    assert sort_label_names(["b", "10", "a"]) == ("10", "a", "b")


def test_unknown_labels_are_refused_with_their_row():
    with pytest.raises(DataError, match="row 2 has the label 'c'.*they have a, b"):
        OneClass(label_names=("a", "b")).encode(column(["a", "c"]))
    with pytest.raises(DataError, match="row 1 has the label 'high', which is not a number"):
        Score().encode(column(["high"]))
    assert Score().encode(column(["1.5"])).values.dtype == np.float32
