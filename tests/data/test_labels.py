from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import OneClass
from potstill.answers.score import Score
from potstill.data import Task, match_labels
from potstill.errors import DataError


def make_task(*label_names):
    answer = OneClass(label_names=label_names) if label_names else Score()
    return Task(name="t", answer=answer, is_pair=False, metrics=answer.default_metrics)


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
