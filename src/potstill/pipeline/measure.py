"""Measure what a run made: teacher, student and controls, from their saved folders, on the same examples."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from potstill.evaluation import (
    EvaluatedModel,
    EvaluationConfig,
    Subject,
    choose_examples,
    collect_results,
    describe_environment,
    draw_attention,
    evaluate_model,
    merge_models,
)
from potstill.hub import Encoder, load_classifier
from potstill.pipeline.study import Guide, Study
from potstill.results import Predictions, Results, Role
from potstill.run_folder import RunFolder

CONTROL_ROLES: dict[str, Role] = {
    "hard-labels": "student_hard_labels",
    "base-start": "student_base_start",
    "random-start": "student_random_start",
}
"""The part that each control has in the results."""


def measure(study: Study, guide: Guide | None, folder: RunFolder, trained: Mapping[str, float | None]) -> Results:
    """Evaluate every model of a run on the development set, and keep what its report shows besides figures."""
    evaluated = [] if guide is None else [_measure_teacher(study, guide)]
    shown = {} if guide is None or guide.members else {"teacher": guide.encoder}
    for name, seconds in trained.items():
        place = folder if name == "student" else folder.nested(name)
        own: Role = "model" if study.recipe.student.kind == "whole" else "student"
        role = own if name == "student" else CONTROL_ROLES[name]
        encoder = load_classifier(str(place.student))
        evaluated.append(_measure(study, encoder, role, study.recipe.name, guide=guide, seconds=seconds))
        if name == "student":
            shown[role] = encoder
    _keep_evidence(study, {model.result.role: model.logits for model in evaluated}, shown, folder)
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


def _keep_evidence(
    study: Study, logits: Mapping[str, NDArray[np.float32]], shown: Mapping[str, Encoder], folder: RunFolder
) -> None:
    """Write every model's logits, the examples that are worth a look, and the attention over some of them."""
    task, dev = study.data.task, study.data.dev
    assert dev.labels is not None
    Predictions(
        task=task.name, kind=task.kind, split="dev", label_names=task.label_names, gold=dev.labels, logits=logits
    ).write(folder.predictions)
    chosen = choose_examples(task, dev, logits)
    chosen.write(folder.examples)
    maps = draw_attention(shown, dev, [example.id for example in chosen.spread])
    if maps is not None:
        maps.write(folder.attention)
