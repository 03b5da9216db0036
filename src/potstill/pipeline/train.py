"""Train a student: build it, take it through its stages, save it whole."""

from collections.abc import Mapping, Sequence

import torch
from accelerate import Accelerator

from potstill.errors import RecipeError
from potstill.evaluation import compute_metrics
from potstill.files import whole_folder
from potstill.hub import Encoder, check_layers, load_encoder_base, make_labels_independent
from potstill.pipeline.once import seconds_of_training
from potstill.pipeline.projections import read_projections, save_projections
from potstill.pipeline.states import StageContext
from potstill.pipeline.study import Guide, Study
from potstill.pipeline.targets import check_targets, make_distiller, make_targets
from potstill.run_folder import RunFolder
from potstill.training import Checkpoints, Distiller, EventLog, StageRun, close_trackers, open_accelerator, train_stage

__all__ = ["build_student", "train_student"]


def build_student(study: Study, guide: Guide | None) -> Encoder:
    """Build the student as it is before training, and refuse a recipe whose objectives cannot follow the teacher.

    Args:
        study: The run.
        guide: Its teacher, if it has one.

    Returns:
        The student on the CPU, the same for the same seed.

    Raises:
        RecipeError: An objective, a layer map or a size does not fit student and teacher.
        ModelError: The student's source cannot be loaded, or an objective needs what an encoder cannot give.
    """
    recipe = study.recipe
    torch.manual_seed(recipe.seed)
    source = _find_source(study, guide)
    student = recipe.student.build(
        source, study.data.task.label_names, sample=study.sample(source), examples=study.data.train
    )
    if study.data.task.kind == "multi_label":
        make_labels_independent(student)
    if recipe.compile:
        check_layers(student)
    read_projections(recipe.student)  # a damaged file is refused now
    for stage in recipe.stages:
        check_targets(study, student, make_distiller(stage, student, guide), guide, path=f"stages.{stage.name}")
    return student


def train_student(study: Study, student: Encoder, guide: Guide | None, folder: RunFolder) -> float:
    """Take the student through the stages of its recipe, from wherever an earlier try left off.

    Args:
        study: The run.
        student: As `build_student` made it; trained in place.
        guide: Its teacher, if it has one.
        folder: Where events, checkpoints and the student go.

    Returns:
        Seconds spent in training.
    """
    recipe = study.recipe
    folder.path.mkdir(parents=True, exist_ok=True)
    done = seconds_of_training(folder)
    if done is not None:
        return done
    accelerator = open_accelerator(study.precision, trackers=recipe.tracking.trackers, folder=folder.path)
    student.to(accelerator.device)
    run = _stage_run(study, student, accelerator, folder)
    position = run.checkpoints.newest()
    projections = read_projections(recipe.student)
    run.events.cut(position.events_size)
    for number in range(position.stage, len(recipe.stages)):
        stage = recipe.stages[number]
        torch.manual_seed(recipe.seed + 1000 * (number + 1))
        distiller = make_distiller(stage, student, guide)
        if not run.checkpoints.holds(position):
            adopted = distiller.adopt_projections(projections)
            _fit_projections(study, distiller, guide, adopted)
            for name in adopted:
                study.observer.note(f"{stage.name}: {name} goes on with the projection that was learnt before")
        batches = study.batches(study.training_split(stage), student, stage.batches)
        context = StageContext(study=study, stage=stage, batches=batches, folder=folder)
        teachers = make_targets(context, distiller, guide)
        position = train_stage(stage, distiller, teachers, batches, run=run, start=position)
        projections = distiller.projections()
    close_trackers(accelerator)
    if accelerator.is_main_process:
        if projections:
            save_projections(projections, folder)
        with whole_folder(folder.student) as aside:
            student.save(aside)
    accelerator.wait_for_everyone()
    return position.seconds


def _fit_projections(study: Study, distiller: Distiller, guide: Guide | None, adopted: Sequence[str]) -> None:
    """Fit what is to be fitted on the texts that a start is fitted on, too."""
    if distiller.fits:
        assert guide is not None, "objectives with projections are not built without a teacher"
        numbers = distiller.teacher_needs
        teachers = {number: guide.pick(number).singles[0].encoder.to(study.device) for number in numbers}
        distiller.fit_projections(study.sample(distiller.student).to(study.device), teachers, adopted=adopted)


def _find_source(study: Study, guide: Guide | None) -> Encoder:
    recipe = study.recipe
    if recipe.start_from == "teacher":
        assert guide is not None, "a recipe that starts from the teacher has one"
        return guide.encoder
    if recipe.teacher.base is None:
        raise RecipeError(
            "start_from: 'base' starts the student from the pre-trained encoder, which is not given; pass "
            "--teacher-base, or set start_from = 'teacher'."
        )
    return load_encoder_base(recipe.teacher.base, label_names=study.data.task.label_names)


def _stage_run(study: Study, student: Encoder, accelerator: Accelerator, folder: RunFolder) -> StageRun:
    dev = study.batches("dev", student)
    gold = study.data.dev.labels
    assert gold is not None

    def score(encoder: Encoder) -> Mapping[str, float]:
        return compute_metrics(study.data.task, study.dev_logits(encoder, dev), gold)

    recipe = study.recipe
    return StageRun(
        accelerator=accelerator,
        checkpoints=Checkpoints(folder.checkpoints, keep=recipe.checkpoints.keep, accelerator=accelerator),
        checkpoint_config=recipe.checkpoints,
        tracking=recipe.tracking,
        events=EventLog(folder.events, enabled=accelerator.is_main_process),
        observer=study.observer,
        score=score,
        is_compiled=recipe.compile,
    )
