"""Models side by side, as a table."""

from potstill.results import Table, figure_columns, word_columns
from potstill.serving.compare import ComparedModel, CompareReport


def make_compare_table(report: CompareReport) -> Table:
    """Lay models out side by side.

    Args:
        report: What was measured.

    Returns:
        A column for each model; the differences to the first one stand below.
    """
    models = report.models
    rows = [(f"{name} x 100", *(f"{100 * model.metrics[name]:.1f}" for model in models)) for name in models[0].metrics]
    rows += [
        ("same answer", "", *map(_likeness, report.fidelity)),
        ("weights", *(f"{model.num_parameters / 1e6:.1f} M" for model in models)),
        ("arithmetic", *(model.precision for model in models)),
        ("on disk", *(f"{model.size_bytes / 1e6:.1f} MB" for model in models)),
        ("sentences/s", *(f"{model.rate.median:,.0f}" for model in models)),
        ("times as fast", *(f"{model.rate.ratio:.1f}" for model in models)),
    ]
    for name in ("p50", "p95", "p99"):
        rows.append((f"one text, ms {name}", *(f"{getattr(model.latency, name):.1f}" for model in models)))
    if report.price_per_hour is not None:
        rows.append(("price of a million sentences", *(f"{model.cost_per_million:.3f}" for model in models)))
    return Table(
        title=f"{report.task}, {report.split}, {report.num_examples:,} examples",
        columns=(*word_columns(""), *figure_columns(*(f"{model.name}\n{model.backend}" for model in models))),
        rows=tuple(rows),
        notes=tuple(_notes(report)),
    )


def _notes(report: CompareReport) -> list[str]:
    metric = next(iter(report.models[0].metrics))
    notes = [
        f"{model.name} minus {report.models[0].name}: "
        f"{100 * difference:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}] {metric}"
        for model, difference, (low, high) in zip(report.models[1:], report.differences, report.intervals, strict=True)
    ]
    notes += [_saving(model, report.models[0]) for model in report.models[1:] if model.answered is not None]
    number = report.environment.get("num_threads")
    return [*notes, f"{number} CPU thread{'' if number == 1 else 's'}, models in turns"]


def _saving(model: ComparedModel, first: ComparedModel) -> str:
    """Say what a student saves that leaves to its teacher what it is not sure of."""
    answered, target = 100 * (model.answered or 0), 100 * (model.target or 0)
    told = (
        f"{model.name} answers {answered:.1f} % of the texts itself where {target:g} % of its answers are to be its "
        "teacher's"
    )
    if model.cost_with_first is None or not first.cost_per_million:
        return told
    share = 1 - model.cost_with_first / first.cost_per_million
    saved = f"{100 * share:.0f} % less" if share > 0 else f"{-100 * share:.0f} % more"
    return f"{told}; with the rest left to {first.name} a million cost {model.cost_with_first:.3f}, {saved}"


def _likeness(fidelity: object) -> str:
    agreement = getattr(fidelity, "agreement", None)
    return f"{100 * agreement:.1f} %" if agreement is not None else f"r = {getattr(fidelity, 'pearson', 0.0):.3f}"
