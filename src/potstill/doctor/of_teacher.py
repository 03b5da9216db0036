"""What may be wrong with a teacher."""

from collections.abc import Iterator, Mapping

import numpy as np

from potstill.doctor.case import Case, TaughtCase
from potstill.results import BagOfWords, warn_of_classes, warn_of_rise, warn_of_words

_BETTER = 0.2
"""Share of the examples that another order of the labels must explain beyond the given one."""
_WORSE = 0.15
_INVERTED = -0.3


def _taught(case: Case) -> TaughtCase:
    assert case.taught is not None, "the check reads it"
    return case.taught


def find_ignorance(case: Case) -> Iterator[str]:
    """Tell of a teacher that knows no more than an answer that never looks at the text."""
    taught, task = _taught(case), case.examples.task
    assert taught.dev.labels is not None, "what is measured on has labels"
    bar = task.answer.floor(task.metrics, taught.dev_logits, taught.dev.labels)
    if bar.score <= bar.floor and not bar.is_spared:
        yield (
            f"teacher '{taught.name}' has {bar.metric} {bar.score:.3f} on {len(taught.dev):,} examples, no better than "
            f"{bar.what} ({bar.floor:.3f}); fine-tune it on this task first ('potstill finetune'), or check the order "
            "of its labels."
        )


def find_other_order(case: Case) -> Iterator[str]:
    """Tell of labels that stand in another order than the teacher's, or of scores that it counts the other way."""
    from scipy.optimize import linear_sum_assignment

    taught, task = _taught(case), case.examples.task
    assert taught.dev.labels is not None, "what is measured on has labels"
    metric = task.answer.first_formula(task.metrics)
    score = task.answer.measure((metric,), taught.dev_logits, taught.dev.labels)[metric]
    if score < _INVERTED:
        yield (
            f"the scores of teacher '{taught.name}' fall where those of the data rise ({metric} {score:.2f}); turn the "
            "labels around."
        )
    confusion: Mapping[str, Mapping[str, int]] = case.details.get("confusion", {})
    names = task.label_names if confusion else ()
    counts = np.array([[confusion.get(gold, {}).get(said, 0) for said in names] for gold in names]).reshape(
        len(names), len(names)
    )
    rows, columns = linear_sum_assignment(counts, maximize=True)
    gain = (counts[rows, columns].sum() - np.trace(counts)) / max(1, counts.sum())
    if gain > _BETTER:
        swapped = [(names[row], names[column]) for row, column in zip(rows, columns, strict=True) if row != column]
        pairs = ", ".join(f"'{said}' where the data have '{gold}'" for gold, said in swapped[:4])
        yield (
            f"teacher '{taught.name}' says {pairs}, so often that another order of its labels would be right in "
            f"{100 * gain:.0f} % more of the examples; give the right one with --labels."
        )


def find_words(case: Case) -> Iterator[str]:
    """Tell of a teacher that knows no more than the words of the texts tell."""
    taught, task, words = _taught(case), case.examples.task, case.words
    if words is None or taught.dev.labels is None:
        return
    metric, logits = task.metrics[0], words.answer(taught.dev)
    ours, theirs = (
        task.answer.measure((metric,), each, taught.dev.labels)[metric] for each in (taught.dev_logits, logits)
    )
    figures = BagOfWords(
        score=theirs,
        num_texts=words.num_texts,
        model="teacher",
        lead=ours - theirs,
        interval=task.answer.paired_intervals(metric, taught.dev_logits, logits, taught.dev.labels).difference,
    )
    yield from warn_of_words(figures, metric=metric, split="dev")


def find_rise(case: Case) -> Iterator[str]:
    """Tell of a teacher that was still getting better when its training ended."""
    yield from warn_of_rise("teacher", _taught(case).chosen, metric=case.examples.task.metrics[0])


def find_blindness(case: Case) -> Iterator[str]:
    """Tell of classes that the teacher never finds."""
    yield from warn_of_classes("teacher", case.classes)


def find_wrong_labels(case: Case) -> Iterator[str]:
    """Tell of training labels that the teacher contradicts more often than those of dev."""
    taught, task = _taught(case), case.examples.task
    if taught.train is None or taught.train_logits is None or taught.train.labels is None or taught.dev.labels is None:
        return
    metric = task.answer.first_formula(task.metrics)
    on_dev = task.answer.measure((metric,), taught.dev_logits, taught.dev.labels)[metric]
    on_train = task.answer.measure((metric,), taught.train_logits, taught.train.labels)[metric]
    if on_dev - on_train > _WORSE:
        yield (
            f"teacher '{taught.name}' has {metric} {on_train:.3f} on training examples and {on_dev:.3f} on dev: labels "
            "of train are wrong, or rows have slipped; look at some of them."
        )
