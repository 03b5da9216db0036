"""Benchmarks whose folders are known (`tasks.toml`): their names, columns, labels, metrics and sizes."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from pydantic import Field, model_validator

from potstill.answers import Answer, AnswerKind, find_answer
from potstill.config import Config
from potstill.data.records import Task


class TaskFile(Config):
    """One TSV file and its columns, counted from 0; negative columns count from the end."""

    file: str
    """Name inside the task's folder."""
    name: str | None = None
    """Name of a further development or test set; left out for the first."""
    has_header: bool = True
    """Whether the first line names the columns."""
    text: int
    """Column of the first (or only) text."""
    text_pair: int | None = None
    """Column of the second text."""
    label: int | None = None
    """Column of the label; left out where the file has none."""
    skips_broken_rows: bool = False
    """Whether rows with too few cells are left out instead of refused."""
    rows: int | None = Field(default=None, ge=1)
    """Examples in the published file."""
    submission: str | None = None
    """Of a test file: the name of its file of answers, without .tsv."""


class KnownTask(Config):
    """A task as `tasks.toml` describes it."""

    aliases: tuple[str, ...] = ()
    """Other names, in lower case."""
    folder: str
    """Name of its folder inside the benchmark's root."""
    kind: AnswerKind
    """What kind of answer."""
    label_names: tuple[str, ...] = ()
    """Readable names in the order of the label indices; empty for scores."""
    label_values: tuple[str, ...] = ()
    """What stands in the label column for each name; empty = the names themselves."""
    score_range: tuple[float, float] | None = None
    """Lowest and highest score; answers of a submission outside are moved to its ends."""
    has_agreed_order: bool = True
    """Whether all publishers number the labels in this order."""
    metrics: tuple[str, ...] = Field(min_length=1)
    """What is measured; the first is the primary one."""
    train: TaskFile
    """Examples to learn from."""
    dev: tuple[TaskFile, ...] = Field(min_length=1)
    """Development sets; the first is the main one."""
    test: tuple[TaskFile, ...] = ()
    """Test sets, mostly without labels; the first is the main one."""

    @model_validator(mode="after")
    def _names_further_files(self) -> "KnownTask":
        for files_of_split in (self.dev, self.test):
            if any(file.name is None for file in files_of_split[1:]):
                raise ValueError("every file of dev and test but the first needs a name")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """What stands in the label column, in the order of the names; empty for scores."""
        return self.label_values or self.label_names

    @property
    def answer(self) -> Answer:
        """What kind of answer, with its labels."""
        return find_answer(self.kind)(label_names=self.label_names)

    def make_task(self, name: str) -> Task:
        """Say what is to be predicted; `name` is the task's own."""
        return Task(
            name=name,
            answer=self.answer,
            is_pair=self.train.text_pair is not None,
            metrics=self.answer.choose_metrics(self.metrics, path=f"tasks.toml, {name}.metrics"),
            has_agreed_order=self.has_agreed_order,
        )


def parse_known_tasks(text: str) -> dict[str, KnownTask]:
    """Read the descriptions of known tasks."""
    return {name: KnownTask.parse(table, path=name) for name, table in tomllib.loads(text).items()}


@lru_cache(maxsize=1)
def shipped_tasks() -> Mapping[str, KnownTask]:
    """Read the descriptions of the known tasks that come with Potstill, by name."""
    return parse_known_tasks((files("potstill.data") / "tasks.toml").read_text(encoding="utf-8"))


def known_task_names() -> tuple[str, ...]:
    """List the names of the known tasks, sorted, without aliases."""
    return tuple(sorted(shipped_tasks()))


def find_known_task(name: str) -> str | None:
    """Find a known task by its name or an alias, in any case.

    Args:
        name: What the user wrote.

    Returns:
        The task's own name, or None where no task is called so.

    Example:
        >>> find_known_task("STSB")
        'sts-b'
    """
    wanted = name.strip().casefold()
    return next((own for own, task in shipped_tasks().items() if wanted in (own, *task.aliases)), None)
