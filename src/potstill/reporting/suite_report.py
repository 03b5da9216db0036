"""The report of many runs: means and spreads over seeds, quality against cost, links to the single reports."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from potstill.controls import known_controls
from potstill.errors import RunError
from potstill.files import write_text
from potstill.reporting.charts import Spot, draw_spots
from potstill.reporting.groups import Group, Spread, group_runs
from potstill.reporting.page import render_page
from potstill.reporting.published import Published, read_published
from potstill.reporting.reading import RunRecord, read_run
from potstill.reporting.views import lay_out
from potstill.results import AGREEMENT, Table, name_metric, write_count, write_hundred

_PALETTE = ("student", "labels", "random", "general")


def write_suite_report(folders: Sequence[Path], out: Path) -> Path:
    """Draw the report of several finished runs.

    Args:
        folders: Run folders, at least one.
        out: The page to write; links to the runs' own reports are relative to it.

    Returns:
        The page.

    Raises:
        RunError: A folder holds no finished run, or a file in it is damaged.
    """
    runs = [read_run(folder) for folder in folders]
    if not runs:
        raise RunError("there is no run to report on; give run folders.")
    write_text(out, draw_suite(runs, out.parent, title=out.resolve().parent.name))
    return out


def draw_suite(runs: Sequence[RunRecord], home: Path, *, title: str) -> str:
    """Draw the page of several runs."""
    groups = group_runs(runs)
    tasks = list(dict.fromkeys(group.task for group in groups))
    return render_page(
        "suite.html",
        {"logits": [], "attention": None},
        title=title,
        runs=runs,
        tasks=tasks,
        tables=[_table(task, [group for group in groups if group.task == task]) for task in tasks],
        charts=[
            (task, published.measure, _charts(published, [group for group in groups if group.task == task]))
            for task, published in ((task, read_published(task)) for task in tasks)
        ],
        rows=[
            (group, run, model, _link(run.folder / "report.html", home))
            for group in groups
            for run, model in zip(group.runs, group.models, strict=True)
        ],
        name_metric=name_metric,
        controls=known_controls(),
    )


def _table(task: str, groups: Sequence[Group]) -> Table:
    metric = name_metric(groups[0].metric)
    header = [
        "system",
        "runs",
        metric,
        "kept, %",
        *(control.heading for control in known_controls()),
        "smaller",
        "faster",
        "weights",
        "MB",
        "steps",
        "texts a step",
        "rates tried",
        "scorings that chose",
    ]
    rows = [_row(group) for group in groups]
    columns = [column for column in zip(header, *rows, strict=True) if any(column[1:])]
    first, *rest = zip(*columns, strict=True)
    is_agreed = any(run.results.reference == "teacher" for group in groups for run in group.runs)
    agreed = f" {AGREEMENT.capitalize()}." if is_agreed else ""
    title = f"Systems on {task} ({groups[0].split}), each with the mean over its runs.{agreed}"
    return lay_out(title, first, rest)


def _row(group: Group) -> list[str]:
    model, effort = group.models[0], group.runs[0].effort
    given = ("", "", "", "") if effort is None else (effort.steps, effort.texts, effort.rates, str(effort.scorings))
    return [
        group.name,
        str(len(group.runs)),
        _write(group.score),
        _write(group.kept),
        *(_write(group.control(control.role)) for control in known_controls()),
        _write_times(group.times_smaller),
        _write_times(group.times_faster),
        write_count(model.parameters.total),
        f"{model.size_bytes / 1e6:,.1f}",
        *given,
    ]


def _charts(published: Published, groups: Sequence[Group]) -> tuple[Markup, ...]:
    """Draw kept quality over size and over speed, the published systems beside them."""
    titles = ("times fewer weights than the teacher", "times as fast as the teacher")
    pictures = []
    for title, is_size in zip(titles, (True, False), strict=True):
        spots = []
        for number, group in enumerate(groups):
            across = group.times_smaller if is_size else group.times_faster
            if across is not None and group.kept is not None:
                spots.append(_spot(group, across, _PALETTE[number % len(_PALETTE)]))
        if spots:
            spots.append(Spot(name="teacher", css="teacher", x=1.0, y=1.0))
            spots += [
                Spot(name=each.name, css="other", x=each.times_smaller if is_size else each.times_faster, y=each.kept)
                for each in published.systems
            ]
            pictures.append(draw_spots(title, "% of the teacher's quality kept", spots, size=(480.0, 340.0)))
    return tuple(pictures)


def _spot(group: Group, across: Spread, css: str) -> Spot:
    assert group.kept is not None
    mean, deviation = group.kept.mean, group.kept.deviation
    ends = (None, None) if deviation is None else (mean - deviation, mean + deviation)
    return Spot(name=group.name, css=css, x=across.mean, y=mean, low=ends[0], high=ends[1])


def _write(spread: Spread | None) -> str:
    if spread is None:
        return ""
    deviation = spread.deviation
    return (
        write_hundred(spread.mean)
        if deviation is None
        else f"{write_hundred(spread.mean)} ± {write_hundred(deviation)}"
    )


def _write_times(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.mean:.1f} ×"


def _link(page: Path, home: Path) -> str | None:
    """Give the way from one page to another, or None where that one does not exist."""
    if not page.is_file():
        return None
    way = Path(os.path.relpath(page.resolve(), home.resolve())).as_posix()
    return quote(way)
