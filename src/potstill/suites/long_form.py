"""Every figure on a line of its own, as CSV, for programs."""

import csv
import io
from collections.abc import Iterator

from potstill.published import PublishedTable
from potstill.suites.scores import ScoreSheet

HEADER = ("source", "system", "task", "split", "quantity", "seed", "value")


def score_lines(sheet: ScoreSheet) -> Iterator[tuple[str, ...]]:
    """List every metric of every model of ours."""
    for model in sheet.models:
        for split, metrics in {"dev": model.result.metrics, **model.result.other_splits}.items():
            for name, value in metrics.items():
                yield ("ours", model.row, model.task, split, name, str(model.seed), repr(100 * value))


def published_lines(name: str, table: PublishedTable) -> Iterator[tuple[str, ...]]:
    """List every figure of a published table."""
    for row in table.rows:
        for column, value in zip(table.columns, row.values, strict=True):
            if value is not None:
                split = column.split or table.split if column.task else ""
                what = column.metric or column.quantity or ""
                yield (name, row.system, column.task or "", split, what, "", str(value))
        if row.average is not None:
            yield (name, row.system, "", table.split, "average", "", str(row.average))


def to_csv(lines: Iterator[tuple[str, ...]]) -> str:
    """Write lines as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(lines)
    return text.getvalue()
