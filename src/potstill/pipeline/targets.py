"""Whom a stage follows: the logits that were stored, a teacher that runs beside the student, or several."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from potstill.errors import ModelError, RecipeError
from potstill.hub import Encoder
from potstill.objectives import objective_kinds
from potstill.pipeline.states import StageContext, StageStates
from potstill.pipeline.study import Guide, Study
from potstill.processes import main_first
from potstill.run_folder import RunFolder
from potstill.teachers import (
    EnsembleTeacher,
    JoinedTeacher,
    OnlineTeacher,
    StoredTeacher,
    Teacher,
    combine_logits,
    store_logits,
)
from potstill.tensors import Logits
from potstill.training import Distiller, StageConfig, TeacherNumber


def make_distiller(stage: StageConfig, student: Encoder, guide: Guide | None) -> Distiller:
    """Put a student and the objectives of a stage together."""
    singles = guide.singles if guide is not None else ()
    _check_layers(stage, {"student": student} | {f"teacher '{single.name}'": single.encoder for single in singles})
    shapes = [single.encoder.shape for single in singles]
    return Distiller(student, shapes, stage.objectives, path=f"stages.{stage.name}")


def _check_layers(stage: StageConfig, encoders: Mapping[str, Encoder]) -> None:
    """Refuse an objective that compares layers where an encoder has none."""
    objective = next((item for item in stage.objectives if item.reads_layers), None)
    name = next((name for name, encoder in encoders.items() if not encoder.has_layers), None)
    if objective is not None and name is not None:
        others = [kind for kind, each in objective_kinds().items() if not (each.reads_layers or each.reads_vocabulary)]
        raise RecipeError(
            f"stages.{stage.name}.objectives.{objective.kind}: the {name} is a BiLSTM, which has no layers to compare; "
            f"use only objectives on logits: {', '.join(others)}."
        )


def check_targets(study: Study, student: Encoder, distiller: Distiller, guide: Guide | None, *, path: str) -> None:
    """Refuse, before the first step, what student or teacher cannot give."""
    if distiller.student_needs.attention_layers:
        student.check_capture()
    for number, needs in distiller.teacher_needs.items():
        assert guide is not None, "objectives that follow a teacher are not built without one"
        if needs.attention_layers:
            guide.pick(number).encoder.check_capture()
        others = [
            single.name
            for single in guide.pick(number).singles
            if single.encoder.tokenizer.fingerprint != student.tokenizer.fingerprint
        ]
        if others and not needs.is_logits_only:
            raise ModelError(
                f"{path}: teacher '{others[0]}' has another tokenizer than the student, so their layers cannot be "
                "compared token by token; keep only losses on logits, or take models with one tokenizer."
            )
        if others and not study.recipe.teacher.store:
            raise RecipeError(
                f"teacher.store: teacher '{others[0]}' has another tokenizer than the student and cannot run on its "
                "batches; set store = true, so that its logits are looked up."
            )


def make_targets(context: StageContext, distiller: Distiller, guide: Guide | None) -> dict[TeacherNumber, Teacher]:
    """Give what answers the needs of a stage."""
    targets: dict[TeacherNumber, Teacher] = {}
    for number, needs in distiller.teacher_needs.items():
        assert guide is not None, "objectives that follow a teacher are not built without one"
        picked = guide.pick(number)
        if needs.is_logits_only:
            targets[number] = _logits_teacher(context, picked)
            continue
        states = StageStates(context=context, guide=picked.singles[0], needs=replace(needs, logits=False)).teacher(
            reads_padding=distiller.reads_padding
        )
        is_joined = needs.logits and not isinstance(states, OnlineTeacher)
        targets[number] = JoinedTeacher(_logits_teacher(context, picked), states) if is_joined else states
    return targets


def look_up_logits(study: Study, guide: Guide, folder: RunFolder, split: Literal["train", "augmented"]) -> Logits:
    """Look up what a teacher, or several together, says about all training examples; compute and store it first."""
    config = study.recipe.teacher
    logits = [_stored_logits(study, single, folder, split) for single in guide.singles]
    return logits[0] if len(logits) == 1 else combine_logits(logits, combine=config.combine, weights=config.weights)


def _logits_teacher(context: StageContext, guide: Guide) -> Teacher:
    """Give what answers for the logits of a teacher, or of several together."""
    study, config, singles = context.study, context.study.recipe.teacher, guide.singles
    if config.store:
        return StoredTeacher(look_up_logits(study, guide, context.folder, study.training_split(context.stage)))
    online = [OnlineTeacher(single.encoder.to(study.device)) for single in singles]
    if len(online) == 1:
        return online[0]
    return EnsembleTeacher(online, combine=config.combine, weights=config.weights)


def _stored_logits(study: Study, guide: Guide, folder: RunFolder, split: Literal["train", "augmented"]) -> Logits:
    """Look a single teacher's logits on training examples up, or compute them from its own tokens."""
    order = hashlib.sha256(json.dumps(study.data.task.label_names).encode()).hexdigest()[:8]
    name = f"logits-{guide.fingerprint}-{order}-{study.precision}".replace("/", "_")
    with main_first(), study.autocast():
        logits = store_logits(
            OnlineTeacher(guide.encoder.to(study.device)),
            study.batches(split, guide.encoder),
            folder=folder.store / name,
            device=study.device,
            observer=study.observer,
        )
    return logits.to(study.device)
