"""How long a run will take, from a few real steps on this machine."""

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch.optim import AdamW

from potstill.data import Batches
from potstill.hub import Encoder
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.targets import compared_batches, make_distiller, run_beside
from potstill.processes import count_launched
from potstill.teachers import TeacherConfig
from potstill.tensors import Batch, EncoderOutputs, Needs
from potstill.timing import format_seconds, time_work
from potstill.training import Distiller, StageConfig, StepPlan, TeacherNumber

_LOGITS = Needs(logits=True)
_NUM_PROBES = 3


def announce(run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None, *, num_controls: int) -> None:
    """Say what a run on a task reads, and how long it will take."""
    run.callback.note(run.source.describe(student))
    about = format_seconds(estimate_seconds(run, student, teacher, num_controls=num_controls))
    run.callback.note(f"{run.recipe.name} on {run.source.data.task.name}: about {about} on this machine")


def estimate_seconds(
    run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None, *, num_controls: int = 0
) -> float:
    """Say how long all stages of a run will take."""
    return sum(stage.seconds for stage in estimate_stages(run, student, teacher, num_controls=num_controls))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEstimate:
    """What a stage will take: its texts, optimizer steps and seconds, those of controls with it."""

    num_texts: int
    num_steps: int
    seconds: float


def estimate_stages(
    run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None, *, num_controls: int = 0
) -> list[StageEstimate]:
    """Time a few batches of every stage and carry the figure over to all of them."""
    student.to(run.device)
    estimates, stored = [], defaultdict[TeacherNumber, set[str]](set)
    with torch.random.fork_rng():
        for stage in run.recipe.stages:
            distiller = make_distiller(stage, student, teacher).to(run.device)
            plan = StepPlan(batches=run.source.batches(stage, student), accumulate=stage.accumulate)
            steps = plan.total(stage)
            epochs = steps / max(1, len(plan.epoch(0)))
            learning = stage.accumulate * _training(run, stage, distiller, teacher) / count_launched()
            scorings = stage.evaluations or max(1.0, epochs * stage.evaluations_per_epoch)
            asked = _LOGITS if run.source.has_labels else distiller.student_needs
            trials = len(stage.optimizer.rates_to_try) * min(steps, stage.trial_steps)
            own = (steps + trials) * (learning + _optimizer_step(student))
            own += scorings * _reading(run, student, run.source.heldout(student), asked)
            total = own * (1 + num_controls)
            for number, needs in distiller.teacher_needs.items():
                assert teacher is not None, "objectives that follow a teacher are not built without one"
                passes = count_teacher_passes(run.recipe.teacher, stage, needs, epochs=epochs, stored=stored[number])
                running = [each for each in teacher.pick(number).singles if each.encoder is not None]
                for single in running if passes > 0.0 else ():
                    theirs = run.source.batches(stage, single.model)
                    total += passes * _reading(run, single.model, theirs, needs)
            texts = len(plan.batches.example_ids)
            estimates.append(StageEstimate(num_texts=texts, num_steps=steps, seconds=total))
    return estimates


def count_teacher_passes(
    teacher: TeacherConfig, stage: StageConfig, needs: Needs, *, epochs: float, stored: set[str]
) -> float:
    """Count how often a teacher reads the texts of a stage, and note in `stored` what it is not asked for again."""
    has_states = teacher.states == "store"
    asked: dict[str, bool] = {}
    if not needs.is_logits_only:
        asked[f"states of {stage.name}"] = has_states
    if needs.is_logits_only or (needs.logits and has_states):
        asked[f"logits on {stage.data} texts"] = teacher.store  # else they come with the layers
    passes = sum((float(name not in stored) if is_stored else epochs for name, is_stored in asked.items()), 0.0)
    stored.update(name for name, is_stored in asked.items() if is_stored)
    return passes


def _training(run: OpenRun[Source], stage: StageConfig, distiller: Distiller, teacher: RunTeacher | None) -> float:
    """Time a batch through student and losses, forwards and backwards, with what the teacher gives at hand."""

    def learn(batch: Batch, targets: dict[TeacherNumber, EncoderOutputs]) -> None:
        with run.autocast():
            loss, _ = distiller(batch, targets)
        loss.backward()

    student = distiller.student
    batches, masker = compared_batches(run, stage, distiller, teacher), run.source.masker(stage, student)
    plan, seconds, was_training = batches.plan(0), [], student.training
    distiller.train()
    for number in range(1 + _NUM_PROBES):
        batch = batches.collate(plan[number % len(plan)])
        batch = (batch if masker is None else masker.mask(batch)).to(run.device)
        targets = _targets(run, stage, distiller, teacher, batch)
        seconds.append(time_work(lambda: learn(batch, targets), device=run.device))  # noqa: B023 - called at once
    student.zero_grad(set_to_none=True)
    student.train(was_training)
    return sum(seconds[1:]) / _NUM_PROBES  # the first one warms up


def _targets(
    run: OpenRun[Source], stage: StageConfig, distiller: Distiller, teacher: RunTeacher | None, batch: Batch
) -> dict[TeacherNumber, EncoderOutputs]:
    """Give layers of the teacher for a batch, and zeros where it is asked for logits alone."""
    targets: dict[TeacherNumber, EncoderOutputs] = {}
    for number, needs in distiller.teacher_needs.items():
        assert teacher is not None, "objectives that follow a teacher are not built without one"
        if needs.is_logits_only:
            zeros = torch.zeros(batch.num_rows, distiller.student.shape.num_labels, device=run.device)
            targets[number] = EncoderOutputs(logits=zeros)
            continue
        with torch.no_grad(), run.autocast():
            single = teacher.pick(number).singles[0]
            targets[number] = run_beside(run, stage, distiller.student, single, needs).outputs(batch, needs)
    return targets


def _reading(run: OpenRun[Source], encoder: Encoder, batches: Batches, needs: Needs) -> float:
    """Time a few batches through an encoder, for all of them."""

    def read(*numbers: int) -> None:
        for number in numbers:
            with torch.no_grad(), run.autocast():
                encoder(batches.collate(plan[number % len(plan)]).to(run.device), needs)

    encoder.to(run.device)
    plan = batches.plan(0)
    read(0)
    return time_work(lambda: read(*range(_NUM_PROBES)), device=run.device) / _NUM_PROBES * len(plan)


def _optimizer_step(student: Encoder) -> float:
    """Time AdamW over as many weights, without touching the student's."""
    weights = torch.zeros(sum(p.numel() for p in student.parameters()), device=student.device, requires_grad=True)
    weights.grad = torch.zeros_like(weights)
    optimizer = AdamW([weights], fused=True)
    optimizer.step()
    return time_work(optimizer.step, device=student.device)
