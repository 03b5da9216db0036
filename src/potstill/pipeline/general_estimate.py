"""How long a run on plain text will take."""

import torch

from potstill.pipeline.general_study import GeneralStudy
from potstill.processes import count_launched
from potstill.timing import time_work
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

    def take_steps(*numbers: int) -> None:
        for number in numbers:
            batch = batches.collate(plan[number % len(plan)])
            batch = (batch if masker is None else masker.mask(batch)).to(study.device)
            with study.autocast():
                needed = distiller.teacher_needs.items()
                loss, _ = distiller(batch, {who: teachers[who].outputs(batch, needs) for who, needs in needed})
            loss.backward()

    take_steps(0)
    return time_work(lambda: take_steps(*range(1, 1 + _NUM_PROBES)), device=study.device) / _NUM_PROBES
