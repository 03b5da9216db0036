"""What a run would build, a few steps of it, and what it asks of the machine."""

import copy
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from potstill.doctor import BuiltCase, MachineCase
from potstill.files import is_whole
from potstill.hub import Encoder, count_parameters
from potstill.pipeline.estimate import estimate_seconds
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import find_unfit_stages
from potstill.pipeline.targets import compared_batches, make_distiller, make_targets
from potstill.run_folder import RunFolder
from potstill.training import StageConfig, StepPlan

_TRIAL_STEPS = 6
_PROCESS = 2**29
"""Bytes of a process with its libraries."""
_NUMBERS_A_WEIGHT = 5
"""A weight, its gradient, two moments, and the best value of it so far."""
_NUMBERS_A_STATE = 17
"""Numbers of a token's state that a layer keeps for the way back."""
_OF_TEACHERS = ("logits-", "states-")


def look_at_student(run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None) -> BuiltCase:
    """Say what would be trained, and try a few steps of the first stage."""
    left_out = find_unfit_stages(run, student, teacher)
    stages = [stage for stage in run.recipe.stages if stage.name not in left_out]
    is_made = all(stage.data != "augmented" for stage in stages)
    steps = {
        stage.name: StepPlan(batches=run.source.batches(stage, student), accumulate=stage.accumulate).total(stage)
        for stage in (stages if is_made else ())
    }
    running = [] if teacher is None else [each.model for each in teacher.singles if each.encoder is not None]
    bridges = {stage.name: make_distiller(stage, student, teacher).projections() for stage in stages}
    return BuiltCase(
        num_weights=count_parameters(student).total,
        num_teacher_weights=sum(count_parameters(encoder).total for encoder in running),
        num_steps=steps if is_made else None,
        left_out=left_out,
        projections={name: sum(map(torch.numel, each.values())) for name, each in bridges.items() if each},
        trial_loss=_try(run, stages[0], student, teacher) if is_made and stages else None,
    )


def _try(
    run: OpenRun[TaskSource], stage: StageConfig, student: Encoder, teacher: RunTeacher | None
) -> tuple[float, float]:
    """Make a few steps of a copy on one batch, at the highest rate; give the first loss and the last."""
    asked = run.recipe.teacher.model_copy(update={"store": False, "states": "run"})
    run = replace(run, source=replace(run.source, recipe=run.recipe.model_copy(update={"teacher": asked})))
    rates = stage.optimizer.rates_to_try
    if rates:
        stage = stage.model_copy(update={"optimizer": stage.optimizer.model_copy(update={"learning_rate": max(rates)})})
    with torch.random.fork_rng():
        distiller = copy.deepcopy(make_distiller(stage, student, teacher)).to(run.device).train()
        targets = make_targets(run, stage, distiller, teacher)
        batches = compared_batches(run, stage, distiller, teacher)
        batch = batches.collate(batches.plan(0)[0]).to(run.device)
        with run.autocast():
            taught = {who: targets[who].outputs(batch, needs) for who, needs in distiller.teacher_needs.items()}
        optimizer, losses = stage.optimizer.build(distiller.parameters()), []
        for _ in range(_TRIAL_STEPS):
            with run.autocast():
                loss, _ = distiller(batch, taught)
            losses.append(loss.item())
            loss.backward()
            nn.utils.clip_grad_norm_(distiller.parameters(), stage.clip_norm or float("inf"))
            optimizer.step()
            optimizer.zero_grad()
    return losses[0], losses[-1]


def look_at_machine(
    run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None, where: RunFolder
) -> MachineCase:
    """Say how long a run takes and how much room it needs, and what lies in its store."""
    unfit = find_unfit_stages(run, student, teacher)
    stages = tuple(stage for stage in run.recipe.stages if stage.name not in unfit and stage.data != "augmented")
    run = replace(run, source=replace(run.source, recipe=run.recipe.model_copy(update={"stages": stages})))
    above = next(folder for folder in (where.path.absolute(), *where.path.absolute().parents) if folder.is_dir())
    stale, damaged = _look_into(where.store, teacher)
    return MachineCase(
        seconds=estimate_seconds(run, student, teacher),
        needed_memory=_count_memory(run, student, teacher),
        free_memory=_find_memory(run.device),
        needed_disk=_count_disk(run, student, teacher),
        free_disk=shutil.disk_usage(above).free,
        stale=stale,
        damaged=damaged,
    )


def _count_memory(run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None) -> int:
    running = [] if teacher is None else [each.model for each in teacher.singles if each.encoder is not None]
    tokens = max((stage.batches.tokens_per_batch for stage in run.recipe.stages), default=0)
    shape = student.shape
    states = tokens * shape.num_layers * shape.hidden_size * _NUMBERS_A_STATE
    weights = _NUMBERS_A_WEIGHT * count_parameters(student).total + sum(
        count_parameters(each).total for each in running
    )
    return _PROCESS + 4 * (weights + states)


def _count_disk(run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None) -> int:
    """Count checkpoints, of which one more than is kept lies there for a moment, and models, and logits."""
    copies = 4 * (run.recipe.checkpoints.keep + 1) + 1
    trained = [count_parameters(student).total]
    if teacher is not None and teacher.encoder is not None and teacher.dev_logits is None:
        trained.append(count_parameters(teacher.encoder).total)  # its base is fine-tuned first
    logits = len(run.source.texts) * student.shape.num_labels
    return 4 * (copies * sum(trained) + logits)


def _find_memory(device: torch.device) -> int | None:
    """Say how much memory is free where a run computes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    described = Path("/proc/meminfo")
    if device.type != "cpu" or not described.is_file():
        return None
    lines = described.read_text(encoding="utf-8").splitlines()
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if found is None else 1024 * int(found)


def _look_into(store: Path, teacher: RunTeacher | None) -> tuple[Mapping[Path, int], tuple[Path, ...]]:
    """Find in a store what other teachers said where nothing is of this one, and what is damaged."""
    folders = [path for path in store.iterdir() if path.is_dir()] if store.is_dir() else []
    said = [path for path in folders if path.name.startswith(_OF_TEACHERS)]
    own = [] if teacher is None else [f"-{single.fingerprint}-".replace("/", "_") for single in teacher.singles]
    is_stale = said and own and not any(mark in f"{path.name}-" for path in said for mark in own)
    sealed = [path for path in folders if path not in said and not path.name.startswith(".")]
    stale = {path: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in said}
    return stale if is_stale else {}, tuple(path for path in sealed if not is_whole(path))
