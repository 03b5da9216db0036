"""Answers of a task measured from plain arrays, of which a row is an example."""

from potstill.answers import LabelRows


def compute_metrics(task, logits, gold):
    return task.answer.measure(task.metrics, logits, LabelRows.one_each(gold))


def primary_interval(task, logits, gold):
    return task.answer.interval(task.metrics[0], logits, LabelRows.one_each(gold))


def paired_intervals(task, student, other, gold):
    return task.answer.paired_intervals(task.metrics[0], student, other, LabelRows.one_each(gold))
