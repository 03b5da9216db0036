"""Published tables as data: who printed which figure where, and what is wrong or to be known about it."""

import tomllib
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from potstill.config import Config
from potstill.errors import RecipeError, did_you_mean

Quantity = Literal[
    "layers",
    "hidden_size",
    "feed_forward_size",
    "million_weights",
    "times_smaller",
    "seconds",
    "times_faster",
    "percent_weights",
    "percent_speed",
]
Figure = Annotated[Decimal | None, BeforeValidator(lambda value: None if value == "-" else value)]


class Column(Config):
    """What a column of a table holds: a metric of a task, or a size."""

    label: str
    """Its heading."""
    task: str | None = None
    """The task; left out for a size."""
    split: str = ""
    """A further development or test set of the task, such as `mismatched`; empty for the main one."""
    metric: str | None = None
    """Which metric, times 100; left out for a size."""
    quantity: Quantity | None = None
    """Which size; left out for a metric."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Column":
        if (self.task is None) != (self.metric is None) or (self.task is None) == (self.quantity is None):
            raise ValueError("set task and metric, or quantity alone")
        return self


class PublishedRow(Config):
    """A system's figures, as printed."""

    system: str
    """Its name, as printed."""
    values: tuple[Figure, ...]
    """One for each column; "-" where none is printed."""
    average: Decimal | None = None
    """The average, as printed."""
    notes: tuple[str, ...] = ()
    """What is to be known about the row, corrections among it."""


class PublishedTable(Config):
    """A table, as printed."""

    title: str
    """What it shows."""
    source: str
    """Where it was printed."""
    split: Literal["dev", "test"] = "dev"
    """Which examples its metrics are of."""
    average: str | None = None
    """What the average is of, in words; None = the table has none."""
    notes: tuple[str, ...] = ()
    """What is to be known about the whole."""
    columns: tuple[Column, ...] = Field(min_length=1)
    """From left to right."""
    rows: tuple[PublishedRow, ...] = Field(min_length=1)
    """From top to bottom."""

    @model_validator(mode="after")
    def _is_a_rectangle(self) -> "PublishedTable":
        for row in self.rows:
            if len(row.values) != len(self.columns):
                raise ValueError(f"rows.{row.system}: {len(row.values)} values for {len(self.columns)} columns")
        return self

    def find_row(self, system: str, *, name: str) -> PublishedRow:
        """Find a system's figures.

        Args:
            system: The system, as printed.
            name: The table's name, for the message.

        Returns:
            Its row.

        Raises:
            RecipeError: The table has no such row.
        """
        rows = {row.system: row for row in self.rows}
        if system not in rows:
            raise RecipeError(f"published table '{name}' has no row '{system}'.{did_you_mean(system, rows)}")
        return rows[system]

    @property
    def has_sizes(self) -> bool:
        """Whether its columns are sizes, and not metrics."""
        return self.columns[0].quantity is not None


def average_half_up(values: tuple[Decimal, ...]) -> Decimal:
    """Average figures as the published tables do: the plain mean of the columns, half up, to one decimal.

    Args:
        values: The columns.

    Returns:
        Their average.

    Example:
        >>> average_half_up((Decimal("83.8"), Decimal("84.1"), Decimal("85.8"), Decimal("50.5")))
        Decimal('76.1')
    """
    return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def published_names() -> tuple[str, ...]:
    """List the names of the published tables, sorted."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _folder().iterdir() if path.name.endswith(".toml")))


def find_new_name(name: str) -> str | None:
    """Say what a table or suite is called now.

    Args:
        name: What it was called in an earlier version.

    Returns:
        The new name; None where it is the same.
    """
    if name == "seed-glue":
        return "tinybert-paper"
    return f"tinybert-paper-{name.removeprefix('seed-')}" if name.startswith("seed-") else None


@lru_cache
def load_published(name: str) -> PublishedTable:
    """Load a published table.

    Args:
        name: Its name, such as `tinybert-paper`.

    Returns:
        The table, its figures exactly as printed.

    Raises:
        RecipeError: There is no such table.
    """
    name = find_new_name(name) or name
    if name not in published_names():
        raise RecipeError(f"published table '{name}' does not exist.{did_you_mean(name, published_names())}")
    text = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return PublishedTable.parse(tomllib.loads(text, parse_float=Decimal), path=name)


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable
    return files("potstill") / "published"
