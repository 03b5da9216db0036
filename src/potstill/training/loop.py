"""The training loop: one stage of a recipe, on Accelerate."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor

from potstill.data import Batches
from potstill.processes import agree
from potstill.progress import ProgressTask
from potstill.teachers import Teacher
from potstill.tensors import Batch, EncoderOutputs
from potstill.timing import wait_for
from potstill.training.checkpoint import Position
from potstill.training.choosing import Scores
from potstill.training.clipping import clip_gradients
from potstill.training.compiling import not_compiled, running_compiled
from potstill.training.config import StageConfig
from potstill.training.distiller import Distiller, TeacherNumber
from potstill.training.loss_log import LossLog
from potstill.training.masking import Masker
from potstill.training.prefetch import prepare_ahead
from potstill.training.sharing import share_step, weigh_parts
from potstill.training.stage_run import StageRun
from potstill.training.state import StageState
from potstill.training.steps import Step, StepPlan
from potstill.training.stopping import StepGuard


def train_stage(
    stage: StageConfig,
    distiller: Distiller,
    teachers: Mapping[TeacherNumber, Teacher],
    batches: Batches,
    *,
    run: StageRun,
    start: Position,
    masker: Masker | None = None,
) -> Position:
    """Train the student of a distiller through one stage; its selected weights stay in it.

    Args:
        stage: Objectives, length, optimizer and schedule.
        distiller: Student and objectives, on the device of the accelerator.
        teachers: One for each of the distiller's `teacher_needs`.
        batches: The training split.
        run: What the stage works with.
        start: Where it begins; if the newest checkpoint stands there, it is restored first.
        masker: Hides tokens of every batch before student and teacher read it, if given.

    Returns:
        The position after the stage: one stage further, at step 0.

    Raises:
        RunError: The loss is no longer finite.
    """
    return _Stage(stage, distiller, teachers, batches, run, masker).train(start)


class _Stage:
    """One stage in training."""

    def __init__(
        self,
        stage: StageConfig,
        distiller: Distiller,
        teachers: Mapping[TeacherNumber, Teacher],
        batches: Batches,
        run: StageRun,
        masker: Masker | None,
    ) -> None:
        self.stage, self.distiller, self.teachers, self.batches, self.run = stage, distiller, teachers, batches, run
        self.masker = masker
        accelerator = run.accelerator
        optimizer = stage.optimizer.build(distiller.parameters())
        self.model, self.optimizer = accelerator.prepare(distiller, optimizer)
        self.plan = StepPlan(batches=batches, accumulate=stage.accumulate)
        self.total = self.plan.total(stage)
        self.best: dict[str, Tensor] | None = None
        self.losses = LossLog(stage, distiller.names, run)
        self.mixes_examples = torch.tensor(distiller.mixes_examples, device=accelerator.device)
        self.metric = ""
        self.guard = StepGuard()
        self.unsaved: Position | None = None

    def train(self, start: Position) -> Position:
        """Go through the stage from a position."""
        accelerator = self.run.accelerator
        if accelerator.num_processes > 1:
            torch.manual_seed(torch.initial_seed() + accelerator.process_index)  # each has a dropout of its own
        self._restore_or_save(start)
        compiled = running_compiled(self.distiller.student, self.teachers.values(), enabled=self.run.is_compiled)
        with compiled, self.run.callback.task(self.stage.name, self.total, done=start.step) as progress:
            try:
                position = self._go(start, progress)
            except KeyboardInterrupt:
                is_alone = accelerator.num_processes == 1  # several are stopped at several steps
                if self.unsaved is not None and is_alone and not self.run.is_trial:
                    self._save(self.unsaved)
                raise
        return self._finish(position)

    def _go(self, start: Position, progress: ProgressTask) -> Position:
        """Make all steps."""
        position, begun, patience = start, time.perf_counter(), self.stage.patience
        with self.guard.listening():
            if start.awaits_score:
                made = next(self.plan.steps(start.step - 1, self.total))
                position = self._evaluate_and_save(replace(start, awaits_score=False), made, progress)
            for step, batches in prepare_ahead(self.plan.steps(start.step, self.total), self._collate):
                if patience is not None and position.choice.since_best >= patience:
                    self.run.callback.note(f"{self.stage.name}: no better score in {patience} evaluations")
                    break
                with self.guard.whole_step():
                    self._make(step, batches, position.step)
                    position = replace(position, step=position.step + 1)
                    is_logged = self._is_logged(position, step)
                    if is_logged:
                        wait_for(self.run.accelerator.device)  # for its numbers, and to have all of its time told
                    position = replace(position, seconds=start.seconds + time.perf_counter() - begun)
                    if is_logged:
                        rate: float = self.optimizer.param_groups[0]["lr"]
                        self.losses.write(position, step, rate, progress)
                    self.unsaved = replace(position, awaits_score=step.is_scored(self.stage, position.step, self.total))
                progress.advance()
                position = self._evaluate_and_save(position, step, progress)
        return position

    def _restore_or_save(self, start: Position) -> None:
        """Take up the checkpoint of this position, or make one where a later stage begins."""
        checkpoints = self.run.checkpoints
        if checkpoints.holds(start):
            self.best = checkpoints.restore(start, self._state())
            self.losses.logged_step = start.logged_step
        elif start.stage > 0:
            self._save(start)

    def _state(self) -> StageState:
        return StageState(model=self.distiller, optimizer=self.optimizer, sums=self.losses.sums, best=self.best)

    def _save(self, position: Position) -> Position:
        """Make a checkpoint; what was not logged yet goes with it."""
        self.unsaved = None
        position = replace(position, logged_step=self.losses.logged_step, **self.run.events.mark())
        self.run.checkpoints.save(position, self._state())
        return position

    def _collate(self, step: Step) -> list[Batch]:
        """Pad this process's part of every batch of a step; needs no random number."""
        is_joined = any(self.distiller.mixes_examples)  # rows that are put together are equally long
        parts = share_step(step, self.run.accelerator)
        batches = [self.batches.collate(part.own, beside=part.example_ids if is_joined else None) for part in parts]
        is_pinned_here = self.run.accelerator.device.type == "cuda" and self.masker is None  # else once some are hidden
        return [batch.pin_memory() for batch in batches] if is_pinned_here else batches

    def _make(self, step: Step, batches: Sequence[Batch], number: int) -> None:
        """Make one optimizer step; of every batch this process takes its part."""
        accelerator = self.run.accelerator
        rate = self.stage.optimizer.rate * self.stage.schedule.multiplier(number, self.total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        parts = [(part if self.masker is None else self.masker.mask(part)).to(accelerator.device) for part in batches]
        shared = share_step(step, accelerator)
        weights = weigh_parts(self.distiller, parts, shared, accelerator, self.mixes_examples)
        for position, (batch, shares) in enumerate(zip(parts, weights, strict=True)):
            waits = position < len(parts) - 1
            join = shared[position].join if accelerator.num_processes > 1 else None
            with accelerator.no_sync(self.model) if waits else nullcontext():
                loss, losses = self.model(batch, self._targets(batch), shares, join)
                accelerator.backward(loss)
            self.losses.add(loss, losses)
        clip_gradients(self.run.accelerator, self.model.parameters(), self.stage)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _targets(self, batch: Batch) -> dict[TeacherNumber, EncoderOutputs]:
        with self.run.accelerator.autocast():
            return {
                number: self.teachers[number].outputs(batch, needs)
                for number, needs in self.distiller.teacher_needs.items()
            }

    def _evaluate_and_save(self, position: Position, step: Step, progress: ProgressTask) -> Position:
        scores = self._score(progress) if step.is_scored(self.stage, position.step, self.total) else None
        with self.guard.whole_step():
            if scores is not None:
                position = self._choose(scores, position, step.epoch_after, progress)
                self.unsaved = None
            return self._save(position) if self._is_saved(position, step) else position

    def _is_saved(self, position: Position, step: Step) -> bool:
        every = self.run.checkpoint_config.every_steps
        is_wanted = step.is_scored(self.stage, position.step, self.total) or (
            every is not None and position.step % every == 0
        )
        return is_wanted and position.step < self.total

    def _is_logged(self, position: Position, step: Step) -> bool:
        is_last = position.step == self.total
        is_late = position.step - self.losses.logged_step >= self.run.tracking.every_steps
        return is_last or is_late or self._is_saved(position, step)

    def _score(self, progress: ProgressTask) -> Scores:
        progress.advance(0, text="scoring the student")
        is_main = self.run.accelerator.is_main_process
        with not_compiled(enabled=self.run.is_compiled):
            return agree(self.run.score(self.distiller.student) if is_main else Scores(figures={}))

    def _choose(self, scores: Scores, position: Position, epoch: float, progress: ProgressTask) -> Position:
        """Log what the student scored, and keep its weights where they are chosen."""
        distance = {} if scores.distance is None else {"distance": scores.distance}
        values = {"stage": self.stage.name, "step": position.step, **scores.figures, **distance}
        self.run.events.write("evaluation", values)
        self.run.track({f"dev/{key}": value for key, value in scores.figures.items()}, position.step)
        progress.advance(0, text=f"{scores.name} {scores.score:.4f}")
        takes_last = self.stage.select == "last"
        choice = position.choice.after(scores, step=position.step, epoch=epoch, takes_last=takes_last)
        if choice.step == position.step and not takes_last:
            weights = self.distiller.student.state_dict()
            self.best = {key: value.detach().cpu().clone() for key, value in weights.items()}
        self.metric = scores.name
        return replace(position, choice=choice)

    def _finish(self, position: Position) -> Position:
        """Take the selected weights, free the optimizer, and step to the next stage."""
        choice = position.choice
        if self.best is not None:
            self.distiller.student.load_state_dict(self.best)
            self.run.callback.note(f"{self.stage.name}: {choice.describe(self.metric)}")
        length = {"stage": self.stage.name, "steps": position.step}
        self.run.events.write("stage", {**length, **choice.to_json(), "seconds": round(position.seconds, 2)})
        self.run.accelerator.free_memory()
        return Position(stage=position.stage + 1, seconds=position.seconds)
