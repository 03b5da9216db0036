"""How long a run will take, from a few real steps on this machine."""

from collections.abc import Callable

import torch
from torch.optim import AdamW

from potstill.data import Batches
from potstill.hub import Encoder
from potstill.pipeline.study import Guide, Study
from potstill.processes import count_launched
from potstill.teachers import TeacherConfig
from potstill.tensors import Needs
from potstill.timing import time_work
from potstill.training import StageConfig, StepPlan

_LOGITS = Needs(logits=True)
_NUM_PROBES = 3


def estimate_seconds(study: Study, student: Encoder, guide: Guide | None, *, num_controls: int) -> float:
    """Time a few batches of every stage and carry the figure over to all of them."""
    with torch.random.fork_rng():
        student.to(study.device)
        total, stored = 0.0, set[str]()
        evaluation = _forward(study, student, study.batches("dev", student))
        for stage in study.recipe.stages:
            split = study.training_split(stage)
            batches = study.batches(split, student, stage.batches)
            plan = StepPlan(batches=batches, accumulate=stage.accumulate)
            steps = plan.total(epochs=stage.epochs, steps=stage.steps)
            epochs = steps / max(1, len(plan.epoch(0)))
            training = _training(study, student, batches) * epochs / count_launched() + steps * _optimizer_step(student)
            training += evaluation * max(1.0, epochs * stage.evaluations_per_epoch)
            total += training * (1 + num_controls)
            passes = count_teacher_passes(study.recipe.teacher, stage, epochs=epochs, stored=stored)
            if guide is not None and passes > 0.0:
                for single in guide.singles:
                    total += passes * _forward(
                        study, single.encoder, study.batches(split, single.encoder, stage.batches)
                    )
    return total


def format_seconds(seconds: float) -> str:
    """Write a time as a person would say it.

    Args:
        seconds: At least 0.

    Returns:
        Seconds under two minutes, minutes under two hours, else hours.

    Example:
        >>> format_seconds(95.0), format_seconds(600.0), format_seconds(9000.0)
        ('95 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def count_teacher_passes(teacher: TeacherConfig, stage: StageConfig, *, epochs: float, stored: set[str]) -> float:
    """Count how often the teacher reads the training examples of a stage."""
    following = [objective for objective in stage.objectives if objective.needs_teacher]
    reads_layers = any(objective.reads_layers for objective in following)
    has_states = teacher.states == "store"
    asked: dict[str, bool] = {f"states of {stage.name}": has_states} if reads_layers else {}
    if (has_states or not reads_layers) and any(objective.reads_logits for objective in following):
        asked[f"logits on {stage.data} texts"] = teacher.store  # else they come with the layers
    passes = sum((float(name not in stored) if is_stored else epochs for name, is_stored in asked.items()), 0.0)
    stored.update(name for name, is_stored in asked.items() if is_stored)
    return passes


def _training(study: Study, student: Encoder, batches: Batches) -> float:
    def step(number: int) -> None:
        batch = batches.collate(plan[number % len(plan)]).to(study.device)
        with study.autocast():
            logits = student(batch, _LOGITS).logits
        logits.sum().backward()

    plan = batches.plan(0)
    was_training = student.training
    student.train()
    seconds = _per_batch(study, step) * len(plan)
    student.zero_grad(set_to_none=True)
    student.train(was_training)
    return seconds


def _forward(study: Study, encoder: Encoder, batches: Batches) -> float:
    def step(number: int) -> None:
        with torch.no_grad(), study.autocast():
            encoder(batches.collate(plan[number % len(plan)]).to(study.device), _LOGITS)

    plan = batches.plan(0)
    return _per_batch(study, step) * len(plan)


def _optimizer_step(student: Encoder) -> float:
    """Time AdamW over as many weights, without touching the student's."""
    weights = torch.zeros(sum(p.numel() for p in student.parameters()), device=student.device, requires_grad=True)
    weights.grad = torch.zeros_like(weights)
    optimizer = AdamW([weights], fused=True)
    optimizer.step()
    return time_work(optimizer.step, device=student.device)


def _per_batch(study: Study, step: Callable[[int], None]) -> float:
    def take_some() -> None:
        for number in range(_NUM_PROBES):
            step(number)

    step(0)
    return time_work(take_some, device=study.device) / _NUM_PROBES
