"""Labels as files hold them: how they are written, what kind they are, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import LabelColumn, OneClass, choose_answer, find_doubts
from potstill.answers.names import label_name, sort_label_names
from potstill.answers.score import Score
from potstill.errors import DataError


def column(cells, **fields):
    return LabelColumn(cells=cells, place="file", **fields)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (3, "3"), (3.0, "3"), ("3", "3"), (" 3.0 ", "3.0"), ("-0", "-0"), ("2.50", "2.50"), (2.5, "2.5"),
        (True, "True"), ("true", "true"), ("TRUE", "TRUE"), ("12345678901234567891", "12345678901234567891"),
        ("1e3", "1e3"), ("1_000", "1_000"), ("01", "01"), ("NA", "NA"), ("half \ud83d", None),
        (None, None), ("", None), ("  ", None), (float("nan"), None), (float("inf"), None), ([1], None),
    ],
)  # fmt: skip
def test_a_number_is_written_in_one_way_and_a_text_stays_what_it_is(value, name):
    assert label_name(value) == name


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1).map(str.strip).filter(bool), min_size=1))
def test_names_are_never_merged(names):
    known = [name for name in names if name.casefold() not in ("nan", "null")]
    assert column(known).names() == known


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_and_its_text_are_the_same_label(value):
    assert label_name(value) == label_name(float(value)) == label_name(repr(value))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a", "b"], OneClass),
        (["0", "1", "2"], OneClass),
        (["0", "0.5"], Score),
        (["1e-05", "2"], Score),
        (["4.5", "unknown"], OneClass),
        (["1.1", "1.10", "1.2"], OneClass),
        (["01", "02", "1.5"], OneClass),
        (["2E3", "2D1", "4A7"], OneClass),
        (["0.0", "1.0"], OneClass),
        (["0.50", "1.25"], Score),
        (["1e999", "0.5"], OneClass),
        ([str(i) for i in range(100)], OneClass),
    ],
)
def test_the_kind_is_told_from_the_labels(names, kind):
    assert choose_answer("auto", column(names)) is kind


def test_many_whole_numbers_are_refused_until_the_kind_is_given():
    names = [str(i) for i in range(101)]
    with pytest.raises(DataError, match=r"101 different labels in 101 rows .*set data\.kind"):
        OneClass.learn(column(names))
    assert len(OneClass.learn(column(names, is_told=True)).label_names) == 101


@pytest.mark.parametrize("num_classes", [50, 151, 1000])
def test_words_that_repeat_are_classes_however_many(num_classes):
    words = [f"product {number}" for number in range(num_classes)]
    assert len(OneClass.learn(column(words * 2)).label_names) == num_classes
    if num_classes > 100:
        with pytest.raises(DataError, match=rf"{num_classes} different labels .* a wrong column; set data\.kind"):
            OneClass.learn(column([*words, "product 0"]))


@pytest.mark.parametrize("cell", ["nan", "NaN", "null", "NULL"])
def test_a_word_for_a_missing_label_is_no_class_unless_it_is_named(cell):
    with pytest.raises(DataError, match=rf"row 2 has no usable label \('{cell}'\); this stands for a missing one"):
        column(["a", cell]).names()
    assert column(["a", cell], known=("a", cell)).names() == ["a", cell]


def test_numbers_with_a_decimal_comma_are_neither_classes_nor_scores_silently():
    with pytest.raises(DataError, match=r"such as '1,5' are numbers with a decimal comma.*write '1\.5'.*data\.kind"):
        OneClass.learn(column(["1,5", "3,0", "4"]))
    assert OneClass.learn(column(["1,5", "3,0"], is_told=True)).label_names == ("1,5", "3,0")
    with pytest.raises(DataError, match=r"row 1 has the label '1,5', which is not a number.*; write 1\.5"):
        Score().encode(column(["1,5"]))
    with pytest.raises(DataError, match="too large for a score"):
        Score().encode(column(["1e300"]))


def test_known_names_give_indices_their_meaning_and_never_mix_with_them():
    known = {"known": ("no", "yes")}
    assert column([1, "0", "1.0"], **known).names() == ["yes", "no", "yes"]
    assert OneClass.learn(column(["yes", "yes"], **known)).label_names == ("no", "yes")
    with pytest.raises(DataError, match=r"some labels are names \('yes'\) and some are numbers \('0'\)"):
        column(["yes", "0"], **known).names()
    with pytest.raises(DataError, match=r"row 1 has no usable label \('2'\); data\.labels .* has no, yes"):
        column(["2"], **known).names()
    assert column(["2", "1"], known=("2", "1")).names() == ["2", "1"], "a number that is a name is no index"


def test_a_long_cell_is_shown_in_part():
    with pytest.raises(DataError) as caught:
        OneClass(label_names=("a", "b")).encode(column(["x" * 5000]))
    assert len(str(caught.value)) < 200


def test_doubtful_names_are_told():
    assert find_doubts(("TRUE", "true", "x")) == ["'TRUE' and 'true', which differ in case alone, are two labels"]
    assert find_doubts(("None", "a")) == ["'None' is taken for a label like any other"]
    assert find_doubts(("a", "b")) == []


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
