"""Build a student as it is before training, and refuse what cannot be trained."""

import torch

from potstill.errors import RecipeError
from potstill.hub import (
    Encoder,
    add_vocabulary_head,
    check_layers,
    copy_vocabulary_head,
    find_masked_lm,
    load_encoder_base,
    set_config_words,
)
from potstill.pipeline.open_run import Guide, OpenRun, Source
from potstill.pipeline.stages import read_projections
from potstill.pipeline.targets import check_targets, make_distiller
from potstill.recipe import Recipe

_KEEPS_HEAD = ("teacher_layers", "svd")
"""Starts with which the base's masked-LM head is of use, beside a checkpoint and the whole base."""


def build_student(run: OpenRun[Source], guide: Guide | None) -> Encoder:
    """Build the student of a recipe, and refuse a recipe whose objectives cannot follow the teacher."""
    recipe, source = run.recipe, run.source
    torch.manual_seed(recipe.seed)
    origin = _find_origin(run, guide)
    student = recipe.student.build(origin, source.label_names, sample=source.sample(origin), examples=source.texts)
    set_config_words(student, source.config_words)
    if recipe.compile:
        check_layers(student)
    read_projections(recipe.student)  # a damaged file is refused now
    distillers = {stage.name: make_distiller(stage, student, guide) for stage in recipe.stages}
    for name, distiller in distillers.items():
        check_targets(distiller, guide, is_stored=recipe.teacher.store, path=f"stages.{name}")
    if any(distiller.student_needs.vocabulary for distiller in distillers.values()):
        return _with_vocabulary_head(student, recipe)
    return student


def _find_origin(run: OpenRun[Source], guide: Guide | None) -> Encoder:
    """Load what the student is started from."""
    recipe = run.recipe
    if recipe.start_from == "teacher":
        assert guide is not None, "a recipe that starts from the teacher has one"
        return guide.encoder
    if recipe.teacher.base is None:
        raise RecipeError(
            "start_from: 'base' starts the student from the pre-trained encoder, which is not given; pass "
            "--teacher-base, or set start_from = 'teacher'."
        )
    return load_encoder_base(recipe.teacher.base, label_names=run.source.label_names)


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
