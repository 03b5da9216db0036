"""Whom a stage follows: the logits that were stored, a teacher that runs beside the student, or several."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

import torch

from potstill.data import AnswerTable, BatchConfig, Batches
from potstill.errors import ModelError, RecipeError
from potstill.hub import Encoder
from potstill.objectives import objective_kinds
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.states import StageStates
from potstill.processes import main_first
from potstill.teachers import (
    EnsembleTeacher,
    JoinedTeacher,
    OnlineTeacher,
    StoredTeacher,
    Teacher,
    combine_logits,
    store_logits,
)
from potstill.tensors import Logits, Needs
from potstill.training import Distiller, StageConfig, TeacherNumber


def make_distiller(stage: StageConfig, student: Encoder, teacher: RunTeacher | None) -> Distiller:
    """Put a student and the objectives of a stage together."""
    singles = teacher.singles if teacher is not None else ()
    running = {f"teacher '{single.name}'": single.model for single in singles if single.encoder is not None}
    _check_layers(stage, {"student": student} | running)
    for table in (single.table for single in singles if single.table is not None):
        _check_table(stage, table)
    shapes = [single.shape for single in singles]
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


def _check_table(stage: StageConfig, table: AnswerTable) -> None:
    """Refuse an objective that reads more of a teacher than its answers, or answers that are not there."""
    for objective in stage.objectives:
        place = f"stages.{stage.name}.objectives.{objective.kind}"
        if objective.needs_teacher and (objective.reads_layers or objective.reads_vocabulary):
            raise RecipeError(
                f"{place}: of the teacher only the answers in '{table.name}' are known, which has no layers to follow; "
                "take a recipe whose losses follow its answers alone, such as 'kd' or 'kd-labels'."
            )
        if objective.needs_teacher and table.told is not None and not objective.reads_partial_answers:
            able = [kind for kind, each in objective_kinds().items() if each.reads_partial_answers]
            raise RecipeError(
                f"{place}: some answers in '{table.name}' tell of some labels only, which this loss cannot follow; use "
                f"{', '.join(able)}, or complete the answers."
            )


def check_targets(distiller: Distiller, teacher: RunTeacher | None, *, path: str) -> None:
    """Refuse, before the first step, what student or teacher cannot give."""
    student = distiller.student
    if distiller.student_needs.attention_layers:
        student.check_capture()
    for number, needs in distiller.teacher_needs.items():
        assert teacher is not None, "objectives that follow a teacher are not built without one"
        if needs.attention_layers:
            teacher.pick(number).model.check_capture()
        others = [
            single.name
            for single in teacher.pick(number).singles
            if single.encoder is not None and single.encoder.tokenizer.fingerprint != student.tokenizer.fingerprint
        ]
        if others:
            _check_foreign(distiller, number, needs, name=others[0], path=path)


def _check_foreign(distiller: Distiller, number: TeacherNumber, needs: Needs, *, name: str, path: str) -> None:
    """Refuse what cannot be followed of a teacher with another tokenizer than the student."""
    if needs.attention_layers or needs.vocabulary:
        what = "attention and what is made of it are" if needs.attention_layers else "scores of the vocabulary are"
        raise ModelError(
            f"{path}: teacher '{name}' has another tokenizer than the student, and {what} between tokens that only one "
            "of them has; keep losses on logits and on hidden states, or take models with one tokenizer."
        )
    if distiller.reads_padding_of(number):
        raise RecipeError(
            f"{path}: teacher '{name}' has another tokenizer than the student, and reduction = 'reference' counts "
            "positions of padding, which two tokenizers do not share; set reduction = 'mean'."
        )


def compared_batches(
    run: OpenRun[Source], stage: StageConfig | None, distiller: Distiller, teacher: RunTeacher | None
) -> Batches:
    """Give the examples of a stage, or those that starts are fitted on (None), with the tokens that teachers share."""
    shared = {}
    for number, needs in distiller.teacher_needs.items():
        assert teacher is not None, "objectives that follow a teacher are not built without one"
        if not needs.hidden_states:
            continue
        single = teacher.pick(number).singles[0]
        own = run.source.own_tokens(stage, distiller.student, single.model, needs)
        if own is not None and own.alignment is not None:
            shared[number] = own.alignment.is_shared
    return run.source.batches(stage, distiller.student).with_shared(shared)


def run_beside(
    run: OpenRun[Source], stage: StageConfig | None, student: Encoder, teacher: RunTeacher, needs: Needs
) -> OnlineTeacher:
    """Run a single teacher on the batches of a student, in its own tokens where these are others."""
    own = run.source.own_tokens(stage, student, teacher.model, needs)
    return OnlineTeacher(teacher.model.to(run.device), own)


def make_targets(
    run: OpenRun[Source], stage: StageConfig, distiller: Distiller, teacher: RunTeacher | None
) -> dict[TeacherNumber, Teacher]:
    """Give what answers the needs of a stage."""
    targets: dict[TeacherNumber, Teacher] = {}
    for number, needs in distiller.teacher_needs.items():
        assert teacher is not None, "objectives that follow a teacher are not built without one"
        picked = teacher.pick(number)
        if needs.is_logits_only:
            targets[number] = _logits_teacher(run, stage, distiller.student, picked)
            continue
        states = StageStates(
            run=run,
            stage=stage,
            batches=run.source.batches(stage, distiller.student),
            online=run_beside(run, stage, distiller.student, picked.singles[0], needs),
            teacher=picked.singles[0],
            needs=replace(needs, logits=False),
        ).open(reads_padding=distiller.reads_padding)
        is_joined = needs.logits and not isinstance(states, OnlineTeacher)
        logits = _logits_teacher(run, stage, distiller.student, picked) if is_joined else None
        targets[number] = states if logits is None else JoinedTeacher(logits, states)
    return targets


def _logits_teacher(run: OpenRun[Source], stage: StageConfig, student: Encoder, teacher: RunTeacher) -> Teacher:
    """Give what answers for the logits of a teacher, or of several together."""
    config = run.recipe.teacher
    if teacher.table is not None:
        logits, is_told = teacher.table.rows(run.source.examples(stage))  # of what is not answered nothing is read
        told = None if is_told is None else torch.from_numpy(is_told).to(run.device)
        return StoredTeacher(torch.from_numpy(logits).to(run.device), told)
    if config.store:
        return StoredTeacher(look_up_logits(run, stage, teacher))
    online = [run_beside(run, stage, student, single, Needs(logits=True)) for single in teacher.singles]
    return online[0] if len(online) == 1 else EnsembleTeacher(online, combine=config.combine, weights=config.weights)


def look_up_logits(run: OpenRun[Source], stage: StageConfig, teacher: RunTeacher) -> Logits:
    """Look up what a teacher, or several together, says about all examples of a stage; compute and store it first."""
    config = run.recipe.teacher
    logits = [_stored_logits(run, stage, single) for single in teacher.singles]
    return logits[0] if len(logits) == 1 else combine_logits(logits, combine=config.combine, weights=config.weights)


def _stored_logits(run: OpenRun[Source], stage: StageConfig, teacher: RunTeacher) -> Logits:
    """Look a single teacher's logits on the examples of a stage up, or compute them from its own tokens."""
    order = hashlib.sha256(json.dumps(run.source.label_names).encode()).hexdigest()[:8]
    name = f"logits-{teacher.fingerprint}-{order}-{run.precision}".replace("/", "_")
    tokenised = run.source.batches(stage, teacher.model).tokenised
    with main_first(), run.autocast():
        logits = store_logits(
            OnlineTeacher(teacher.model.to(run.device)),
            Batches(tokenised, BatchConfig(), seed=run.recipe.seed),
            folder=run.folder.store / name,
            device=run.device,
            callback=run.callback,
        )
    return logits.to(run.device)
