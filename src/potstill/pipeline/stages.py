"""Take a student through the stages of its recipe, on a task or on plain text, from wherever an earlier try ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from potstill.data import Batches
from potstill.files import whole_folder
from potstill.hub import Encoder
from potstill.pipeline.once import seconds_of_training
from potstill.pipeline.projections import read_projections, save_projections
from potstill.progress import Observer
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder
from potstill.teachers import Teacher
from potstill.training import (
    Checkpoints,
    Distiller,
    EventLog,
    Masker,
    Scorer,
    StageConfig,
    StageRun,
    TeacherNumber,
    close_trackers,
    open_accelerator,
    train_stage,
)


@runtime_checkable
class Course(Protocol):
    """What a run learns from, stage by stage."""

    @property
    def recipe(self) -> Recipe:
        """What to do."""

    @property
    def student(self) -> Encoder:
        """What is trained, in place."""

    @property
    def observer(self) -> Observer:
        """Draws the progress."""

    @property
    def scores_start(self) -> bool:
        """Whether each stage is scored before its first step, too."""

    def distiller(self, stage: StageConfig) -> Distiller:
        """Build the objectives of a stage; random projections come from torch's generator."""

    def fit_projections(self, distiller: Distiller, adopted: Sequence[str]) -> None:
        """Fit the projections that start from a closed form, but for adopted ones."""

    def batches(self, stage: StageConfig) -> Batches:
        """Give the examples to learn from."""

    def teachers(self, stage: StageConfig, distiller: Distiller) -> Mapping[TeacherNumber, Teacher]:
        """Give what answers the needs of a stage."""

    def masker(self, stage: StageConfig) -> Masker | None:
        """Give what hides the tokens of a stage."""

    def scorer(self, stage: StageConfig, distiller: Distiller) -> Scorer:
        """Give what scores the student."""

    def save(self, folder: Path) -> None:
        """Save the trained student."""


def train_stages(course: Course, folder: RunFolder) -> float:
    """Take the student of a run through its stages and save it whole."""
    folder.path.mkdir(parents=True, exist_ok=True)
    done = seconds_of_training(folder)
    if done is not None:
        return done
    recipe = course.recipe
    assert recipe.precision != "auto"
    accelerator = open_accelerator(recipe.precision, trackers=recipe.tracking.trackers, folder=folder.path)
    course.student.to(accelerator.device)
    checkpoints = Checkpoints(folder.checkpoints, keep=recipe.checkpoints.keep, accelerator=accelerator)
    events = EventLog(folder.events, enabled=accelerator.is_main_process)
    position, projections = checkpoints.newest(), read_projections(recipe.student)
    events.cut(position.events_size)
    for number in range(position.stage, len(recipe.stages)):
        stage = recipe.stages[number]
        torch.manual_seed(recipe.seed + 1000 * (number + 1))
        distiller = course.distiller(stage).to(accelerator.device)
        score = course.scorer(stage, distiller)
        if not checkpoints.holds(position):
            adopted = distiller.adopt_projections(projections)
            course.fit_projections(distiller, adopted)
            for name in adopted:
                course.observer.note(f"{stage.name}: {name} goes on with the projection that was learnt before")
            if course.scores_start and accelerator.is_main_process:
                events.write("evaluation", {"stage": stage.name, "step": 0, **score(course.student)})
        run = StageRun(
            accelerator=accelerator,
            checkpoints=checkpoints,
            checkpoint_config=recipe.checkpoints,
            tracking=recipe.tracking,
            events=events,
            observer=course.observer,
            score=score,
            is_compiled=recipe.compile,
        )
        position = train_stage(
            stage,
            distiller,
            course.teachers(stage, distiller),
            course.batches(stage),
            run=run,
            start=position,
            masker=course.masker(stage),
        )
        projections = distiller.projections()
    close_trackers(accelerator)
    if accelerator.is_main_process:
        if projections:
            save_projections(projections, folder)
        with whole_folder(folder.student) as aside:
            course.save(aside)
    accelerator.wait_for_everyone()
    return position.seconds
