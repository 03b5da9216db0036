"""Results of a run as a table; a cell may have a second line with the detail of the first."""

from html import escape

from potstill.results.figures import ClassFidelity, ScoreFidelity
from potstill.results.markup import to_html, to_markdown
from potstill.results.results import ModelResult, QuotedModel, Results
from potstill.results.table import Heading, Table, figure_columns, word_columns
from potstill.results.warning import find_warnings
from potstill.results.wording import (
    AGREEMENT,
    NO_INTERVAL,
    compare_times,
    name_metric,
    name_role,
    rank_role,
    write_brackets,
    write_count,
    write_hundred,
)
from potstill.results.worth import describe_worth

_ABSENT = "-"


def make_table(results: Results) -> Table:
    """Lay results out with a column for each model, so that three of them fit into 80 characters.

    Args:
        results: What was measured.

    Returns:
        A table whose last column, the student's, stands out.
    """
    models = _sorted(results)
    names, *figures = zip(_header(results), *(_row(model, results) for model in models), strict=True)
    heads = [
        Heading(text=name.replace(", ", ",\n"), style="strong" if model.role == "student" else "plain")
        for model, name in zip(models, names[1:], strict=True)
    ]
    return Table(
        title=_title(results), columns=(*word_columns(""), *heads), rows=tuple(figures), notes=tuple(_notes(results))
    )


def show_results(results: Results) -> str:
    """Write results in HTML: what is wrong with the models, and the table below it."""
    above = "".join(f"<p><strong>{escape(warning)}</strong></p>" for warning in find_warnings(results))
    return above + to_html(make_table(results))


def describe_results(results: Results) -> str:
    """Write results in Markdown: a row for each model, a title above, notes and comparisons below.

    Args:
        results: What was measured.

    Returns:
        Markdown that ends with a newline.
    """
    first, *others = _header(results)
    table = Table(
        columns=(*word_columns(first), *figure_columns(*others)),
        rows=tuple(tuple(_row(model, results)) for model in _sorted(results)),
        notes=tuple(_notes(results)),
    )
    above = "".join(f"{warning}\n\n" for warning in find_warnings(results))
    return f"{above}{_title(results)}:\n\n{to_markdown(table)}"


def _title(results: Results) -> str:
    agreed = "" if results.reference == "gold" else f", {AGREEMENT}"
    title = f"{results.task}, {results.split} split, {results.num_examples:,} examples{agreed}"
    return title if results.test is None else f"{title}; {results.test.split}, {results.test.num_examples:,} examples"


def _sorted(results: Results) -> list[ModelResult]:
    return sorted(results.models, key=lambda model: rank_role(model.role))


def _header(results: Results) -> list[str]:
    others = [name_metric(name) for name in list(results.models[0].metrics)[1:]]
    kinds = {type(model.fidelity) for model in results.models}
    likeness = ["r with teacher", "mean distance"] if ScoreFidelity in kinds else ["same as teacher", "KL from teacher"]
    if kinds == {type(None)}:
        likeness = []
    sizes = ["encoder weights", "all weights", "MB", "sentences/s"]
    return ["model", *_name_scores(results), *others, *likeness, *sizes]


def _name_scores(results: Results) -> list[str]:
    """Name the columns of the primary metric: that of the test set first, then that of the split."""
    metric, chosen = name_metric(results.primary_metric), "\n(chosen on)" if results.chosen_on == "dev" else ""
    if results.test is None:
        return [metric + chosen]
    return [f"{metric}, {results.test.split}", f"{metric}, {results.split}{chosen}"]


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
    others = [*model.metrics.values()][1:]
    tested = None if results.test is None else results.test.find(model.role)
    scored: list[ModelResult | QuotedModel] = [model] if tested is None else [tested, model]
    return [
        name_role(model.role, model.name),
        *(f"{write_hundred(each.score)}\n{write_brackets(each.interval)}" for each in scored),
        *map(write_hundred, others),
        *(_likeness(model) if any(each.fidelity for each in results.models) else ()),
        encoder,
        write_count(model.parameters.total),
        f"{model.size_bytes / 1e6:,.1f}" if model.has_weights else _ABSENT,
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
    where = "" if results.test is None else f" on {results.test.split}"
    comparisons = [
        f"student minus {name_role(item.other)}{where}: "
        f"{write_hundred(item.difference, sign='+')} {write_brackets(item.interval, sign='+')} {metric}"
        for item in results.quoted.comparisons
    ]
    without = [NO_INTERVAL] if any(model.interval[0] == model.interval[1] for model in results.models) else []
    formats = {model.speed.precision for model in results.models if model.speed is not None}
    measured = f", measured in {', '.join(sorted(formats))}" if formats else ""
    first = f"metrics x 100, [95 % interval over examples]{measured}"
    learnt = [] if results.transfer is None else [results.transfer.tell()]
    marks = [mark] if (mark := tell_choice(results)) else []
    marks += [] if results.test is None else [f"figures that name no split are those on {results.split}"]
    trusted = [] if results.trust is None else [f"when to trust it: {results.trust.tell()}"]
    return [first, *marks, *without, *learnt, *others, *comparisons, *describe_worth(results), *trusted]


def tell_choice(results: Results) -> str | None:
    """Say which examples chose the weights, and which figures are to be quoted for it.

    Args:
        results: What was measured.

    Returns:
        A sentence without its full stop; None where nobody knows.
    """
    split, test = results.split, results.test
    quote = "" if test is None else f"; quote those on {test.split}, which chose nothing"
    match results.chosen_on:
        case "dev":
            return f"{split} also chose the weights, so its figures are a little too good{quote}"
        case "train":
            return f"the weights were chosen on a part of train, and nothing on {split}{quote}"
        case "nothing":
            return f"the last weights were taken: nothing was chosen on {split}{quote}"
    return None if test is None else f"quote the figures on {test.split}"


def _rate(model: ModelResult) -> str:
    if model.speed is None:
        return _ABSENT
    rate = model.speed.sentences_per_second
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _in_brackets(detail: str) -> str:
    return f"\n({detail})" if detail else ""
