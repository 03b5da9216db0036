"""A metric of one's own is measured, resampled and refused as those of Potstill are."""

from typing import Literal

import numpy as np
import pytest

from potstill.answers import ANSWERS, LabelRows, Metric, OneClass, known_metrics
from potstill.answers.metric import choose_metrics
from potstill.data import shipped_tasks
from potstill.errors import DataError

CLASSES = OneClass(label_names=("a", "b", "c"))


class ShareOfEqualRows(Metric):
    """Accuracy, for whatever kind of answer."""

    fits = tuple(each.kind for each in ANSWERS)
    kind: Literal["share_of_equal_rows"] = "share_of_equal_rows"

    def compute(self, decided, gold):
        return sum(bool(np.all(ours == label)) for ours, label in zip(decided, gold.values, strict=True)) / len(decided)


class NeverANumber(Metric):
    """What cannot be written."""

    fits = ("classification",)
    kind: Literal["never_a_number"] = "never_a_number"

    def compute(self, decided, gold):
        return float("nan")


def draw(num_rows, seed):
    return np.random.default_rng(seed).integers(3, size=num_rows)


def test_the_rows_of_an_example_are_drawn_together():
    rows, first, second = draw(60, 0), np.eye(3)[draw(60, 1)], np.eye(3)[draw(60, 2)]
    gold = LabelRows(values=rows, offsets=np.arange(0, 61, 3))
    ours = CLASSES.resample("share_of_equal_rows", [CLASSES.decide(each) for each in (first, second)], gold)
    generator = np.random.default_rng(20_190_923)
    for resample in range(1_000):
        drawn = [3 * example + row for example in generator.integers(20, size=20) for row in range(3)]
        for scores, logits in zip(ours, (first, second), strict=True):
            hits = sum(logits[row].argmax() == rows[row] for row in drawn)
            assert scores[resample] == pytest.approx(hits / 60)


def test_its_interval_is_that_of_the_same_figure_with_a_formula():
    gold, logits, other = (LabelRows.one_each(draw(200, 3)), *(np.eye(3)[draw(200, seed)] for seed in (4, 5)))
    assert list(CLASSES.measure(["share_of_equal_rows", "accuracy"], logits, gold)) == [
        "share_of_equal_rows",
        "accuracy",
    ]
    own, ours = (CLASSES.paired_intervals(name, logits, other, gold) for name in ("share_of_equal_rows", "accuracy"))
    assert own.difference == pytest.approx(ours.difference, abs=0.02)
    assert CLASSES.interval("share_of_equal_rows", logits, gold) == pytest.approx(
        CLASSES.interval("accuracy", logits, gold), abs=0.02
    )


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.kind)
def test_every_kind_of_answer_measures_it_and_judges_teachers_by_a_formula(kind):
    answer = kind(label_names=("a", "b") if kind.has_names else ())
    values = draw(30, 6) % 2
    rows = np.eye(2)[values] if answer.has_independent_labels else values[:, None] if answer.row == "word" else values
    gold = answer.pack(rows.tolist())
    logits = np.random.default_rng(7).normal(size=(30, answer.num_labels))
    metrics = answer.choose_metrics(["share_of_equal_rows"], path="data.metrics")
    expected = ShareOfEqualRows().compute(answer.decide(logits), gold)
    assert answer.measure(metrics, logits, gold) == {"share_of_equal_rows": expected}
    assert answer.floor(metrics, logits, gold).metric in answer.formulas
    assert set(answer.default_metrics) <= set(answer.formulas)


def test_what_is_no_number_is_refused():
    gold = LabelRows.one_each(draw(10, 8))
    with pytest.raises(DataError, match="metric 'never_a_number' is nan on a sample of 10 examples; let it give"):
        CLASSES.measure(["never_a_number"], np.eye(3)[gold.values], gold)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["acuracy"], "data.metrics: no metric 'acuracy' is known for this task, .* Did you mean 'accuracy'?"),
        (["f1"], "no metric 'f1' is known for this task, whose kind is classification"),
        (["accuracy", "accuracy"], "data.metrics: a metric stands twice in accuracy, accuracy; name each once"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused(wanted, message):
    with pytest.raises(DataError, match=message):
        CLASSES.choose_metrics(wanted, path="data.metrics")


def test_a_name_of_ours_is_not_taken_by_another_metric():
    with pytest.raises(DataError, match="a plug-in defines 'never_a_number', which is a metric of Potstill"):
        choose_metrics(["never_a_number"], ["accuracy", "never_a_number"], "classification", path="data.metrics")


@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind is not OneClass], ids=lambda kind: kind.kind)
def test_a_metric_of_ones_own_is_for_the_kinds_that_it_names(kind):
    with pytest.raises(DataError, match=rf"whose kind is {kind.kind} \(it is for classification\)"):
        kind().choose_metrics(["never_a_number"], path="data.metrics")


def test_every_metric_of_a_known_task_fits():
    for name, task in shipped_tasks().items():
        assert task.make_task(name).metrics == task.metrics
        assert set(task.metrics) <= known_metrics()
