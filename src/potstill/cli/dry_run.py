"""What `distill --dry-run` prints."""

from typing import TYPE_CHECKING

from potstill.cli.output import make_console, print_json, print_table

if TYPE_CHECKING:
    from potstill.pipeline import DryRun, PlannedModel, PlannedStage
    from potstill.results import Table


def print_plan(plan: "DryRun", *, as_json: bool) -> None:
    """Print plan, sizes, time and disk."""
    if as_json:
        print_json(plan.to_json())
        return
    from potstill.timing import format_seconds

    print_table(_tabulate(plan))
    lines = [
        f"time: about {format_seconds(plan.seconds)} on this machine ({plan.device}, {plan.precision}), then measuring",
        f"disk: about {_megabytes(plan.peak_bytes)} at most and {_megabytes(plan.final_bytes)} in the end, without "
        f"teacher states; {_megabytes(plan.free_bytes)} are free",
        *plan.notes,
        f"nothing was made; the run would go to {plan.folder}",
    ]
    make_console().print("\n".join(lines), markup=False)


def _tabulate(plan: "DryRun") -> "Table":
    from potstill.results import Table, figure_columns, word_columns
    from potstill.timing import format_seconds

    first = [] if plan.teacher is None else [("teacher", plan.teacher)]
    rows = [(what, "", "", _made(model), _size(model)) for what, model in [*first, ("student", plan.student)]]
    rows += [
        (stage.name, f"{stage.num_texts:,}", f"{stage.num_steps:,}", format_seconds(stage.seconds), _how(stage))
        for stage in plan.stages
    ]
    columns = (*word_columns(""), *figure_columns("texts", "steps", "time"), *word_columns("how"))
    return Table(title=plan.recipe, columns=columns, rows=tuple(rows), notes=(plan.reads,))


def _how(stage: "PlannedStage") -> str:
    rates = " or ".join(f"{rate:g}" for rate in stage.learning_rates)
    return f"{', '.join(stage.objectives)}; rate {rates}"


def _made(model: "PlannedModel") -> str:
    from potstill.timing import format_seconds

    return format_seconds(model.seconds) if model.seconds else ""


def _size(model: "PlannedModel") -> str:
    if model.num_parameters == 0:
        return f"{model.name}: answers"
    weights = f"{model.num_parameters / 1e6:.1f} M weights, {_megabytes(4 * model.num_parameters)}"
    return f"{model.name}: {model.num_layers} layers of {model.hidden_size}, {weights}"


def _megabytes(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e10 else f"{number / 1e6:,.1f} MB"
