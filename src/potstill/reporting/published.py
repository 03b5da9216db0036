"""Published systems as points of reference: how much smaller, how much faster, how much of the quality was kept."""

from dataclasses import dataclass
from decimal import Decimal

from potstill.published import PublishedTable, load_published
from potstill.results import name_metric

_SCORES, _SIZES = "tinybert-paper", "tinybert-paper-size"
_TEACHER = "BERT BASE (Teacher)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the figures of a system stand: its rows of the table of scores and of the table of sizes."""

    name: str
    scores: str
    sizes: str
    notes: tuple[str, ...] = ()


_PLACES = (
    _Place(name="TinyBERT, 4 layers", scores="TinyBERT", sizes="TinyBERT"),
    _Place(name="BERT-PKD, 4 layers", scores="BERT-PKD", sizes="BERT-PKD/DistilBERT"),
    _Place(name="DistilBERT, 4 layers", scores="DistilBERT", sizes="BERT-PKD/DistilBERT"),
    _Place(
        name="BERT-small, not distilled",
        scores="BERT SMALL",
        sizes="TinyBERT",
        notes=("Its size and time are those of TinyBERT, whose shape it has.",),
    ),
    _Place(name="BiLSTM", scores="Distilled BiLSTM SOFT", sizes="Distilled BiLSTM SOFT"),
)


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
        metric: What their quality is; None = the average over tasks, whatever their metrics.
        measure: The same in words.
    """

    systems: tuple[PublishedSystem, ...]
    teacher: str
    source: str
    metric: str | None
    measure: str


def read_published(task: str) -> Published:
    """Read the published systems for a task; one that the table has not gets the average over tasks."""
    scores, sizes = load_published(_SCORES), load_published(_SIZES)
    metric = next((column.metric for column in scores.columns if column.task == task and not column.split), None)
    teacher_score, teacher_sizes = _score(scores, _TEACHER, task), _sizes(sizes, _TEACHER)
    assert teacher_score is not None
    systems = []
    for place in _PLACES:
        score, (weights, seconds) = _score(scores, place.scores, task), _sizes(sizes, place.sizes)
        if score is None:
            continue
        rows = (scores.find_row(place.scores, name=_SCORES), sizes.find_row(place.sizes, name=_SIZES))
        systems.append(
            PublishedSystem(
                name=place.name,
                note=" ".join([*rows[0].notes, *rows[1].notes, *place.notes]),
                kept=float(score / teacher_score),
                times_smaller=float(teacher_sizes[0] / weights),
                times_faster=float(teacher_sizes[1] / seconds),
            )
        )
    measure = "GLUE's test average" if metric is None else f"{name_metric(metric)} on {task}'s test set"
    source = f"{scores.source}; {sizes.source}"
    return Published(systems=tuple(systems), teacher="BERT-base", source=source, metric=metric, measure=measure)


def _score(table: PublishedTable, system: str, task: str) -> Decimal | None:
    """Give a system's score on a task's main test set, or its average where the table has no such task."""
    row = table.find_row(system, name=_SCORES)
    known = [column.task == task and not column.split for column in table.columns]
    return row.values[known.index(True)] if any(known) else row.average


def _sizes(table: PublishedTable, system: str) -> tuple[Decimal, Decimal]:
    """Give a system's weights and its time."""
    row = table.find_row(system, name=_SIZES)
    values = dict(zip((column.quantity for column in table.columns), row.values, strict=True))
    weights, seconds = values["million_weights"], values["seconds"]
    assert weights is not None
    assert seconds is not None
    return weights, seconds
