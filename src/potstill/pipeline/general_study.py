"""What the stages of a recipe on plain text work with: corpus, student, teacher."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import or_
from pathlib import Path

import numpy as np
import torch

from potstill.data import BatchConfig, Batches, Corpus, count_tokens
from potstill.errors import DataError, RecipeError
from potstill.hub import (
    Encoder,
    add_vocabulary_head,
    check_layers,
    copy_vocabulary_head,
    find_masked_lm,
    load_encoder_base,
    load_masked_lm,
)
from potstill.pipeline.heldout import HeldoutScorer
from potstill.processes import process_state
from potstill.progress import Observer
from potstill.recipe import Recipe
from potstill.teachers import OnlineTeacher, Teacher
from potstill.tensors import Batch, Needs
from potstill.training import Distiller, Masker, StageConfig, TeacherNumber

_NUM_SAMPLES = 128
_KEEPS_HEAD = ("teacher_layers", "svd")
"""Starts with which the base's masked-LM head is of use, beside a checkpoint and the whole base."""


@dataclass(frozen=True, kw_only=True)
class GeneralStudy:
    """A run on plain text in progress.

    Attributes:
        recipe: The stages on a corpus, as they run.
        corpus: The text.
        student: What is trained.
        teacher: The pre-trained encoder that it follows, or None.
        observer: Draws the progress.
        scores_start: Whether stages are scored on held-out text before their first step, too.
    """

    recipe: Recipe
    corpus: Corpus
    student: Encoder
    teacher: Encoder | None
    observer: Observer
    scores_start: bool = True
    _maskers: dict[str, Masker] = field(default_factory=dict)

    @cached_property
    def device(self) -> torch.device:
        """The device of this process."""
        return torch.device(process_state().device)

    def autocast(self) -> torch.autocast:
        """Open the run's arithmetic for a block."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.recipe.precision == "bf16")

    def batches(self, stage: StageConfig) -> Batches:
        """Give the examples to learn from."""
        return Batches(self.corpus.train, stage.batches, seed=self.recipe.seed)

    def heldout(self) -> Batches:
        """Give the examples to measure on."""
        return Batches(self.corpus.heldout, BatchConfig(), seed=0)

    def distiller(self, stage: StageConfig) -> Distiller:
        """Build the objectives of a stage."""
        return _make_distiller(self.student, self.teacher, stage)

    def fit_projections(self, distiller: Distiller, adopted: Sequence[str]) -> None:
        """Fit the projections that are to start from a closed form and were not adopted, on texts of the corpus."""
        if distiller.fits:
            assert self.teacher is not None, "objectives with projections are not built without a teacher"
            batch = _sample(self.corpus, self.recipe.seed).to(self.device)
            teachers = dict.fromkeys(distiller.teacher_needs, self.teacher.to(self.device))
            distiller.fit_projections(batch, teachers, adopted=adopted)

    def teachers(self, stage: StageConfig, distiller: Distiller) -> dict[TeacherNumber, Teacher]:  # noqa: ARG002
        """Give what answers the needs of a stage: the teacher, which runs at every step."""
        if self.teacher is None:
            return {}
        online = OnlineTeacher(self.teacher.to(self.device))
        return dict.fromkeys(distiller.teacher_needs, online)

    def masker(self, stage: StageConfig) -> Masker | None:
        """Give what hides the tokens of a stage."""
        if stage.masking is None:
            return None
        if stage.name not in self._maskers:
            tokenizer, vocab_size = self.student.tokenizer, self.student.shape.vocab_size
            if tokenizer.mask_id is None:
                raise RecipeError(f"stages.{stage.name}.masking: the tokenizer has no [MASK] token; leave it out.")
            counts = np.ones(vocab_size, dtype=np.int64)
            if stage.masking.smoothing > 0:
                counts = count_tokens(self.corpus.train.tokens, vocab_size=vocab_size)
            self._maskers[stage.name] = Masker(
                stage.masking, mask_id=tokenizer.mask_id, special_ids=tokenizer.special_ids, token_counts=counts
            )
        return self._maskers[stage.name]

    def scorer(self, stage: StageConfig, distiller: Distiller) -> HeldoutScorer:
        """Give what measures a stage on the held-out examples."""
        return HeldoutScorer(
            distiller=distiller,
            teachers=self.teachers(stage, distiller),
            masker=self.masker(stage),
            batches=self.heldout(),
            autocast=self.autocast(),
        )

    def save(self, folder: Path) -> None:
        """Save the student, with its masked-LM head where it has one."""
        self.student.save(folder, has_head=self.student.has_vocabulary_head)


def require_base(recipe: Recipe) -> str:
    """Give the pre-trained encoder of a recipe with stages on a corpus."""
    if recipe.teacher.base is None:
        raise RecipeError(
            f"stages.{recipe.corpus_stages[0].name}: a stage on a corpus needs a pre-trained encoder, which the "
            "student follows or whose tokenizer it uses; pass --teacher-base."
        )
    return recipe.teacher.base


def open_study(recipe: Recipe, corpus: Corpus, observer: Observer) -> GeneralStudy:
    """Build student and teacher, and refuse what does not fit before anything is trained."""
    name = require_base(recipe)
    torch.manual_seed(recipe.seed)
    source = load_encoder_base(name, label_names=())
    student = recipe.student.build(source, (), sample=_sample(corpus, recipe.seed))
    if recipe.compile:
        check_layers(student)
    distillers = [_make_distiller(student, source, stage) for stage in recipe.stages]
    ours = reduce(or_, (distiller.student_needs for distiller in distillers), Needs())
    theirs = reduce(or_, (needs for distiller in distillers for needs in distiller.teacher_needs.values()), Needs())
    if ours.vocabulary:
        student = _with_vocabulary_head(student, recipe, name)
    teacher = None if theirs.is_empty else load_masked_lm(name) if theirs.vocabulary else source
    for encoder, needs in ((student, ours), (teacher, theirs)):
        if encoder is not None and needs.attention_layers:
            encoder.check_capture()
        if encoder is not None:
            _check_length(encoder, recipe)
    return GeneralStudy(recipe=recipe, corpus=corpus, student=student, teacher=teacher, observer=observer)


def _make_distiller(student: Encoder, teacher: Encoder | None, stage: StageConfig) -> Distiller:
    shapes = [] if teacher is None else [teacher.shape]
    return Distiller(student, shapes, stage.objectives, path=f"stages.{stage.name}")


def _with_vocabulary_head(student: Encoder, recipe: Recipe, base: str) -> Encoder:
    """Give the student a masked-LM head: the one of what it starts from, as far as it is of use, else a fresh one."""
    given = add_vocabulary_head(student)
    init = getattr(recipe.student, "init", None)
    if init is not None and init.kind == "checkpoint":
        trained, with_transform = find_masked_lm(init.path), True
    elif init is None or init.kind in _KEEPS_HEAD:
        trained, with_transform = find_masked_lm(base), init is None or getattr(init, "vocabulary_transform", False)
    else:
        return given
    if trained is not None:
        copy_vocabulary_head(given, trained, with_transform=with_transform)
    return given


def _sample(corpus: Corpus, seed: int) -> Batch:
    """Draw texts on which a start can be fitted, the same for the same seed."""
    batches = Batches(corpus.train, BatchConfig(), seed=seed)
    chosen = np.random.default_rng(seed).permutation(len(corpus.train))[:_NUM_SAMPLES]
    return replace(batches.collate(chosen.astype(np.int64)), labels=None)


def _check_length(encoder: Encoder, recipe: Recipe) -> None:
    longest = recipe.data.corpus.max_length
    if encoder.max_tokens is not None and longest > encoder.max_tokens:
        raise DataError(
            f"data.corpus.max_length: {longest} is more than the {encoder.max_tokens} tokens that the model reads; set "
            f"it to {encoder.max_tokens} or less."
        )
