"""Train a student: build it, take it through its stages, save it whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from potstill.data import Batches
from potstill.errors import RecipeError
from potstill.evaluation import compute_metrics
from potstill.hub import Encoder, check_layers, load_encoder_base, make_labels_independent
from potstill.pipeline.projections import read_projections
from potstill.pipeline.stages import train_stages
from potstill.pipeline.states import StageContext
from potstill.pipeline.study import Guide, Study
from potstill.pipeline.targets import check_targets, make_distiller, make_targets
from potstill.progress import Observer
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder
from potstill.teachers import Teacher
from potstill.training import Distiller, Scorer, StageConfig, TeacherNumber


def build_student(study: Study, guide: Guide | None) -> Encoder:
    """Build the student as it is before training, and refuse a recipe whose objectives cannot follow the teacher."""
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
    """Take the student through the stages of its recipe, from wherever an earlier try left off."""
    return train_stages(_TaskCourse(study=study, student=student, guide=guide, folder=folder), folder)


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


@dataclass(frozen=True, kw_only=True)
class _TaskCourse:
    """A run on a task, as `train_stages` goes through it."""

    study: Study
    student: Encoder
    guide: Guide | None
    folder: RunFolder
    scores_start: bool = False

    @property
    def recipe(self) -> Recipe:
        return self.study.recipe

    @property
    def observer(self) -> Observer:
        return self.study.observer

    def distiller(self, stage: StageConfig) -> Distiller:
        return make_distiller(stage, self.student, self.guide)

    def fit_projections(self, distiller: Distiller, adopted: Sequence[str]) -> None:
        """Fit what is to be fitted on the texts that a start is fitted on, too."""
        if distiller.fits:
            assert self.guide is not None, "objectives with projections are not built without a teacher"
            encoders = {number: self.guide.pick(number).singles[0].encoder for number in distiller.teacher_needs}
            teachers = {number: encoder.to(self.study.device) for number, encoder in encoders.items()}
            batch = self.study.sample(distiller.student).to(self.study.device)
            distiller.fit_projections(batch, teachers, adopted=adopted)

    def batches(self, stage: StageConfig) -> Batches:
        return self.study.batches(self.study.training_split(stage), self.student, stage.batches)

    def teachers(self, stage: StageConfig, distiller: Distiller) -> Mapping[TeacherNumber, Teacher]:
        context = StageContext(study=self.study, stage=stage, batches=self.batches(stage), folder=self.folder)
        return make_targets(context, distiller, self.guide)

    def masker(self, stage: StageConfig) -> None:
        """Hide nothing: stages on a task read their texts as they are."""

    def scorer(self, stage: StageConfig, distiller: Distiller) -> Scorer:  # noqa: ARG002
        data, dev = self.study.data, self.study.batches("dev", self.student)
        gold = data.dev.labels
        assert gold is not None
        return lambda encoder: compute_metrics(data.task, self.study.dev_logits(encoder, dev), gold)

    def save(self, folder: Path) -> None:
        self.student.save(folder)
