"""Take a student through the stages of its recipe, on a task or on plain text, from wherever an earlier try ended."""

from collections.abc import Callable

import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from potstill.errors import ModelError
from potstill.files import (
    check_file,
    expand_user,
    is_whole,
    make_folder,
    seal_file,
    unseal_file,
    whole_file,
    whole_folder,
)
from potstill.hub import Encoder
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.targets import compared_batches, make_distiller, make_targets, run_beside
from potstill.processes import is_main_process
from potstill.run_folder import RunFolder
from potstill.students import AnyStudentConfig, CheckpointStart
from potstill.training import (
    Checkpoints,
    Distiller,
    EventLog,
    Scorer,
    StageRun,
    choose_rate,
    close_trackers,
    open_accelerator,
    train_stage,
)


def train_stages(run: OpenRun[Source], student: Encoder, teacher: RunTeacher | None) -> float:
    """Take the student of a run through its stages, in place, and save it whole; give the seconds that it took."""
    recipe, folder = run.recipe, run.folder
    make_folder(folder.path)
    done = _seconds_of_training(folder, run.callback.note)
    if done is not None:
        return done
    if is_main_process():
        unseal_file(folder.events)
    accelerator = open_accelerator(run.precision, trackers=recipe.tracking.trackers, folder=folder.path)
    student.to(accelerator.device)
    checkpoints = Checkpoints(folder.checkpoints, keep=recipe.checkpoints.keep, accelerator=accelerator)
    events = EventLog(folder.events, enabled=accelerator.is_main_process)
    position, projections = checkpoints.newest(events, run.callback.note), read_projections(recipe.student)
    events.cut(position.events_size)
    for number in range(position.stage, len(recipe.stages)):
        stage = recipe.stages[number]
        torch.manual_seed(recipe.seed + 1000 * (number + 1))
        distiller = make_distiller(stage, student, teacher).to(accelerator.device)
        teachers, masker = make_targets(run, stage, distiller, teacher), run.source.masker(stage, student)
        taught = teacher.choosing_logits if teacher is not None and distiller.teacher_needs else None
        score = run.source.scorer(distiller, teachers, masker, taught)
        if not checkpoints.holds(position):
            _start_projections(run, distiller, teacher, projections, stage.name)
            if not run.source.has_labels and accelerator.is_main_process:
                events.write("evaluation", {"stage": stage.name, "step": 0, **score(student).figures})
        batches = compared_batches(run, stage, distiller, teacher)
        room = _stage_run(run, accelerator, checkpoints, events, score)
        stage = choose_rate(stage, distiller, teachers, batches, run=room)
        position = train_stage(stage, distiller, teachers, batches, run=room, start=position, masker=masker)
        projections = distiller.projections()
    close_trackers(accelerator)
    if accelerator.is_main_process:
        seal_file(folder.events)
        _save(student, projections, folder, has_head=run.source.has_labels or student.has_vocabulary_head)
    accelerator.wait_for_everyone()
    return position.seconds


def _stage_run(
    run: OpenRun[Source], accelerator: Accelerator, checkpoints: Checkpoints, events: EventLog, score: Scorer
) -> StageRun:
    return StageRun(
        accelerator=accelerator,
        checkpoints=checkpoints,
        checkpoint_config=run.recipe.checkpoints,
        tracking=run.recipe.tracking,
        events=events,
        callback=run.callback,
        score=score,
        is_compiled=run.recipe.compile,
    )


def _seconds_of_training(folder: RunFolder, note: Callable[[str], None]) -> float | None:
    """Say how long the training of a run took that was stopped after it."""
    if not folder.student.is_dir():  # nor is the log whole then
        return None
    stages = [event for event in folder.read_events() if event.get("event") == "stage"]
    if stages and is_whole(folder.student):
        return float(stages[-1]["seconds"])
    note(f"the student in {folder.student} is damaged, and is made anew from the last checkpoint")
    return None


def _start_projections(
    run: OpenRun[Source], distiller: Distiller, teacher: RunTeacher | None, learnt: dict[str, Tensor], stage: str
) -> None:
    """Go on with projections that were learnt before, and fit those that start from a closed form."""
    adopted = distiller.adopt_projections(learnt)
    if distiller.fits:
        assert teacher is not None, "objectives with projections are not built without a teacher"
        teachers = {
            number: run_beside(run, None, distiller.student, teacher.pick(number).singles[0], needs)
            for number, needs in distiller.teacher_needs.items()
        }
        chosen = run.source.calibration_set(distiller.student).example_ids.numpy()
        batch = compared_batches(run, None, distiller, teacher).collate(chosen).to(run.device)
        distiller.fit_projections(batch, teachers, adopted=adopted)
    for name in adopted:
        run.callback.note(f"{stage}: {name} goes on with the projection that was learnt before")


def _save(student: Encoder, projections: dict[str, Tensor], folder: RunFolder, *, has_head: bool) -> None:
    """Write the student, and beside it the projections of its last stage."""
    if projections:
        with whole_file(folder.projections, is_sealed=True) as aside:
            save_file(projections, aside)
    with whole_folder(folder.student) as aside:
        student.save(aside, has_head=has_head)


def read_projections(student: AnyStudentConfig) -> dict[str, Tensor]:
    """Read the projections that were learnt with the checkpoint from which a student starts."""
    start = getattr(student, "init", None)
    if not isinstance(start, CheckpointStart):
        return {}
    place = expand_user(start.path).resolve()
    for folder in (place, place.parent):
        path = RunFolder(path=folder).projections
        if path.is_file():
            check_file(path, remedy="delete it to start projections anew")
            try:
                return load_file(path)
            except (OSError, SafetensorError) as error:
                raise ModelError(f"'{path}' cannot be read ({error}); delete it to start projections anew.") from None
    return {}
