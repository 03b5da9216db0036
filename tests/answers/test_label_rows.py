"""Labels as rows: an example may have several, and intervals draw examples with all of theirs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import LabelRows, OneClass
from potstill.answers.several_labels import SeveralLabels
from potstill.data import Split, Task
from potstill.evaluation import choose_examples
from potstill.results import Predictions

RANDOM = np.random.default_rng(0)
OFFSETS = np.concatenate([[0], np.cumsum(RANDOM.integers(1, 6, size=80))]).astype(np.int64)
NUM_ROWS = int(OFFSETS[-1])
CLASSES = RANDOM.integers(3, size=NUM_ROWS)
NAMES = ("person", "place", "none")
WORDS = {
    OneClass(label_names=NAMES): LabelRows(values=CLASSES, offsets=OFFSETS),
    SeveralLabels(label_names=NAMES): LabelRows(
        values=(RANDOM.random((NUM_ROWS, 3)) < 0.4).astype(np.float32), offsets=OFFSETS
    ),
}
"""Two kinds of answer as tags would be: a row for each word of a text."""


def logits_of(gold: LabelRows, *, noise: float) -> np.ndarray:
    right = np.eye(3)[gold.values] if gold.values.ndim == 1 else gold.values
    shared = np.repeat(RANDOM.normal(size=(len(gold), 3)), np.diff(gold.offsets), axis=0)  # rows of a text are alike
    return 2 * right - 1 + noise * (shared + RANDOM.normal(size=(len(gold.values), 3)))


def slow_rows(gold: LabelRows, ids) -> list[int]:
    return [row for index in ids for row in range(gold.offsets[index], gold.offsets[index + 1])]


@pytest.mark.parametrize(
    ("answer", "metric"), [(a, m) for a in WORDS for m in a.default_metrics], ids=lambda v: getattr(v, "kind", v)
)
def test_intervals_draw_examples_with_all_of_their_rows(answer, metric):
    gold = WORDS[answer]
    student, other = logits_of(gold, noise=1.0), logits_of(gold, noise=0.6)
    ones, differences = [], []
    for _ in range(1_500):
        rows = slow_rows(gold, RANDOM.integers(len(gold), size=len(gold)))
        flat = LabelRows.one_each(gold.values[rows])
        first, second = (answer.measure([metric], each[rows], flat)[metric] for each in (student, other))
        ones.append(first)
        differences.append(first - second)
    assert answer.interval(metric, student, gold) == pytest.approx(np.quantile(ones, [0.025, 0.975]), abs=0.02)
    found = answer.paired_intervals(metric, student, other, gold).difference
    assert found == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.02)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data())
def test_taking_examples_takes_their_rows(counts, data):
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    gold = LabelRows(values=np.arange(offsets[-1]), offsets=offsets)
    ids = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=8))
    taken = gold.take(np.array(ids, dtype=np.int64))
    assert taken.values.tolist() == slow_rows(gold, ids)
    assert np.diff(taken.offsets).tolist() == [counts[index] for index in ids]
    assert gold.owners.tolist() == [index for index, count in enumerate(counts) for _ in range(count)]
    sums = gold.sum_rows(gold.values.astype(np.float64))
    assert sums.tolist() == [sum(slow_rows(gold, [index])) for index in range(len(counts))]
    assert gold.is_one_each == (set(counts) == {1})


def test_examples_are_chosen_by_all_of_their_rows_and_predictions_keep_where_they_lie(tmp_path):
    answer, gold = next(iter(WORDS.items()))
    logits = {
        role: logits_of(gold, noise=noise).astype(np.float32) for role, noise in (("teacher", 0.5), ("student", 1))
    }
    task = Task(name="tags", answer=answer, is_pair=False, metrics=("macro_f1",))
    chosen = choose_examples(task, Split(texts=["a text"] * len(gold), labels=gold), logits)
    worst = chosen.disagreements[0]
    each = answer.distances(logits["student"], logits["teacher"])
    sums = [each[slow_rows(gold, [index])].sum() for index in range(len(gold))]
    assert worst.id == int(np.argmax(sums))
    assert worst.gold == ", ".join(NAMES[label] for label in gold.values[slow_rows(gold, [worst.id])])
    assert len(worst.logits["student"]) == 3 * len(slow_rows(gold, [worst.id]))
    said = {"gold": gold.values, "offsets": gold.offsets, "logits": logits}
    Predictions(task="tags", kind=answer.kind, split="dev", label_names=NAMES, **said).write(tmp_path / "said")
    assert Predictions.read(tmp_path / "said").offsets.tolist() == OFFSETS.tolist()
