"""Measure what a run made: teacher, student and controls, from their saved folders, on the same examples."""

from collections.abc import Mapping

from potstill.evaluation import (
    EvaluatedModel,
    EvaluationConfig,
    Results,
    Role,
    Subject,
    collect_results,
    describe_environment,
    evaluate_model,
    merge_models,
)
from potstill.hub import Encoder, load_classifier
from potstill.pipeline.study import Guide, Study
from potstill.run_folder import RunFolder

__all__ = ["measure"]

_ROLES: dict[str, Role] = {
    "student": "student",
    "hard-labels": "student_hard_labels",
    "random-start": "student_random_start",
}


def measure(study: Study, guide: Guide | None, folder: RunFolder, trained: Mapping[str, float]) -> Results:
    """Evaluate every model of a run on the development set.

    Args:
        study: The run.
        guide: Its teacher, if it has one.
        folder: The run folder.
        trained: Seconds of training by name: `student` and the controls.

    Returns:
        What belongs into results.json; an ensemble of teachers counts as one.
    """
    evaluated = [] if guide is None else [_measure_teacher(study, guide)]
    for name, seconds in trained.items():
        place = folder if name == "student" else folder.nested(name)
        role: Role = "model" if study.recipe.student.kind == "whole" else _ROLES[name]
        encoder = load_classifier(str(place.student))
        evaluated.append(_measure(study, encoder, role, study.recipe.name, guide=guide, seconds=seconds))
    return collect_results(study.data.task, study.data.dev, evaluated, environment=describe_environment())


def _measure_teacher(study: Study, guide: Guide) -> EvaluatedModel:
    singles = [_measure(study, single.encoder, "teacher", single.name) for single in guide.singles]
    if len(singles) == 1:
        return singles[0]
    return merge_models(singles, guide.dev_logits, study.data.task, study.data.dev, name=guide.name)


def _measure(
    study: Study, encoder: Encoder, role: Role, name: str, *, guide: Guide | None = None, seconds: float | None = None
) -> EvaluatedModel:
    return evaluate_model(
        Subject(
            role=role,
            name=name,
            encoder=encoder.to(study.device),
            batches=study.batches("dev", encoder),
            training_seconds=seconds,
            other_splits={
                other: (study.batches(other, encoder), split) for other, split in study.data.other_dev.items()
            },
        ),
        study.data.task,
        study.data.dev,
        teacher_logits=None if guide is None else guide.dev_logits,
        config=EvaluationConfig(precision=study.precision),
        observer=study.observer,
    )
