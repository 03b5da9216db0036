"""Results as one table, for a terminal and for Markdown.

A cell may have a second line with the detail of the first, so that the table fits a terminal; Markdown joins both.
"""

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from potstill.results.figures import ClassFidelity, ScoreFidelity
from potstill.results.results import ModelResult, Results
from potstill.results.wording import (
    ORDER,
    compare_times,
    name_metric,
    name_role,
    write_brackets,
    write_count,
    write_hundred,
)

_ABSENT = "-"


def make_table(results: Results) -> Table:
    """Lay the results out for a terminal: a column for each model, so that three of them fit into 80 characters.

    Args:
        results: What was measured.

    Returns:
        A table of rich; the student is the last column, in bold. Notes and comparisons stand below it.
    """
    notes = escape("\n".join(_notes(results)))
    table = Table(title=escape(_title(results)), caption=notes, caption_justify="left", box=SIMPLE, pad_edge=False)
    names, *figures = zip(_header(results), *(_row(model, results) for model in _sorted(results)), strict=True)
    table.add_column("")
    for model, name in zip(_sorted(results), names[1:], strict=True):
        table.add_column(
            escape(name.replace(", ", ",\n")), justify="right", style="bold" if model.role == "student" else None
        )
    for row in figures:
        table.add_row(*map(escape, row))
    return table


def to_markdown(results: Results) -> str:
    """Lay the results out as a Markdown table: a row for each model, a title above, notes and comparisons below.

    Args:
        results: What was measured.

    Returns:
        Markdown that ends with a newline.
    """
    header = _header(results)
    rule = [":--", *["--:"] * (len(header) - 1)]
    rows = [header, rule, *(_row(model, results) for model in _sorted(results))]
    lines = [f"| {' | '.join(_one_line(cell).replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join([f"{_title(results)}:", "", *lines, "", *(f"- {note}" for note in _notes(results))]) + "\n"


def _title(results: Results) -> str:
    return f"{results.task}, {results.split} split, {results.num_examples:,} examples"


def _sorted(results: Results) -> list[ModelResult]:
    return sorted(results.models, key=lambda model: ORDER.index(model.role))


def _header(results: Results) -> list[str]:
    others = [name_metric(name) for name in list(results.models[0].metrics)[1:]]
    kinds = {type(model.fidelity) for model in results.models}
    likeness = ["r with teacher", "mean distance"] if ScoreFidelity in kinds else ["same as teacher", "KL from teacher"]
    if kinds == {type(None)}:
        likeness = []
    sizes = ["encoder weights", "all weights", "MB", "sentences/s"]
    return ["model", name_metric(results.primary_metric), *others, *likeness, *sizes]


def _row(model: ModelResult, results: Results) -> list[str]:
    teacher = results.find("teacher")
    encoder, rate = write_count(model.parameters.encoder), _rate(model)
    if teacher is not None and model is not teacher:
        encoder += _in_brackets(
            compare_times(teacher.parameters.encoder, model.parameters.encoder, "smaller", "larger")
        )
        if teacher.speed is not None and model.speed is not None:
            ours, theirs = model.speed.sentences_per_second, teacher.speed.sentences_per_second
            rate += _in_brackets(compare_times(ours, theirs, "faster", "slower"))
    score, *others = model.metrics.values()
    return [
        name_role(model.role, model.name),
        f"{write_hundred(score)}\n{write_brackets(model.interval)}",
        *map(write_hundred, others),
        *(_likeness(model) if any(each.fidelity for each in results.models) else ()),
        encoder,
        write_count(model.parameters.total),
        f"{model.size_bytes / 1e6:,.1f}",
        rate,
    ]


def _likeness(model: ModelResult) -> tuple[str, str]:
    match model.fidelity:
        case ClassFidelity(agreement=agreement, divergence=divergence):
            return f"{write_hundred(agreement)} %", f"{divergence:.3f}"
        case ScoreFidelity(pearson=correlation, mean_absolute_difference=distance):
            return f"{correlation:.3f}", f"{distance:.3f}"
    return _ABSENT, _ABSENT


def _notes(results: Results) -> list[str]:
    metric = name_metric(results.primary_metric)
    others = [
        f"{name_role(model.role, model.name)}, {split}: {name_metric(name)} {write_hundred(value)}"
        for model in _sorted(results)
        for split, metrics in model.other_splits.items()
        for name, value in metrics.items()
    ]
    comparisons = [
        f"student minus {name_role(item.other)}: "
        f"{write_hundred(item.difference, sign='+')} {write_brackets(item.interval, sign='+')} {metric}"
        for item in results.comparisons
    ]
    return ["metrics x 100, [95 % interval over examples]", *others, *comparisons]


def _one_line(cell: str) -> str:
    return cell.replace("\n", " ")


def _rate(model: ModelResult) -> str:
    if model.speed is None:
        return _ABSENT
    rate = model.speed.sentences_per_second
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _in_brackets(detail: str) -> str:
    return f"\n({detail})" if detail else ""
