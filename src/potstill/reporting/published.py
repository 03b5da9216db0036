"""Published systems as points of reference: how much smaller, how much faster, how much of the quality was kept."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSystem:
    """A system relative to the teacher of its table.

    Attributes:
        name: Its name.
        note: What to know about its figures; empty where there is nothing.
        kept: Its score divided by the teacher's.
        times_smaller: The teacher's weights divided by its own.
        times_faster: The teacher's time divided by its own.
    """

    name: str
    note: str
    kept: float
    times_smaller: float
    times_faster: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Systems for one task.

    Attributes:
        systems: Those that have a figure.
        teacher: Name of their teacher.
        source: Where the figures are from.
        measure: What their quality is: the task of the run, or the average over tasks.
    """

    systems: tuple[PublishedSystem, ...]
    teacher: str
    source: str
    measure: str


def read_published(task: str) -> Published:
    """Read the published systems."""
    values = tomllib.loads(files("potstill.reporting").joinpath("published.toml").read_text(encoding="utf-8"))
    teacher = values["teacher"]
    key = task if task in teacher["scores"] else "average"
    systems = tuple(
        PublishedSystem(
            name=each["name"],
            note=each.get("note", ""),
            kept=each["scores"][key] / teacher["scores"][key],
            times_smaller=teacher["millions"] / each["millions"],
            times_faster=teacher["seconds"] / each["seconds"],
        )
        for each in values["systems"]
        if key in each["scores"]
    )
    measure = "GLUE's test average" if key == "average" else f"{task}'s test score"
    return Published(systems=systems, teacher=teacher["name"], source=values["source"], measure=measure)
