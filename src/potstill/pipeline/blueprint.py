"""What a recipe would build beside a teacher of given sizes: counted to the unit, without a weight being made."""

from dataclasses import dataclass

import torch

from potstill.answers import OneClass
from potstill.errors import RecipeError
from potstill.hub import ParameterCounts, count_parameters, draft_encoder
from potstill.recipe import Recipe
from potstill.students import RandomStart
from potstill.tensors import EncoderShape
from potstill.training import Distiller


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
    if config.kind not in ("bert", "distilbert", "whole"):
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
