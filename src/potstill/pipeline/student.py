"""Build a student as it is before training, or on paper alone, and refuse what cannot be trained."""

from dataclasses import dataclass

import torch

from potstill.answers import OneClass
from potstill.errors import PotstillError, RecipeError
from potstill.hub import (
    Encoder,
    ParameterCounts,
    add_vocabulary_head,
    check_layers,
    copy_vocabulary_head,
    count_parameters,
    draft_encoder,
    find_masked_lm,
    load_encoder_base,
    set_config_words,
)
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.stages import read_projections
from potstill.pipeline.targets import check_targets, make_distiller
from potstill.recipe import Recipe
from potstill.students import RandomStart
from potstill.tensors import EncoderShape
from potstill.training import Distiller, StageConfig

_KEEPS_HEAD = ("teacher_layers", "svd")
"""Starts with which the base's masked-LM head is of use, beside a checkpoint and the whole base."""


def build_student(run: OpenRun[Source], teacher: RunTeacher | None) -> Encoder:
    """Build the student of a recipe, and refuse a recipe whose objectives cannot follow the teacher."""
    recipe, source = run.recipe, run.source
    torch.manual_seed(recipe.seed)
    origin = _find_origin(run, teacher)
    student = recipe.student.build(
        origin, source.label_names, calibration=source.calibration_set(origin), examples=source.texts
    )
    set_config_words(student, source.config_words)
    if recipe.compile:
        check_layers(student)
    read_projections(recipe.student)  # a damaged file is refused now
    distillers = [_hold_against(run, student, teacher, stage) for stage in recipe.stages if not stage.optional]
    if any(distiller.student_needs.vocabulary for distiller in distillers):
        return _with_vocabulary_head(student, recipe)
    return student


def leave_out_stages(run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None) -> Recipe:
    """Give the recipe without its optional stages that ask for what student or teacher have not."""
    unfit = find_unfit_stages(run, student, teacher)
    for name, why in unfit.items():
        run.callback.note(f"{name} is left out: {why}")
    kept = tuple(stage for stage in run.recipe.stages if stage.name not in unfit)
    return run.recipe.model_copy(update={"stages": kept})


def find_unfit_stages(run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None) -> dict[str, str]:
    """Say of optional stages that ask for what student or teacher have not why they are left out."""
    unfit = {}
    for stage in run.recipe.stages:
        try:
            _hold_against(run, student, teacher, stage)
        except PotstillError as error:
            if not stage.optional:
                raise
            unfit[stage.name] = str(error)
    return unfit


def _hold_against(run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None, stage: StageConfig) -> Distiller:
    """Put a student and a stage together, and refuse objectives that cannot follow the teacher."""
    distiller = make_distiller(stage, student, teacher)
    check_targets(distiller, teacher, path=f"stages.{stage.name}")
    return distiller


def _find_origin(run: OpenRun[Source], teacher: RunTeacher | None) -> Encoder:
    """Load what the student is started from."""
    recipe = run.recipe
    if recipe.start_from == "teacher" and recipe.teacher.answers is None:
        assert teacher is not None, "a recipe that starts from the teacher has one"
        return teacher.model
    if recipe.teacher.base is None:
        raise RecipeError(
            "start_from: 'base' starts the student from the pre-trained encoder, which is not given; pass "
            "--teacher-base, or set start_from = 'teacher'."
        )
    return load_encoder_base(recipe.teacher.base, label_names=run.source.label_names, head=run.source.head)


def _with_vocabulary_head(student: Encoder, recipe: Recipe) -> Encoder:
    """Give the student a masked-LM head: the one of what it starts from, as far as it is of use, else a fresh one."""
    given = add_vocabulary_head(student)
    init = getattr(recipe.student, "init", None)
    if init is not None and init.kind == "checkpoint":
        trained, with_transform = find_masked_lm(init.path), True
    elif init is None or init.kind in _KEEPS_HEAD:
        assert recipe.teacher.base is not None, "stages that predict tokens have a base"
        trained = find_masked_lm(recipe.teacher.base)
        with_transform = init is None or getattr(init, "vocabulary_transform", False)
    else:
        return given
    if trained is not None:
        copy_vocabulary_head(given, trained, with_transform=with_transform)
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Sizes of a teacher and of the student that a recipe makes of it, with two labels.

    Attributes:
        teacher: The teacher's sizes.
        teacher_parameters: Its weights by part.
        student: The student's sizes.
        parameters: Its weights by part.
        training_only: Weights of the objectives' projections, which are not saved with the student, by stage.
        layer_pairs: Pairs (student layer, teacher layer) that each objective with layers compares, by its path in
            the recipe; 0 is the embedding output.
    """

    teacher: EncoderShape
    teacher_parameters: ParameterCounts
    student: EncoderShape
    parameters: ParameterCounts
    training_only: dict[str, int]
    layer_pairs: dict[str, tuple[tuple[int, int], ...]]


def draw_blueprint(recipe: Recipe, *, teacher: str | None = None) -> Blueprint:
    """Build student and objectives for a task with two classes, on no device at all.

    Args:
        recipe: The recipe.
        teacher: A model, of which only the config is read; None = BERT-base.

    Returns:
        What would be built.

    Raises:
        ModelError: There is no such teacher.
        RecipeError: Student or objectives do not fit it, or the student's sizes depend on the data.
    """
    source = draft_encoder(teacher)
    config = recipe.student
    if hasattr(config, "init"):
        config = config.model_copy(update={"init": RandomStart()})
    if config.depends_on_texts:
        raise RecipeError(f"student.kind: the sizes of a '{config.kind}' student depend on the texts of the task.")
    training_only: dict[str, int] = {}
    layer_pairs: dict[str, tuple[tuple[int, int], ...]] = {}
    with torch.device("meta"):
        student = config.build(source, source.label_names)
        for number, stage in enumerate(recipe.stages):
            kept = [objective for objective in stage.objectives if objective.when in ("always", OneClass.when)]
            distiller = Distiller(student, [source.shape], kept, path=f"stages.{stage.name}")
            training_only[stage.name] = sum(part.numel() for part in distiller.objectives.parameters())
            for objective, built in zip(kept, distiller.objectives, strict=True):
                if isinstance(pairs := getattr(built, "layer_pairs", None), tuple):
                    layer_pairs[f"stages.{number}.objectives.{stage.objectives.index(objective)}"] = pairs
    return Blueprint(
        teacher=source.shape,
        teacher_parameters=count_parameters(source),
        student=student.shape,
        parameters=count_parameters(student),
        training_only=training_only,
        layer_pairs=layer_pairs,
    )
