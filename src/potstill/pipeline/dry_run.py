"""What a run would do and what it would take, before anything of it is made or written."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from potstill.controls import find_controls
from potstill.hub import Encoder, count_parameters, load_encoder_base, set_config_words
from potstill.pipeline.begun import check_tools
from potstill.pipeline.estimate import StageEstimate, estimate_seconds, estimate_stages
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import check_general, task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student, leave_out_stages
from potstill.pipeline.teacher import find_teacher, plan_finetuning
from potstill.pipeline.transfer import check_gold, load_examples, settle, with_texts
from potstill.progress import ProgressCallback
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder
from potstill.training import StageConfig

_BYTES = 4
_OF_A_CHECKPOINT = 4
"""Weights, two moments of the optimizer, the best weights so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """A model of a run that is planned.

    Attributes:
        name: What it is, or what the user called it.
        num_layers: Its layers.
        hidden_size: Their width.
        num_parameters: All its weights; 0 where only answers are known.
        seconds: What it takes to make it first; 0 where it is there.
    """

    name: str
    num_layers: int
    hidden_size: int
    num_parameters: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """A stage of a run that is planned.

    Attributes:
        name: Its name.
        reads: Which texts.
        num_texts: How many of them.
        num_steps: Optimizer steps.
        objectives: What the student is trained towards.
        learning_rates: The highest rate, or several of which a trial chooses.
        seconds: What it takes, with its controls.
    """

    name: str
    reads: str
    num_texts: int
    num_steps: int
    objectives: tuple[str, ...]
    learning_rates: tuple[float, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a run would do.

    Attributes:
        recipe: Its name.
        folder: Where it would go.
        reads: What was read of the data, in a line.
        teacher: Whom the student follows; None where it follows nobody.
        student: What is trained.
        stages: How.
        notes: What is not counted.
        device: Where it would run.
        precision: The arithmetic of its matrix products.
        seconds: All of it, about.
        peak_bytes: Disk that it takes while it trains, about.
        final_bytes: Disk that it takes in the end, about.
        free_bytes: Disk that there is.
    """

    recipe: str
    folder: Path
    reads: str
    teacher: PlannedModel | None
    student: PlannedModel
    stages: tuple[PlannedStage, ...]
    notes: tuple[str, ...]
    device: str
    precision: str
    seconds: float
    peak_bytes: int
    final_bytes: int
    free_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values.

        Returns:
            Values by name.
        """
        return asdict(self) | {"folder": str(self.folder)}


def plan_on_paper(recipe: Recipe, out: Path, baselines: Sequence[str], watch: ProgressCallback) -> DryRun:
    """Read data and models, time a few steps, and leave nothing behind."""
    check_tools(recipe)
    controls, data = find_controls(baselines), load_examples(recipe)
    recipe = settle(recipe, data)
    check_general(recipe)
    real, notes = RunFolder(path=out), _notes(recipe)
    with TemporaryDirectory() as aside:
        source = TaskSource(recipe=_without_new_texts(task_part(recipe)), data=data)
        run = with_texts(OpenRun(source=source, folder=RunFolder(path=Path(aside) / "run"), callback=watch))
        for control in controls:
            check_gold(control.change(run.recipe), data)
        teacher, first = _find_teacher(run, real)
        student = build_student(run, teacher)
        run = replace(run, source=replace(run.source, recipe=leave_out_stages(run, student, teacher)))
        estimates = estimate_stages(run, student, teacher, num_controls=len(controls))
        reads = run.source.describe(student)
    made = [student] * (1 + len(controls)) + ([teacher.model] if teacher is not None and first else [])
    factor = _count_copies(recipe, data.task.name)
    stages = tuple(
        _stage(stage, estimate, factor if stage.data in ("augmented", "transfer") else 1)
        for stage, estimate in zip(_stages_as_given(recipe, run), estimates, strict=True)
    )
    peak, final = _disk(recipe, made, max(stage.num_texts for stage in stages) * student.shape.num_labels)
    return DryRun(
        recipe=recipe.name,
        folder=out,
        reads=reads,
        teacher=None if teacher is None else replace(_model(teacher.encoder, teacher.name), seconds=first),
        student=_model(student, recipe.student.kind),
        stages=stages,
        notes=notes,
        device=str(run.device),
        precision=run.precision,
        seconds=first + sum(stage.seconds for stage in stages),
        peak_bytes=peak,
        final_bytes=final,
        free_bytes=shutil.disk_usage(_there(out)).free,
    )


def _find_teacher(run: OpenRun[TaskSource], real: RunFolder) -> tuple[RunTeacher | None, float]:
    """Load the teacher or, where it is to be fine-tuned first, its base; say how long that takes."""
    recipe = run.recipe
    follows_nobody = not recipe.needs_teacher and recipe.start_from == "base"
    if follows_nobody or recipe.teacher.names or recipe.teacher.answers or recipe.teacher.base is None:
        return find_teacher(run, lambda *_: None), 0.0
    finetuning, folder = plan_finetuning(run, real)
    if folder.is_finished:
        values = recipe.teacher.model_copy(update={"model": str(folder.path)})
        there = replace(run.source, recipe=recipe.model_copy(update={"teacher": values}))
        return find_teacher(replace(run, source=there), lambda *_: None), 0.0
    base = load_encoder_base(recipe.teacher.base, label_names=run.source.label_names)
    set_config_words(base, run.source.config_words)
    finetuning = finetuning.for_answer(run.source.data.task.answer)
    seconds = estimate_seconds(replace(run, source=replace(run.source, recipe=finetuning)), base, None)
    name = f"{recipe.teacher.base}, fine-tuned first"
    return RunTeacher(encoder=base, name=name, fingerprint="", dev_logits=None), seconds


def _without_new_texts(recipe: Recipe) -> Recipe:
    """Let stages read the examples that texts would be made from."""
    stages = tuple(
        stage.model_copy(update={"data": "task"}) if stage.data == "augmented" else stage for stage in recipe.stages
    )
    return recipe.model_copy(update={"stages": stages, "augmentation": None})


def _stages_as_given(recipe: Recipe, run: OpenRun[TaskSource]) -> list[StageConfig]:
    given = {stage.name: stage for stage in recipe.stages}
    return [given[stage.name] for stage in run.recipe.stages]


def _count_copies(recipe: Recipe, task: str) -> int:
    return 1 if recipe.augmentation is None else 1 + recipe.augmentation.count_copies(task)


def _stage(stage: StageConfig, estimate: StageEstimate, factor: int) -> PlannedStage:
    longer = factor if stage.epochs is not None else 1
    return PlannedStage(
        name=stage.name,
        reads=stage.data,
        num_texts=estimate.num_texts * factor,
        num_steps=estimate.num_steps * longer,
        objectives=tuple(objective.kind for objective in stage.objectives),
        learning_rates=stage.optimizer.rates_to_try or (stage.optimizer.rate,),
        seconds=estimate.seconds * longer,
    )


def _model(encoder: Encoder | None, name: str) -> PlannedModel:
    if encoder is None:
        return PlannedModel(name=name, num_layers=0, hidden_size=0, num_parameters=0)
    return PlannedModel(
        name=name,
        num_layers=encoder.shape.num_layers,
        hidden_size=encoder.shape.hidden_size,
        num_parameters=count_parameters(encoder).total,
    )


def _notes(recipe: Recipe) -> tuple[str, ...]:
    notes = []
    if recipe.corpus_stages and recipe.general is None:
        names = ", ".join(stage.name for stage in recipe.corpus_stages)
        notes.append(f"not counted: the stages on plain text ({names}); their own time is told when they begin")
    if recipe.augmentation is not None:
        notes.append("new texts are counted as if every try gave one; the time to make them is not counted")
    return tuple(notes)


def _disk(recipe: Recipe, trained: Sequence[Encoder], num_answers: int) -> tuple[int, int]:
    """Count bytes at most, and in the end: weights, checkpoints, logits; states are not known before their trial."""
    weights = [_BYTES * count_parameters(encoder).total for encoder in trained]
    final = _BYTES * num_answers + sum(weights) * (1 + _OF_A_CHECKPOINT * recipe.checkpoints.keep)
    return final + _OF_A_CHECKPOINT * max(weights), final


def _there(path: Path) -> Path:
    """Give the nearest folder that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())
