"""Measure what a run made: teacher, student and controls, from their saved folders, on the same examples."""

from collections.abc import Mapping

from potstill.evaluation import (
    EvaluationConfig,
    Results,
    Role,
    Subject,
    collect_results,
    describe_environment,
    evaluate_model,
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
        What belongs into results.json.
    """
    recipe, data = study.recipe, study.data
    config = EvaluationConfig(precision=study.precision)
    models: list[tuple[Role, str, Encoder, float | None]] = []
    if guide is not None:
        models.append(("teacher", guide.name, guide.encoder, None))
    for name, seconds in trained.items():
        place = folder if name == "student" else folder.nested(name)
        role: Role = "model" if recipe.student.kind == "whole" else _ROLES[name]
        models.append((role, recipe.name, load_classifier(str(place.student)), seconds))
    teacher_logits = guide.dev_logits if guide is not None else None
    evaluated = [
        evaluate_model(
            Subject(
                role=role,
                name=name,
                encoder=encoder.to(study.device),
                batches=study.batches("dev", encoder),
                training_seconds=seconds,
                other_splits={other: (study.batches(other, encoder), split) for other, split in data.other_dev.items()},
            ),
            data.task,
            data.dev,
            teacher_logits=None if role == "teacher" else teacher_logits,
            config=config,
            observer=study.observer,
        )
        for role, name, encoder, seconds in models
    ]
    return collect_results(data.task, data.dev, evaluated, environment=describe_environment())
