"""Every figure on a line of its own, for programs."""

from collections.abc import Iterator, Sequence
from itertools import chain

from potstill.published import PublishedTable, load_published
from potstill.results import ClassFidelity, ScoreFidelity, Table, word_columns
from potstill.suites.scores import Measured, ScoreSheet
from potstill.suites.sizes import OUR_SIZES, measure_size

Line = tuple[str, ...]


def list_figures(sheet: ScoreSheet | None, published: Sequence[str]) -> Table:
    """Put every figure of ours and of published tables on a line, with its name, its task and its seed."""
    ours = _our_lines(sheet) if sheet is not None else iter(())
    theirs = (_published_lines(name, load_published(name)) for name in published)
    return Table(
        columns=word_columns("source", "system", "task", "split", "quantity", "seed", "value"),
        rows=tuple(chain(ours, *theirs)),
    )


def _our_lines(sheet: ScoreSheet) -> Iterator[Line]:
    for model in sheet.models:
        for split, metrics in {"dev": model.result.metrics, **model.result.other_splits}.items():
            for name, value in metrics.items():
                yield ("ours", model.row, model.task, split, name, str(model.seed), repr(100 * value))
        for name, figure in _further_figures(model):
            if figure is not None:
                yield ("ours", model.row, model.task, "dev", name, str(model.seed), repr(figure))


def _further_figures(model: Measured) -> Iterator[tuple[str, float | None]]:
    """Give likeness to the teacher, sizes and speed, by the names of the published tables where those have one."""
    result = model.result
    match result.fidelity:
        case ClassFidelity(agreement=agreement, divergence=divergence):
            yield from (("same_as_teacher", 100 * agreement), ("divergence_from_teacher", divergence))
        case ScoreFidelity(pearson=correlation, mean_absolute_difference=distance):
            yield from (("correlation_with_teacher", correlation), ("distance_from_teacher", distance))
    yield from ((name, measure_size(model, name)) for name in OUR_SIZES)
    yield from (("weights", result.parameters.total), ("encoder_weights", result.parameters.encoder))
    yield "size_bytes", result.size_bytes
    yield "sentences_per_second", None if result.speed is None else result.speed.sentences_per_second
    yield "training_seconds", result.training_seconds


def _published_lines(name: str, table: PublishedTable) -> Iterator[Line]:
    for row in table.rows:
        for column, value in zip(table.columns, row.values, strict=True):
            if value is not None:
                split = column.split or table.split if column.task else ""
                what = column.metric or column.quantity or ""
                yield (name, row.system, column.task or "", split, what, "", str(value))
        if row.average is not None:
            yield (name, row.system, "", table.split, "average", "", str(row.average))
