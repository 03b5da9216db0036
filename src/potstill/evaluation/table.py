"""Results as one table, for a terminal and for Markdown.

A cell may have a second line with the detail of the first, so that the table fits a terminal; Markdown joins both.
"""

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from potstill.evaluation.results import ClassFidelity, Interval, ModelResult, Results, Role, ScoreFidelity

__all__ = ["make_table", "to_markdown"]

_ORDER: tuple[Role, ...] = ("teacher", "student_random_start", "student_hard_labels", "model", "student")
_LABELS: dict[Role, str] = {
    "teacher": "teacher",
    "student_random_start": "labels only,\nrandom start",
    "student_hard_labels": "labels only",
    "student": "student",
}
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
        table.add_column(escape(name), justify="right", style="bold" if model.role == "student" else None)
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
    return sorted(results.models, key=lambda model: _ORDER.index(model.role))


def _header(results: Results) -> list[str]:
    others = [_words(name) for name in list(results.models[0].metrics)[1:]]
    kinds = {type(model.fidelity) for model in results.models}
    likeness = ["r with teacher", "mean distance"] if ScoreFidelity in kinds else ["same as teacher", "KL from teacher"]
    if kinds == {type(None)}:
        likeness = []
    sizes = ["encoder weights", "all weights", "MB", "sentences/s"]
    return ["model", _words(results.primary_metric), *others, *likeness, *sizes]


def _row(model: ModelResult, results: Results) -> list[str]:
    teacher = results.find("teacher")
    encoder, rate = _count(model.parameters.encoder), _rate(model)
    if teacher is not None and model is not teacher:
        encoder += _times(teacher.parameters.encoder, model.parameters.encoder, "smaller", "larger")
        if teacher.speed is not None and model.speed is not None:
            ours, theirs = model.speed.sentences_per_second, teacher.speed.sentences_per_second
            rate += _times(ours, theirs, "faster", "slower")
    score, *others = model.metrics.values()
    return [
        _LABELS.get(model.role, model.name),
        f"{_hundred(score)}\n{_brackets(model.interval)}",
        *map(_hundred, others),
        *(_likeness(model) if any(each.fidelity for each in results.models) else ()),
        encoder,
        _count(model.parameters.total),
        f"{model.size_bytes / 1e6:,.1f}",
        rate,
    ]


def _likeness(model: ModelResult) -> tuple[str, str]:
    match model.fidelity:
        case ClassFidelity(agreement=agreement, divergence=divergence):
            return f"{_hundred(agreement)} %", f"{divergence:.3f}"
        case ScoreFidelity(pearson=correlation, mean_absolute_difference=distance):
            return f"{correlation:.3f}", f"{distance:.3f}"
    return _ABSENT, _ABSENT


def _notes(results: Results) -> list[str]:
    metric = _words(results.primary_metric)
    others = [
        f"{_one_line(_LABELS.get(model.role, model.name))}, {split}: {_words(name)} {_hundred(value)}"
        for model in _sorted(results)
        for split, metrics in model.other_splits.items()
        for name, value in metrics.items()
    ]
    comparisons = [
        f"student minus {_one_line(_LABELS.get(item.other, item.other))}: "
        f"{item.difference * 100:+.1f} {_brackets(item.interval, sign='+')} {metric}"
        for item in results.comparisons
    ]
    return ["metrics x 100, [95 % interval over examples]", *others, *comparisons]


def _one_line(cell: str) -> str:
    return cell.replace("\n", " ")


def _words(name: str) -> str:
    """Write a metric's name as one would in a text."""
    written = {
        "f1": "F1",
        "macro_f1": "macro F1",
        "matthews": "Matthews",
        "pearson": "Pearson",
        "spearman": "Spearman",
        "pearson_spearman": "mean of Pearson and Spearman",
    }
    return written.get(name, name)


def _hundred(fraction: float) -> str:
    return f"{fraction * 100:.1f}"


def _brackets(interval: Interval, *, sign: str = "") -> str:
    low, high = (f"{end * 100:{sign}.1f}" for end in interval)
    return f"[{low}, {high}]"


def _count(number: int) -> str:
    """Shorten a number of weights to three figures or so."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


def _rate(model: ModelResult) -> str:
    if model.speed is None:
        return _ABSENT
    rate = model.speed.sentences_per_second
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _times(gain: float | int, base: float | int, better: str, worse: str) -> str:
    """Say how many times one number is the other, where it is a change at all."""
    if min(gain, base) <= 0:
        return ""
    times, word = (gain / base, better) if gain >= base else (base / gain, worse)
    return f"\n({times:.1f}x {word})" if times >= 1.05 else ""
