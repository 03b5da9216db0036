"""A recipe as a page to read."""

import inspect
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape

from potstill.errors import RecipeError
from potstill.layer_map import LayerMap, resolve_layer_map
from potstill.objectives import AnyObjectiveConfig
from potstill.recipe import Recipe
from potstill.training import StageConfig

__all__ = ["print_explanation"]

_INDENT = "  "
_TEACHER_LAYERS = (6, 12)


def print_explanation(recipe: Recipe, console: Console) -> None:
    """Print what a recipe does, stage by stage, with the meaning of every field that it sets.

    Args:
        recipe: The recipe.
        console: Where to print.
    """
    for line in _explain(recipe):
        console.print(line)


def _explain(recipe: Recipe) -> list[str]:
    depth = getattr(recipe.student, "num_layers", None)
    lines = [f"[bold]{escape(recipe.name)}[/]", escape(recipe.description)]
    if recipe.paper is not None:
        lines.append(f"Paper: {escape(recipe.paper)}")
    lines += ["", "[bold]Teacher[/]", _INDENT + _teacher(recipe)]
    lines += ["", f"[bold]Student[/]: {escape(recipe.student.kind)}", *_summary(recipe.student, 1)]
    lines += _fields(recipe.student, 1, skip=("kind",), student_layers=depth)
    for number, stage in enumerate(recipe.stages, start=1):
        lines += ["", f"[bold]Stage {number} of {len(recipe.stages)}: {escape(stage.name)}[/]", *_stage(stage, depth)]
    others = _fields(recipe, 1, skip=("name", "description", "paper", "student", "stages"))
    lines += ["", "[bold]Whole run[/]", *others] if others else []
    lines += ["", "Change any field with --set PATH=VALUE; see all of them with 'potstill recipes explain --json'."]
    return lines


def _teacher(recipe: Recipe) -> str:
    start = {"teacher": "the fine-tuned teacher", "base": "the pre-trained encoder (--teacher-base)"}[recipe.start_from]
    follows = "The student follows a teacher" if recipe.needs_teacher else "No loss follows a teacher"
    return f"{follows}; it is started from {start}."


def _stage(stage: StageConfig, student_layers: int | float | None) -> list[str]:
    length = (
        f"{stage.epochs:g} passes over the training examples" if stage.epochs is not None else f"{stage.steps} steps"
    )
    schedule, optimizer = stage.schedule, stage.optimizer
    falls = "stays from then on" if schedule.kind == "constant" else "falls to zero at the end"
    name = {"adadelta": "Adadelta", "adamw": "AdamW", "bert_adam": "BERT's Adam"}[optimizer.kind]
    kept = {"best": "the best weights on the development set go on", "last": "the last weights go on"}[stage.select]
    sizes = f"up to {stage.batches.tokens_per_batch} tokens"
    if stage.batches.examples_per_batch is not None:
        sizes += f" and {stage.batches.examples_per_batch} examples"
    lines = [
        f"{_INDENT}Length: {length}; {kept}.",
        f"{_INDENT}Batches: {sizes}, {stage.accumulate} to an optimizer step.",
        f"{_INDENT}{name}: the learning rate rises to {optimizer.learning_rate:g} over {schedule.warmup:.0%} of the "
        f"steps and {falls}; weight decay {optimizer.weight_decay:g}.",
        f"{_INDENT}Loss: {' + '.join(f'{item.weight:g} x {item.kind}{_only(item)}' for item in stage.objectives)}",
    ]
    for objective in stage.objectives:
        lines += [f"{_INDENT}[bold]{escape(objective.kind)}[/]{_only(objective)}", *_summary(objective, 2)]
        lines += _fields(objective, 2, skip=("kind", "when"), student_layers=student_layers)
    shown = ("name", "objectives", "batches", "optimizer", "schedule")
    settings = _fields(stage, 2, skip=shown)
    for name in ("batches", "optimizer", "schedule"):
        settings += _fields(getattr(stage, name), 2, prefix=f"{name}.")
    return lines + ([f"{_INDENT}Settings", *settings] if settings else [])


def _only(objective: AnyObjectiveConfig) -> str:
    return "" if objective.when == "always" else f" (if a {objective.when})"


def _summary(config: BaseModel, depth: int) -> list[str]:
    """Give the doc of a config's class."""
    text = inspect.getdoc(type(config)) or ""
    return [f"{_INDENT * depth}{escape(line)}".rstrip() for line in text.split("\n")]


def _fields(
    config: BaseModel,
    depth: int,
    *,
    prefix: str = "",
    skip: tuple[str, ...] = (),
    student_layers: int | float | None = None,
) -> list[str]:
    """Give the fields that the recipe sets, with their docs; a group of fields is opened up."""
    lines: list[str] = []
    for name, field in type(config).model_fields.items():
        if name not in config.model_fields_set or name in skip:
            continue
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            if (kind := getattr(value, "kind", None)) is not None:
                lines += [f"{_INDENT * depth}{prefix}{name}: {escape(kind)}", *_summary(value, depth + 2)]
            lines += _fields(value, depth, prefix=f"{prefix}{name}.", skip=("kind",), student_layers=student_layers)
            continue
        lines.append(f"{_INDENT * depth}{prefix}{name} = {escape(_write(value))}{_default(value, field.default)}")
        lines += [f"{_INDENT * (depth + 2)}[dim]{escape(line)}[/]" for line in (field.description or "").split("\n")]
        if name in ("layer_map", "layers") and student_layers is not None:
            lines += [f"{_INDENT * (depth + 2)}{line}" for line in _maps(value, student_layers)]
    return lines


def _maps(layer_map: LayerMap, student_layers: int | float) -> list[str]:
    """Show a map for teachers of the usual depths, where it fits them; a depth below 1 is a share of the teacher's."""
    lines = []
    for teacher_layers in _TEACHER_LAYERS:
        depth = int(student_layers) if student_layers >= 1 else max(1, round(student_layers * teacher_layers))
        try:
            layers = resolve_layer_map(layer_map, student_layers=depth, teacher_layers=teacher_layers)
        except RecipeError:
            continue
        pairs = ", ".join(f"{ours} follows {theirs}" for ours, theirs in enumerate(layers, start=1))
        lines.append(f"With a teacher of {teacher_layers} layers: {pairs}.")
    return lines


def _write(value: Any) -> str:  # noqa: ANN401 - any field
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_write, value))}]" if isinstance(value, tuple) else str(value)


def _default(value: Any, default: Any) -> str:  # noqa: ANN401 - any field
    is_told = default != value and isinstance(default, str | int | float | bool | tuple)
    return escape(f" (default {_write(default)})") if is_told else ""
