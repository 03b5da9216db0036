"""The match between the labels of a task and those of a model."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from potstill.answers import LabelRows, are_numbers, list_names, read_index
from potstill.data.records import Split, Task, TaskData, task_data
from potstill.errors import DataError

_GENERIC = re.compile(r"(?:label_)?(\d+)")
_ADVICE = "where they mean the same, write the data's labels in the model's order (data.labels, --labels)"


def match_labels(task: Task, label_names: Sequence[str]) -> tuple[int, ...]:
    """Say which of the task's labels each of a model's logits stands for.

    Labels are matched by name, without regard to case, blanks and underscores, and never by position, as publishers
    of one task count its labels in different orders, unless the user says in `task.model_labels` which is which. A
    model whose names are only numbers in order (`LABEL_0`, `LABEL_1`, ..., or `0`, `1`, ... where the task's own names
    are words) is taken by position only where `task.has_agreed_order`.

    Args:
        task: The task, whose order the labels of its data follow.
        label_names: Names in the order of the model's logits; empty for scores.

    Returns:
        For each logit of the model, the task's label index: `task_logits[:, result] = model_logits`. `(0,)` for
        scores.

    Raises:
        DataError: The names cannot be matched one to one.

    Example:
        >>> from potstill.answers import OneClass
        >>> answer = OneClass(label_names=("no", "yes"))
        >>> task = Task(name="t", answer=answer, is_pair=False, metrics=("accuracy",))
        >>> match_labels(task, ["YES", "NO"])
        (1, 0)
    """
    if (*task.label_names, *label_names) == ():
        return (0,)
    for own, other in ((task.label_names, tuple(label_names)), (_folded(task.label_names), _folded(label_names))):
        if len(set(own)) == len(own) == len(other) and set(own) == set(other):
            return tuple(own.index(name) for name in other)
    if len(label_names) == len(task.model_labels) == task.num_labels:
        return _match_told(task, label_names)
    if label_names and len(label_names) == task.num_labels and _are_generic(label_names, task):
        if task.has_agreed_order:
            return tuple(range(task.num_labels))
        raise DataError(
            f"the model's labels are only numbers ({list_names(label_names)}), so which of "
            f"{list_names(task.label_names)} each of them stands for cannot be told; {_ADVICE}, or write the names "
            "into 'id2label' of its config.json."
        )
    if len(label_names) == 0 and are_numbers(task.label_names):
        raise DataError(
            f"the model gives a score, and the labels of task '{task.name}' are read as classes "
            f"({list_names(task.label_names)}); say with data.kind that they are scores."
        )
    may_be_told = len(label_names) == len(task.label_names) or are_numbers(task.label_names)
    advice = f"{_ADVICE}, or " if label_names and task.label_names and may_be_told else ""
    raise DataError(
        f"the model's labels ({list_names(label_names)}) are not those of task '{task.name}' "
        f"({list_names(task.label_names)}); {advice}take a model that was trained for these labels."
    )


def _match_told(task: Task, label_names: Sequence[str]) -> tuple[int, ...]:
    """Match by position, as the user says, and refuse what the names contradict."""
    for told, name in zip(_folded(task.model_labels), label_names, strict=True):
        (folded,) = _folded([name])
        if folded != told and folded in _folded(task.model_labels):
            raise DataError(
                f"data.labels (--labels): {list_names(task.model_labels)} does not fit the model's labels "
                f"({list_names(label_names)}), in which '{name}' stands elsewhere; write them in the model's order."
            )
    return tuple(task.label_names.index(name) for name in task.model_labels)


def _are_generic(label_names: Sequence[str], task: Task) -> bool:
    found = [_GENERIC.fullmatch(name) for name in _folded(label_names)]
    in_order = all(match and int(match[1]) == index for index, match in enumerate(found))
    bare = any(name.isdigit() for name in _folded(label_names))
    return in_order and not (bare and any(name.isdigit() for name in task.label_names))


def adopt_labels(data: TaskData, label_names: Sequence[str], metrics: Sequence[str]) -> TaskData:
    """Give data that shows only some of a model's labels, or their indices, all of the model's labels."""
    task = data.task
    places = _places(task, label_names)
    if places is None:
        return data
    is_named = are_numbers(task.label_names) and not are_numbers(label_names)
    note = (_tell_indices if is_named else _tell_missing)(task.label_names, label_names, places)
    answer = replace(task.answer, label_names=tuple(label_names))

    def renumber(split: Split) -> Split:
        if split.labels is None:
            return split
        values = task.answer.renumber(split.labels.values, places, answer.label_names)
        return replace(split, labels=LabelRows(values=values, offsets=split.labels.offsets))

    whole = replace(task, answer=answer, metrics=answer.choose_metrics(metrics, path="data.metrics"))
    test = None if data.test is None else renumber(data.test)
    renumbered = task_data(whole, renumber(data.train), renumber(data.dev), test=test)
    return replace(renumbered, unlabeled=data.unlabeled, notes=(*data.notes, note))


def _tell_indices(own: Sequence[str], label_names: Sequence[str], places: NDArray[np.int64]) -> str:
    pairs = [f"{name} = {label_names[place]}" for name, place in zip(own, places, strict=True)]
    return f"the labels are taken as the model's indices ({list_names(pairs)})"


def _tell_missing(own: Sequence[str], label_names: Sequence[str], places: NDArray[np.int64]) -> str:  # noqa: ARG001
    missing = [name for place, name in enumerate(label_names) if place not in places]
    return f"{len(missing)} of the model's {len(label_names)} labels do not occur ({list_names(missing)})"


def _places(task: Task, label_names: Sequence[str]) -> NDArray[np.int64] | None:
    """Find where a task's labels stand among a model's, by name or by index; None where nothing is to be done."""
    if not task.answer.has_names or not label_names or task.model_labels:
        return None
    for own, other in ((task.label_names, tuple(label_names)), (_folded(task.label_names), _folded(label_names))):
        if len(set(own)) == len(own) < len(set(other)) == len(other) and set(own) < set(other):
            return np.array([other.index(name) for name in own], dtype=np.int64)
    indices = [read_index(name) for name in task.label_names]
    found = [index for index in indices if index is not None and index < len(label_names)]
    is_generic = len(found) == len(label_names) and _are_generic(label_names, task)
    if are_numbers(label_names) or is_generic or 0 not in found or len(set(found)) < len(task.label_names):
        return None
    return np.array(found, dtype=np.int64)


def _folded(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"[\s_-]+", "_", name.strip().casefold()) for name in names)
