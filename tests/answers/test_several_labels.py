"""Figures of labels of which a text may have several, against scikit-learn and plain sums."""

import math

import numpy as np
import pytest
from measuring import compute_metrics, paired_intervals, primary_interval
from sklearn.metrics import accuracy_score, f1_score

from potstill.answers import LabelRows
from potstill.answers.fidelity import label_divergences
from potstill.answers.several_labels import SeveralLabels
from potstill.data import Split, Task
from potstill.evaluation import choose_examples

NAMES = ("calm", "dull", "warm")
ANSWER = SeveralLabels(label_names=NAMES)
TASK = Task(name="moods", answer=ANSWER, is_pair=False, metrics=ANSWER.default_metrics)
RANDOM = np.random.default_rng(0)
GOLD = (RANDOM.random((40, 3)) < 0.4).astype(np.float32)
STUDENT = (RANDOM.normal(size=(40, 3)) + 2 * GOLD - 1).astype(np.float32)
TEACHER = (RANDOM.normal(size=(40, 3)) + 4 * GOLD - 2).astype(np.float32)


def test_the_metrics_are_those_of_scikit_learn() -> None:
    found = ANSWER.decide(STUDENT)
    assert compute_metrics(TASK, STUDENT, GOLD) == pytest.approx(
        {
            "micro_f1": f1_score(GOLD, found, average="micro"),
            "macro_f1": f1_score(GOLD, found, average="macro"),
            "subset_accuracy": accuracy_score(GOLD, found),
        }
    )


def test_the_intervals_hold_the_figures() -> None:
    ours, theirs = (compute_metrics(TASK, logits, GOLD)["micro_f1"] for logits in (STUDENT, TEACHER))
    low, high = primary_interval(TASK, STUDENT, GOLD)
    assert 0 < low < ours < high < 1
    low, high = paired_intervals(TASK, STUDENT, TEACHER, GOLD).difference
    assert low < ours - theirs < high


def test_the_divergence_is_the_sum_over_labels() -> None:
    def sigmoid(value: float) -> float:
        return 1 / (1 + math.exp(-value))

    wanted = 0.0
    for z, t in zip(STUDENT[0].tolist(), TEACHER[0].tolist(), strict=True):
        p, q = sigmoid(t), sigmoid(z)
        wanted += p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert label_divergences(STUDENT, TEACHER)[0] == pytest.approx(wanted, rel=1e-6)
    assert ANSWER.fidelity(TEACHER, TEACHER).model_dump()["agreement"] == 1.0


def test_every_label_has_its_figures() -> None:
    answers = ANSWER.details(STUDENT, LabelRows.one_each(GOLD))
    assert [each.label for each in answers["classes"]] == list(NAMES)
    assert [each.support for each in answers["classes"]] == GOLD.sum(axis=0).tolist()
    assert "confusion" not in answers


def test_examples_name_all_gold_labels() -> None:
    split = Split(texts=[f"text {number}" for number in range(40)], labels=LabelRows.one_each(GOLD))
    chosen = choose_examples(TASK, split, {"teacher": TEACHER, "student": STUDENT})
    assert chosen.has_independent_labels
    for example in chosen.spread:
        names = [name for name, there in zip(NAMES, GOLD[example.id], strict=True) if there]
        assert example.gold == (", ".join(names) or "none")


def test_what_is_predicted_is_what_is_decided() -> None:
    held = [tuple(np.array(NAMES)[row.astype(bool)].tolist()) for row in ANSWER.decide(STUDENT)]
    assert [each.labels for each in ANSWER.predict(STUDENT)] == held
