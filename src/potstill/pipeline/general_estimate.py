"""How long a run on plain text will take."""

import time

import torch

from potstill.pipeline.general_study import GeneralStudy
from potstill.processes import count_launched
from potstill.training import StageConfig, StepPlan

_NUM_PROBES = 3


def estimate_general(study: GeneralStudy) -> float:
    """Time a few batches of every stage and carry the figure over to all of them."""
    total = 0.0
    study.student.to(study.device).train()
    with torch.random.fork_rng():
        for stage in study.recipe.stages:
            batches = study.batches(stage)
            plan = StepPlan(batches=batches, accumulate=stage.accumulate)
            steps = plan.total(epochs=stage.epochs, steps=stage.steps)
            total += _seconds_per_batch(study, stage) * steps * stage.accumulate / count_launched()
    study.student.zero_grad(set_to_none=True)
    study.student.eval()
    return total


def _seconds_per_batch(study: GeneralStudy, stage: StageConfig) -> float:
    batches, masker = study.batches(stage), study.masker(stage)
    distiller = study.distiller(stage).to(study.device)
    teachers = study.teachers(stage, distiller)
    plan = batches.plan(0)
    begun = 0.0
    for number in range(_NUM_PROBES + 1):
        batch = batches.collate(plan[number % len(plan)])
        batch = (batch if masker is None else masker.mask(batch)).to(study.device)
        with study.autocast():
            needed = distiller.teacher_needs.items()
            loss, _ = distiller(batch, {who: teachers[who].outputs(batch, needs) for who, needs in needed})
        loss.backward()
        if number == 0:
            begun = time.perf_counter()  # the first batch warms up
    return (time.perf_counter() - begun) / _NUM_PROBES
