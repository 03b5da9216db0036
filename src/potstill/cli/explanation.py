"""A recipe as a page to read."""

import inspect
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape

from potstill.errors import PotstillError
from potstill.objectives import AnyObjectiveConfig
from potstill.recipe import Recipe
from potstill.training import BoundedEpochs, StageConfig

if TYPE_CHECKING:
    from potstill.pipeline import Blueprint
    from potstill.recipes import RecipeFile

_INDENT = "  "
_PARTS = ("embeddings", "encoder", "pooler", "head", "vocabulary_head")


def print_explanation(recipe: Recipe, file: "RecipeFile", console: Console, *, teacher: str | None = None) -> None:
    """Print what a recipe does, stage by stage, with the meaning and the source of every field that it sets."""
    from potstill.pipeline import draw_blueprint

    try:
        page = _Page(recipe, file, draw_blueprint(recipe, teacher=teacher), teacher=teacher or "BERT-base")
    except PotstillError as error:
        if teacher is not None:
            raise
        page = _Page(recipe, file, None, teacher="BERT-base", reason=str(error))
    for line in page.write():
        console.print(line)


class _Page:
    """The lines of a page, from a recipe, its file and what it would build."""

    def __init__(
        self, recipe: Recipe, file: "RecipeFile", blueprint: "Blueprint | None", *, teacher: str, reason: str = ""
    ) -> None:
        self.recipe, self.file, self.blueprint, self.teacher, self.reason = recipe, file, blueprint, teacher, reason

    def write(self) -> list[str]:
        recipe = self.recipe
        lines = [f"[bold]{escape(recipe.name)}[/]", escape(recipe.description)]
        if recipe.paper is not None:
            lines.append(f"Paper: {escape(recipe.paper)}")
        if self.file.extends is not None:
            lines.append(f"Extends: {escape(self.file.extends)}")
        if self.file.published:
            lines += ["", "[bold]Published[/]", *(f"{_INDENT}{escape(line)}" for line in self.file.published)]
        lines += ["", "[bold]Teacher[/]", _INDENT + self._teacher()]
        lines += ["", f"[bold]Student[/]: {escape(recipe.student.kind)}", *_summary(recipe.student, 1)]
        lines += self._fields(recipe.student, 1, place="student", skip=("kind",))
        lines += ["", *self._sizes()]
        for number, stage in enumerate(recipe.stages):
            title = f"[bold]Stage {number + 1} of {len(recipe.stages)}: {escape(stage.name)}[/]"
            lines += ["", title, *self._stage(stage, number)]
        others = self._fields(recipe, 1, skip=("name", "description", "paper", "student", "stages"))
        lines += ["", "[bold]Whole run[/]", *others] if others else []
        if self.file.ablations:
            lines += ["", "[bold]Ablations[/] (--ablation NAME)"]
            for name, ablation in self.file.ablations.items():
                lines.append(f"{_INDENT}{escape(name)}: {escape(ablation.doc)}")
                lines += [f"{_INDENT * 3}[dim]{escape(change)}[/]" for change in ablation.set]
        lines += [
            "",
            "Change any field with --set PATH=VALUE; see all of them with "
            f"'potstill recipes explain {escape(self.recipe.name)} --json'.",
        ]
        return lines

    def _teacher(self) -> str:
        follows = "The student follows a teacher" if self.recipe.needs_teacher else "No loss follows a teacher"
        return f"{follows}; the student {escape(_tell_start(self.recipe))}."

    def _sizes(self) -> list[str]:
        """Write the weights out by part, since published figures count them by different conventions."""
        if self.blueprint is None:
            return [f"[bold]Weights[/]: not written out for a teacher like BERT-base: {escape(self.reason)}"]
        ours, theirs = self.blueprint.parameters, self.blueprint.teacher_parameters
        shape, full = self.blueprint.student, self.blueprint.teacher
        lines = [f"[bold]Weights[/] with 2 labels, for a teacher like {escape(self.teacher)}"]
        header = f"{'':14}{'student':>14}{'teacher':>14}{'times fewer':>14}"
        lines.append(_INDENT + header)
        for part in (*_PARTS, "total"):
            mine, other = getattr(ours, part), getattr(theirs, part)
            if mine or other:
                fewer = f"{other / mine:.1f}" if mine and other else ""
                lines.append(f"{_INDENT}{part.replace('_', ' '):14}{mine:>14,}{other:>14,}{fewer:>14}")
        extra = max(self.blueprint.training_only.values(), default=0)
        if extra:
            lines.append(f"{_INDENT}{'training only':14}{extra:>14,}  (projections, not saved with the student)")
        lines.append(
            f"{_INDENT}{shape.num_layers} layers of {shape.hidden_size}, feed-forward {shape.feed_forward_size}, "
            f"{shape.num_heads} heads; teacher {full.num_layers} of {full.hidden_size}, {full.feed_forward_size}, "
            f"{full.num_heads} heads."
        )
        return lines

    def _stage(self, stage: StageConfig, number: int) -> list[str]:
        lines = [_INDENT + line for line in _course(stage)]
        place = f"stages.{stage.name}"
        for position, objective in enumerate(stage.objectives):
            lines += [f"{_INDENT}[bold]{escape(objective.kind)}[/]{_only(objective)}", *_summary(objective, 2)]
            where = f"{place}.objectives.{objective.kind}"
            lines += self._fields(objective, 2, place=where, skip=("kind",))
            lines += self._pairs(f"stages.{number}.objectives.{position}")
        settings = self._fields(stage, 2, place=place, skip=("name", "objectives", "batches", "optimizer", "schedule"))
        for name in ("batches", "optimizer", "schedule"):
            settings += self._fields(getattr(stage, name), 2, place=f"{place}.{name}", prefix=f"{name}.")
        return lines + ([f"{_INDENT}Settings", *settings] if settings else [])

    def _pairs(self, place: str) -> list[str]:
        """Write a layer map out for the teacher."""
        pairs = None if self.blueprint is None else self.blueprint.layer_pairs.get(place)
        if self.blueprint is None or pairs is None:
            return []
        told = ", ".join(f"{ours} follows {theirs}" for ours, theirs in pairs)
        return [f"{_INDENT * 2}With a teacher of {self.blueprint.teacher.num_layers} layers: {told}."]

    def _fields(
        self, config: BaseModel, depth: int, *, place: str = "", prefix: str = "", skip: tuple[str, ...] = ()
    ) -> list[str]:
        """Give the fields that the recipe sets, with their docs and sources; a group of fields is opened up."""
        lines: list[str] = []
        for name, field in type(config).model_fields.items():
            if name not in config.model_fields_set or name in skip:
                continue
            value = getattr(config, name)
            path = f"{place}.{name}" if place else name
            if isinstance(value, BaseModel):
                if (kind := getattr(value, "kind", None)) is not None:
                    lines += [f"{_INDENT * depth}{prefix}{name}: {escape(kind)}", *_summary(value, depth + 2)]
                lines += self._fields(value, depth, place=path, prefix=f"{prefix}{name}.", skip=("kind",))
                continue
            lines.append(f"{_INDENT * depth}{prefix}{name} = {escape(_write(value))}{_default(value, field.default)}")
            lines += [
                f"{_INDENT * (depth + 2)}[dim]{escape(line)}[/]" for line in (field.description or "").split("\n")
            ]
            lines += [f"{_INDENT * (depth + 2)}{line}" for line in self._tell_source(path, value)]
        return lines

    def _tell_source(self, path: str, value: Any) -> list[str]:  # noqa: ANN401 - any field
        """Tell what the file, or the one that it extends, says beside a field, where the value is the file's."""
        source = self.file.sources.get(path)
        written = None if source is None else tuple(source.value) if isinstance(source.value, list) else source.value
        if source is None or written != value:
            return []
        if source.recipe != self.file.name:
            return [escape(f"From {source.recipe}: {source.comment}." if source.comment else f"From {source.recipe}.")]
        return [f"Here: {escape(source.comment)}."] if source.comment else []


def _tell_start(recipe: Recipe) -> str:
    """Tell what the student's first weights are."""
    if recipe.general is not None:
        return f"starts from the general student '{recipe.general}'"
    is_base = recipe.start_from == "base" or recipe.teacher.answers is not None or bool(recipe.corpus_stages)
    source = "the pre-trained encoder (--teacher-base)" if is_base else "the fine-tuned teacher"
    start = recipe.student.tell_start(source)
    is_handed_on = 0 < len(recipe.corpus_stages) < len(recipe.stages)
    return f"{start}; what the stages on plain text leave goes on to the task" if is_handed_on else start


def _course(stage: StageConfig) -> list[str]:
    """Tell how long a stage goes on what, and how its steps are made."""
    names = {"task": "the training examples", "transfer": "all texts", "corpus": "the corpus"}
    read = names.get(stage.data, f"the {stage.data} examples")
    length = f"{stage.steps} steps on {read}" if stage.epochs is None else f"{_write_passes(stage.epochs)} over {read}"
    schedule, optimizer = stage.schedule, stage.optimizer
    falls = "stays from then on" if schedule.kind == "constant" else "falls to zero at the end"
    name = {"adadelta": "Adadelta", "adamw": "AdamW", "bert_adam": "BERT's Adam"}[optimizer.kind]
    kept = {"best": "the best weights on the development set go on", "last": "the last weights go on"}[stage.select]
    sizes = f"up to {stage.batches.tokens_per_batch} tokens"
    if stage.batches.examples_per_batch is not None:
        sizes += f" and {stage.batches.examples_per_batch} examples"
    return [
        f"Length: {length}; {kept}.",
        f"Batches: {sizes}, {stage.accumulate} to an optimizer step.",
        f"{name}: the learning rate rises to {_write_rates(stage)} over {schedule.warmup:.0%} of the "
        f"steps and {falls}; weight decay {optimizer.weight_decay:g}.",
        f"Loss: {' + '.join(f'{item.weight:g} x {item.kind}{_only(item)}' for item in stage.objectives)}",
    ]


def _write_passes(epochs: float | BoundedEpochs) -> str:
    if not isinstance(epochs, BoundedEpochs):
        return f"{epochs:g} passes"
    most = "" if epochs.max_steps is None else f" and at most {epochs.max_steps:,}"
    return f"{epochs.passes:g} passes (at least {epochs.min_steps:,}{most} steps)"


def _write_rates(stage: StageConfig) -> str:
    tried = stage.optimizer.rates_to_try
    if not tried:
        return f"{stage.optimizer.rate:g}"
    return f"the best of {', '.join(f'{rate:g}' for rate in tried)} (each tried for {stage.trial_steps} steps)"


def _only(objective: AnyObjectiveConfig) -> str:
    return "" if objective.when == "always" else f" (if a {objective.when})"


def _summary(config: BaseModel, depth: int) -> list[str]:
    """Give the doc of a config's class."""
    text = inspect.getdoc(type(config)) or ""
    return [f"{_INDENT * depth}{escape(line)}".rstrip() for line in text.split("\n")]


def _write(value: Any) -> str:  # noqa: ANN401 - any field
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_write, value))}]" if isinstance(value, tuple) else str(value)


def _default(value: Any, default: Any) -> str:  # noqa: ANN401 - any field
    is_told = default != value and isinstance(default, str | int | float | bool | tuple)
    return escape(f" (default {_write(default)})") if is_told else ""
