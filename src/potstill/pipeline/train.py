"""Train a student: build it, take it through its stages, save it whole."""

from collections.abc import Mapping

import torch
from accelerate import Accelerator

from potstill.data import Batches
from potstill.errors import ModelError, RecipeError
from potstill.evaluation import compute_metrics
from potstill.files import whole_folder
from potstill.hub import Encoder, load_encoder_base
from potstill.pipeline.study import Guide, Study
from potstill.run_folder import RunFolder
from potstill.teachers import OnlineTeacher, StoredTeacher, Teacher, store_logits
from potstill.training import (
    Checkpoints,
    Distiller,
    EventLog,
    StageRun,
    open_accelerator,
    train_stage,
)

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
    student = recipe.student.build(source, study.data.task.label_names, sample=study.sample(source))
    shape = guide.encoder.shape if guide else None
    for stage in recipe.stages:
        distiller = Distiller(student, shape, stage.objectives, path=f"stages.{stage.name}")
        if distiller.student_needs.attention_layers:
            student.check_capture()
        if guide is not None and distiller.teacher_needs.attention_layers:
            guide.encoder.check_capture()
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
    accelerator = open_accelerator(study.precision, trackers=recipe.tracking.trackers, folder=folder.path)
    student.to(accelerator.device)
    run = _stage_run(study, student, accelerator, folder)
    position = run.checkpoints.newest()
    run.events.cut(position.events_size)
    for number in range(position.stage, len(recipe.stages)):
        stage = recipe.stages[number]
        torch.manual_seed(recipe.seed + 1000 * (number + 1))
        shape = guide.encoder.shape if guide else None
        distiller = Distiller(student, shape, stage.objectives, path=f"stages.{stage.name}")
        batches = study.batches("train", student, stage.batches)
        teacher = _teacher_for(study, distiller, guide, batches, folder)
        position = train_stage(stage, distiller, teacher, batches, run=run, start=position)
    accelerator.end_training()
    if accelerator.is_main_process:
        with whole_folder(folder.student) as aside:
            student.save(aside)
    accelerator.wait_for_everyone()
    return position.seconds


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
    base = load_encoder_base(recipe.teacher.base, label_names=study.data.task.label_names)
    if guide is not None and base.tokenizer.fingerprint != guide.encoder.tokenizer.fingerprint:
        raise ModelError(
            f"teacher.base '{recipe.teacher.base}' and teacher '{guide.name}' have different tokenizers; student and "
            "teacher must read the same token ids, so take a base with the teacher's tokenizer."
        )
    return base


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
    )


def _teacher_for(
    study: Study, distiller: Distiller, guide: Guide | None, batches: Batches, folder: RunFolder
) -> Teacher | None:
    """Give what answers the needs of a stage: nobody, the stored logits, or the teacher itself."""
    if guide is None or distiller.teacher_needs.is_empty:
        return None
    online = OnlineTeacher(guide.encoder.to(study.device))
    if not (study.recipe.teacher.store and distiller.teacher_needs.is_logits_only):
        return online
    name = f"logits-{guide.fingerprint}-{study.data.fingerprint}-{study.recipe.data.max_length}-{study.precision}"
    with study.autocast():
        logits = store_logits(
            online,
            (batch.to(study.device) for batch in batches.ordered()),
            num_examples=len(batches.tokenised),
            path=folder.store / f"{name.replace('/', '_')}.safetensors",
            observer=study.observer,
        )
    return StoredTeacher(logits.to(study.device))
