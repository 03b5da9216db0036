"""The match between the labels of a task and those of a model."""

import re
from collections.abc import Sequence

from potstill.answers import list_names
from potstill.data.records import Task
from potstill.errors import DataError

_GENERIC = re.compile(r"(?:label_)?(\d+)")


def match_labels(task: Task, label_names: Sequence[str]) -> tuple[int, ...]:
    """Say which of the task's labels each of a model's logits stands for.

    Labels are matched by name, without regard to case, blanks and underscores, and never by position, as publishers
    of one task count its labels in different orders. A model whose names are only numbers in order (`LABEL_0`,
    `LABEL_1`, ..., or `0`, `1`, ... where the task's own names are words) is taken only where
    `task.has_agreed_order`.

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
    if label_names and len(label_names) == task.num_labels and _are_generic(label_names, task):
        if task.has_agreed_order:
            return tuple(range(task.num_labels))
        raise DataError(
            f"the model's labels are only numbers ({list_names(label_names)}), so which of "
            f"{list_names(task.label_names)} each of them stands for cannot be told; write the names into 'id2label' "
            "of its config.json."
        )
    raise DataError(
        f"the model's labels ({list_names(label_names)}) are not those of task '{task.name}' "
        f"({list_names(task.label_names)}); take a model that was trained for these labels."
    )


def _are_generic(label_names: Sequence[str], task: Task) -> bool:
    found = [_GENERIC.fullmatch(name) for name in _folded(label_names)]
    in_order = all(match and int(match[1]) == index for index, match in enumerate(found))
    bare = any(name.isdigit() for name in _folded(label_names))
    return in_order and not (bare and any(name.isdigit() for name in task.label_names))


def _folded(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"[\s_-]+", "_", name.strip().casefold()) for name in names)
