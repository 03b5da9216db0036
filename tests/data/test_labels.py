from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.data import Task, default_metrics, match_labels
from potstill.data.labels import decide_kind, encode_labels, label_name, sort_label_names
from potstill.errors import DataError


def make_task(*label_names):
    kind = "classification" if label_names else "regression"
    metrics = default_metrics(kind, len(label_names))
    return Task(name="t", kind=kind, is_pair=False, label_names=label_names, metrics=metrics)


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
        (["a", "b"], "classification"),
        (["0", "1", "2"], "classification"),
        (["0", "0.5"], "regression"),
        (["1e-05", "2"], "regression"),
        (["4.5", "unknown"], "classification"),
        ([str(i) for i in range(100)], "classification"),
    ],
)
def test_the_kind_is_told_from_the_labels(names, kind):
    assert decide_kind(names, "auto", where="file") == kind


def test_many_whole_numbers_are_refused_until_the_kind_is_given():
    names = [str(i) for i in range(101)]
    with pytest.raises(DataError, match=r"101 different labels .*set data\.kind"):
        decide_kind(names, "auto", where="file")
    assert decide_kind(names, "regression", where="file") == "regression"
    assert decide_kind(names, "classification", where="file") == "classification"


def test_a_number_of_very_many_digits_is_a_name():
    assert label_name("7" * 5000) == "7" * 5000


def test_a_single_class_is_refused():
    with pytest.raises(DataError, match="every label is 'a'"):
        decide_kind(["a", "a"], "classification", where="file")


def test_label_names_are_sorted_as_numbers_or_words():
    assert sort_label_names(["10", "9", "-1"]) == ("-1", "9", "10")
    assert sort_label_names(["b", "10", "a"]) == ("10", "a", "b")


def test_unknown_labels_are_refused_with_their_row():
    with pytest.raises(DataError, match="row 2 has the label 'c'.*they have a, b"):
        encode_labels(["a", "c"], make_task("a", "b"), where="file")
    with pytest.raises(DataError, match="row 1 has the label 'high', which is not a number"):
        encode_labels(["high"], make_task(), where="file")
    assert encode_labels(["1.5"], make_task(), where="file").dtype == np.float32


@given(st.permutations(["contradiction", "entailment", "neutral"]))
def test_logits_of_any_order_are_put_in_the_order_of_the_task(names):
    task = make_task("Contradiction", "ENTAILMENT", "neutral")
    result = list(match_labels(task, names))
    model_logits = np.array([[len(name) for name in names]])
    task_logits = np.zeros_like(model_logits)
    task_logits[:, result] = model_logits
    assert task_logits.tolist() == [[len(name) for name in task.label_names]]


@pytest.mark.parametrize(
    ("task_names", "model_names"),
    [
        (("negative", "positive"), ("LABEL_0", "LABEL_1")),
        (("negative", "positive"), ("0", "1")),
        (("0", "1"), ("LABEL_0", "LABEL_1")),
        (("1", "2", "3"), ("LABEL_0", "LABEL_1", "LABEL_2")),
        (("us", "US"), ("us", "US")),
    ],
)
def test_generic_or_equal_names_are_taken_in_order(task_names, model_names):
    task = replace(make_task(*task_names), has_agreed_order=True)
    assert match_labels(task, model_names) == tuple(range(len(task_names)))


def test_numbers_are_refused_where_publishers_order_the_labels_differently():
    with pytest.raises(DataError, match=r"only numbers \(LABEL_0, LABEL_1\).*negative, positive.*'id2label'"):
        match_labels(make_task("negative", "positive"), ("LABEL_0", "LABEL_1"))


def test_blanks_and_underscores_in_names_do_not_matter():
    assert match_labels(make_task("entailment", "not_entailment"), ("Not Entailment", "ENTAILMENT")) == (1, 0)


@pytest.mark.parametrize(
    ("task_names", "model_names"),
    [
        (("negative", "positive"), ("bad", "good")),
        (("negative", "positive"), ("LABEL_0", "LABEL_1", "LABEL_2")),
        (("negative", "positive"), ("0", "1")),
        (("negative", "positive"), ("LABEL_1", "LABEL_0")),
        (("1", "2", "3"), ("0", "1", "2")),
        (("0", "1"), ("negative", "positive")),
        (("negative", "positive"), ()),
        ((), ("negative", "positive")),
        (("a", "b"), ("a", "a")),
    ],
)
def test_other_names_are_refused_with_both_lists(task_names, model_names):
    with pytest.raises(DataError) as caught:
        match_labels(make_task(*task_names), model_names)
    for name in (*task_names, *model_names):
        assert name in str(caught.value)


def test_a_score_matches_a_score():
    assert match_labels(make_task(), ()) == (0,)
