"""Which learning rate a stage takes: several are tried for a short while, on a part of what it learns from."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from potstill.data import Batches
from potstill.errors import RunError
from potstill.processes import agree
from potstill.progress import SilentCallback
from potstill.teachers import Teacher
from potstill.training.checkpoint import Position
from potstill.training.choosing import Scores
from potstill.training.config import CheckpointConfig, StageConfig
from potstill.training.distiller import Distiller, TeacherNumber
from potstill.training.events import EventLog
from potstill.training.loop import train_stage
from potstill.training.stage_run import StageRun
from potstill.training.steps import StepPlan

_EVENT = "rates"
_MOST_HELD_OUT = 1_000


def choose_rate(
    stage: StageConfig,
    distiller: Distiller,
    teachers: Mapping[TeacherNumber, Teacher],
    batches: Batches,
    *,
    run: StageRun,
) -> StageConfig:
    """Try the learning rates of a stage and settle on one.

    Every rate trains a copy of the student from the same start, with the same draws, for `trial_steps`, over the whole
    course of the schedule. The loss of the stage on examples that the trials did not see decides.

    Args:
        stage: The stage; with one rate it is given back as it is.
        distiller: Student and objectives as the stage will find them; they are not changed.
        teachers: One for each of the distiller's `teacher_needs`.
        batches: What the stage learns from.
        run: What the stage works with; the outcome goes into its event log, and one that stands there is kept to.

    Returns:
        The stage with the chosen rate as `optimizer.learning_rate`.

    Raises:
        RunError: The loss is not finite at any rate.
    """
    if not stage.optimizer.rates_to_try:
        return stage
    if (known := run.events.find(_EVENT, stage=stage.name)) is not None:
        return _settle(stage, float(known["learning_rate"]))
    trials = _Trials(distiller=distiller, teachers=teachers, batches=batches, run=run)
    losses: dict[float, float] = {}
    with run.callback.task(f"{stage.name}: learning rates", len(stage.optimizer.rates_to_try)) as progress:
        for rate in stage.optimizer.rates_to_try:
            losses[rate] = trials.run_at(_settle(stage, rate))
            progress.advance(text=f"{rate:.1e}: loss {losses[rate]:.4f}")
    best = min(losses, key=losses.__getitem__)
    if not math.isfinite(losses[best]):
        raise RunError(f"stages.{stage.name}: the loss is not finite at any rate that was tried; lower the rates.")
    tried = [{"learning_rate": rate, "loss": loss if math.isfinite(loss) else None} for rate, loss in losses.items()]
    run.events.write(_EVENT, {"stage": stage.name, "learning_rate": best, "tried": tried})
    told = ", ".join(f"{rate:.1e}: {loss:.4f}" for rate, loss in losses.items())
    run.callback.note(f"{stage.name}: learning rate {best:.1e} has the lowest loss on held-out texts ({told})")
    return _settle(stage, best)


def _settle(stage: StageConfig, rate: float) -> StageConfig:
    optimizer = stage.optimizer.model_copy(update={"learning_rate": rate})
    return stage.model_copy(update={"optimizer": optimizer})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    """Short trainings of copies of a student, all from the same start."""

    distiller: Distiller
    teachers: Mapping[TeacherNumber, Teacher]
    batches: Batches
    run: StageRun

    def run_at(self, stage: StageConfig) -> float:
        """Train a copy and measure its loss on what was held out; one that runs away is infinite."""
        learnt, held_out = self._part()
        copied, found = copy.deepcopy(self.distiller), [math.inf]

        def score(_: object) -> Scores:
            found[0] = self._measure(copied, held_out)
            return Scores(figures={"loss": found[0]})

        quiet = replace(
            self.run,
            checkpoint_config=CheckpointConfig(),
            events=EventLog(Path(), enabled=False),
            callback=SilentCallback(),
            score=score,
            is_compiled=False,
            is_trial=True,
        )
        with torch.random.fork_rng():
            try:
                train_stage(self._shorten(stage), copied, self.teachers, learnt, run=quiet, start=Position())
            except RunError:  # the rate is too high: the loss is not finite
                self.run.accelerator.free_memory()
        loss = float(agree(found[0]))
        return loss if math.isfinite(loss) else math.inf

    def _part(self) -> tuple[Batches, Batches]:
        """Part the examples into those that are learnt from and those that are measured on; a single one is both."""
        order = np.random.default_rng(0).permutation(self.batches.example_ids)
        held_out = min(_MOST_HELD_OUT, max(1, len(order) // 5))
        return self.batches.only(order[held_out if len(order) > 1 else 0 :]), self.batches.only(order[:held_out])

    def _shorten(self, stage: StageConfig) -> StageConfig:
        """Give the course of a trial: no longer than the stage, scored once, at its end, and with the last weights."""
        total = StepPlan(batches=self.batches, accumulate=stage.accumulate).total(stage)
        length = {"epochs": None, "steps": min(stage.trial_steps, total)}
        scoring = {"evaluations": 1, "evaluations_per_epoch": 1, "select": "last", "patience": None}
        return stage.model_copy(update=length | scoring)

    def _measure(self, copied: Distiller, batches: Batches) -> float:
        """Give the loss of a stage, each objective averaged over what it counts."""
        sums = torch.zeros(2, len(copied.names), dtype=torch.float64)
        copied.eval()
        with torch.no_grad(), self.run.accelerator.autocast():
            for plain in batches.ordered():
                batch = plain.to(copied.student.device)
                needs = copied.teacher_needs.items()
                losses = copied(batch, {who: self.teachers[who].outputs(batch, need) for who, need in needs})[1]
                counted = copied.count_units(batch).double().cpu()
                sums += torch.stack([counted * losses.double().cpu(), counted])
        return float((copied.weights.double().cpu() * sums[0] / sums[1].clamp(min=1.0)).sum())
