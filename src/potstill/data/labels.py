"""Labels as they stand in files and models, and as indices: names, kinds, encodings, and the match between models."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from potstill.data.records import LabelArray, Task, TaskKind
from potstill.errors import DataError

MAX_CLASSES = 100
"""More different labels than this are not taken as classes unless the user says so."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_NUMBER = 300
"""Characters of a number; what is longer is a name like any other, and Python reads no number of 4,300 digits."""
_GENERIC = re.compile(r"(?:label_)?(\d+)")


def label_name(value: Any) -> str | None:  # noqa: ANN401 - a cell of a file
    """Write a label in one way, however its file holds it.

    Example:
        >>> [label_name(value) for value in (1.0, " good ", "0.50", True, float("nan"), "")]
        ['1', 'good', '0.5', 'True', None, None]
    """
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
            return text or None
        return str(int(text)) if text.lstrip("+-").isdigit() else label_name(float(text))
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def decide_kind(
    names: Sequence[str], kind: Literal["auto", "classification", "regression"], *, where: str, fewest: int = 2
) -> TaskKind:
    """Say whether labels are classes or scores."""
    different = set(names)
    if len(different) < (fewest if kind == "classification" else 2):
        raise DataError(f"{where}: every label is '{names[0]}'; at least two different ones are needed.")
    if kind != "auto":
        return kind
    if any("." in name or "e" in name for name in different) and are_numbers(different):
        return "regression"
    if len(different) > MAX_CLASSES:
        raise DataError(
            f"{where}: {len(different)} different labels (such as '{names[0]}') could be classes, scores or a wrong "
            "column; set data.kind to classification or regression, or data.label to another column."
        )
    return "classification"


def sort_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Order the different labels: by value where all are numbers, else by alphabet.

    Example:
        >>> sort_label_names(["10", "9", "9"])
        ('9', '10')
    """
    different = set(names)
    return tuple(sorted(different, key=float) if are_numbers(different) else sorted(different))


def encode_labels(names: Sequence[str], task: Task, *, where: str) -> LabelArray:
    """Turn written labels into indices or scores."""
    if task.kind == "regression":
        for row, name in enumerate(names, start=1):
            if not _NUMBER.fullmatch(name):
                raise DataError(
                    f"{where}: row {row} has the label '{name}', which is not a number, as a score must be."
                )
        return np.array([float(name) for name in names], dtype=np.float32)
    positions = {name: position for position, name in enumerate(task.label_names)}
    for row, name in enumerate(names, start=1):
        if name not in positions:
            raise DataError(
                f"{where}: row {row} has the label '{name}', which does not occur in the training examples; "
                f"they have {_listed(task.label_names)}."
            )
    return np.array([positions[name] for name in names], dtype=np.int64)


def match_labels(task: Task, label_names: Sequence[str]) -> tuple[int, ...]:
    """Say which of the task's labels each of a model's logits stands for.

    Labels are matched by name, without regard to case, blanks and underscores, and never by position, as publishers
    of one task count its labels in different orders. A model whose names are only numbers in order (`LABEL_0`,
    `LABEL_1`, ..., or `0`, `1`, ... where the task's own names are words) is taken only where
    `task.has_agreed_order`.

    Args:
        task: The task, whose order the labels of its data follow.
        label_names: Names in the order of the model's logits; empty for a regression.

    Returns:
        For each logit of the model, the task's label index: `task_logits[:, result] = model_logits`. `(0,)` for a
        regression.

    Raises:
        DataError: The names cannot be matched one to one.

    Example:
        >>> names = ("no", "yes")
        >>> task = Task(name="t", kind="classification", is_pair=False, label_names=names, metrics=("accuracy",))
        >>> match_labels(task, ["YES", "NO"])
        (1, 0)
    """
    if task.kind == "regression" and not label_names:
        return (0,)
    for own, other in ((task.label_names, tuple(label_names)), (_folded(task.label_names), _folded(label_names))):
        if len(set(own)) == len(own) == len(other) and set(own) == set(other):
            return tuple(own.index(name) for name in other)
    if label_names and len(label_names) == task.num_labels and _are_generic(label_names, task):
        if task.has_agreed_order:
            return tuple(range(task.num_labels))
        raise DataError(
            f"the model's labels are only numbers ({_listed(label_names)}), so which of {_listed(task.label_names)} "
            "each of them stands for cannot be told; write the names into 'id2label' of its config.json."
        )
    raise DataError(
        f"the model's labels ({_listed(label_names)}) are not those of task '{task.name}' "
        f"({_listed(task.label_names)}); take a model that was trained for these labels."
    )


def _are_generic(label_names: Sequence[str], task: Task) -> bool:
    found = [_GENERIC.fullmatch(name) for name in _folded(label_names)]
    in_order = all(match and int(match[1]) == index for index, match in enumerate(found))
    bare = any(name.isdigit() for name in _folded(label_names))
    return in_order and not (bare and any(name.isdigit() for name in task.label_names))


def _folded(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"[\s_-]+", "_", name.strip().casefold()) for name in names)


def are_numbers(names: Iterable[str]) -> bool:
    """Say whether labels, written by `label_name`, are all numbers."""
    return all(_NUMBER.fullmatch(name) for name in names)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12]) or "none: a score"
    return f"{shown}, ... {len(names)} in all" if len(names) > 12 else shown
