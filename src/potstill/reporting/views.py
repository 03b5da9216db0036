"""The tables of a report: what stands in which cell."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from potstill.results import (
    AGREEMENT,
    NO_INTERVAL,
    ClassFidelity,
    ModelResult,
    QuotedModel,
    Results,
    ScoreFidelity,
    Table,
    figure_columns,
    name_metric,
    name_role,
    rank_role,
    tell_choice,
    word_columns,
    write_brackets,
    write_count,
    write_hundred,
)


def lay_out(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Lay figures out beside the names of their rows; what is absent gets a dash."""
    return Table(
        title=title,
        columns=(*word_columns(*names[:1]), *figure_columns(*names[1:])),
        rows=tuple((row[0], *(cell or "–" for cell in row[1:])) for row in rows),
    )


def in_order(results: Results) -> list[ModelResult]:
    """Sort the models from what is compared with to what is compared."""
    return sorted(results.models, key=lambda model: rank_role(model.role))


def model_table(results: Results) -> Table:
    """Put every figure of every model into one table."""
    models = in_order(results)
    primary, *others = results.models[0].metrics
    rows = [*_test_rows(results), (_name_score(results), [_write_score(each) for each in models])]
    for key in others:
        cells = [write_hundred(each.metrics[key]) if key in each.metrics else "" for each in models]
        rows.append((name_metric(key), cells))
    further = dict.fromkeys(
        (split, name) for each in models for split, metrics in each.other_splits.items() for name in metrics
    )
    for split, name in further:
        scores = [each.other_splits.get(split, {}).get(name) for each in models]
        cells = ["" if score is None else write_hundred(score) for score in scores]
        rows.append((f"{name_metric(name)}, {split} split", cells))
    rows += [(name, [write(each) for each in models]) for name, write in _FIGURES.items()]
    choice = tell_choice(results)
    return lay_out(
        f"Every model on the {results.split} split of {results.task}, {results.num_examples:,} examples"
        f"{'' if results.reference == 'gold' else f', {AGREEMENT}'}"
        f"{'' if results.test is None else f', and on {results.test.split}, {results.test.num_examples:,} examples'}. "
        "Metrics are times 100, with 95 % intervals over examples; the spread between training seeds is not in them."
        + ("" if choice is None else f" {choice[0].upper()}{choice[1:]}.")
        + (f" {NO_INTERVAL}." if any(each.interval[0] == each.interval[1] for each in models) else ""),
        ("figure", *(name_role(each.role, each.name) for each in models)),
        [(name, *cells) for name, cells in rows if any(cells)],
    )


def _test_rows(results: Results) -> Iterator[tuple[str, list[str]]]:
    """Give the metrics on the test set, which are to be quoted."""
    if results.test is None:
        return
    models = [results.test.find(each.role) for each in in_order(results)]
    for key in results.test.models[0].metrics:
        cells = ["" if each is None else _write_metric(each, key, results.primary_metric) for each in models]
        yield f"{name_metric(key)}, {results.test.split}", cells


def _name_score(results: Results) -> str:
    chosen = " (chosen on)" if results.chosen_on == "dev" else ""
    where = f", {results.split}" if results.test is not None or chosen else ""
    return f"{name_metric(results.primary_metric)}{where}{chosen}"


def _write_metric(model: QuotedModel, name: str, primary: str) -> str:
    return _write_score(model) if name == primary else write_hundred(model.metrics[name])


def _write_score(model: ModelResult | QuotedModel) -> str:
    return f"{write_hundred(model.score)} {write_brackets(model.interval)}"


def comparison_table(results: Results) -> Table:
    """Put the student beside each other model."""
    rows = []
    for item in results.quoted.comparisons:
        test = item.mcnemar
        rows.append(
            (
                f"student minus {name_role(item.other)}",
                f"{write_hundred(item.difference, sign='+')} {write_brackets(item.interval, sign='+')}",
                "" if item.share is None else f"{write_hundred(item.share)} %",
                "" if test is None else f"{test.only_student:,}",
                "" if test is None else f"{test.only_other:,}",
                "" if test is None else _write_p(test.p_value),
            )
        )
    header = (
        "comparison",
        name_metric(results.primary_metric),
        "share",
        "only the student right",
        "only the other right",
    )
    table = [(*header, "McNemar's p"), *rows]
    kept = [column for column in zip(*table, strict=True) if any(column[1:])]
    first, *rest = zip(*kept, strict=True) if kept else [()]
    return lay_out(
        f"The student against each other model on the same examples of {results.quoted.split}. Intervals are those of "
        "a paired bootstrap; McNemar's exact test looks only at the examples on which one of the two is right.",
        first,
        rest,
    )


def class_table(results: Results) -> Table | None:
    """Put precision, recall and F1 of each class side by side."""
    models = [model for model in in_order(results) if model.classes]
    if not models:
        return None
    header = ["class", "examples"]
    for model in models:
        name = name_role(model.role, model.name)
        header += [f"{name}: precision", "recall", "F1"]
    rows = []
    for index in sorted(range(len(models[0].classes)), key=lambda place: -models[0].classes[place].support):
        figures = [model.classes[index] for model in models]
        cells = [write_hundred(value) for each in figures for value in (each.precision, each.recall, each.f1)]
        rows.append((figures[0].label, f"{figures[0].support:,}", *cells))
    return lay_out(
        "How well each class is found, times 100; the most frequent class first.",
        header,
        rows,
    )


def flatten(values: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    """Write nested settings as `path = value`, as --set takes them."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and value:
            pairs += flatten(value, name)
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value):
                pairs += flatten(each, f"{name}.{number}")
        else:
            pairs.append((name, _write_value(value)))
    return pairs


def _fidelity(
    kind: type[ClassFidelity] | type[ScoreFidelity], write: Callable[[Any], str]
) -> Callable[[ModelResult], str]:
    """Write a figure of the likeness to the teacher, for models that have this kind of it."""
    return lambda model: write(model.fidelity) if isinstance(model.fidelity, kind) else ""


_FIGURES: dict[str, Callable[[ModelResult], str]] = {
    "same class as the teacher, %": _fidelity(ClassFidelity, lambda each: write_hundred(each.agreement)),
    "KL from the teacher, nats": _fidelity(ClassFidelity, lambda each: f"{each.divergence:.3f}"),
    "correlation with the teacher": _fidelity(ScoreFidelity, lambda each: f"{each.pearson:.3f}"),
    "mean distance from the teacher": _fidelity(ScoreFidelity, lambda each: f"{each.mean_absolute_difference:.3f}"),
    "calibration error, points": lambda model: (
        "" if model.calibration is None else write_hundred(model.calibration.error)
    ),
    "weights": lambda model: write_count(model.parameters.total),
    "weights of the embeddings": lambda model: write_count(model.parameters.embeddings),
    "weights of the layers": lambda model: write_count(model.parameters.encoder),
    "size, MB": lambda model: f"{model.size_bytes / 1e6:,.1f}" if model.has_weights else "",
    "sentences a second": lambda model: (
        ""
        if model.speed is None
        else f"{model.speed.sentences_per_second:,.0f} ({model.speed.slowest:,.0f} to {model.speed.fastest:,.0f})"
    ),
    "training, seconds": lambda model: "" if model.training_seconds is None else f"{model.training_seconds:,.0f}",
}


def _write_p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _write_value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return ", ".join(_write_value(each) for each in value)
    return "none" if value is None else json.dumps(value)
