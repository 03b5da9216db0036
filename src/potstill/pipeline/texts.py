"""Make new texts out of a task's training examples: the steps from its data to one file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.augmentation import (
    ROWS_PER_PART,
    AugmentationConfig,
    Labeller,
    Labels,
    Material,
    Method,
    PartFiles,
    Row,
    RowMaker,
    TaggedText,
    Variant,
    WorkerPool,
    count_attempts,
)
from potstill.data import Split, TaskData
from potstill.engines import make_batches, predict_logits
from potstill.errors import RecipeError
from potstill.files import held, sweep
from potstill.hub import Encoder
from potstill.pipeline.varied import find_tagged
from potstill.progress import ProgressCallback
from potstill.teachers import combine_logits

_FORMAT = 1
_TRIES_PER_WORKER = 100_000
"""Tries for which it is worth while to start a process."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextTeacher:
    """A teacher as the makers of texts need it, or several that are asked together.

    Attributes:
        encoders: The teachers, with labels in the task's order; the first one's word embeddings may serve as vectors.
        fingerprint: Changes with their weights, configs, tokenizers and how they are combined.
        max_length: Longest text that they are given, in tokens.
        combine: What is averaged of several.
        weights: How much each counts; absent: all alike.
    """

    encoders: tuple[Encoder, ...]
    fingerprint: str
    max_length: int
    combine: Literal["logits", "probabilities"] = "logits"
    weights: tuple[float, ...] | None = None

    def predict(self, split: Split, *, device: torch.device, precision: Literal["fp32", "bf16"]) -> NDArray[np.float32]:
        """Give logits, [examples, labels]."""
        parts = []
        for encoder in self.encoders:
            batches = make_batches(split, encoder, max_length=self.max_length)
            own = predict_logits(encoder.to(device), batches, precision=precision)
            parts.append(torch.from_numpy(own))
        combined = parts[0] if len(parts) == 1 else combine_logits(parts, combine=self.combine, weights=self.weights)
        logits: NDArray[np.float32] = combined.numpy()
        return logits


@dataclass(frozen=True, kw_only=True, eq=False)
class TextMaker:
    """Varies the training examples of a task.

    Attributes:
        data: The task.
        config: How they are varied.
        teacher: Whom the filter and the labels ask; absent: nobody.
        precision: Arithmetic of matrix products.
        device: Where models run.
        callback: Draws progress.
        num_workers: Processes that draw; absent: as many as are worth while.
    """

    data: TaskData
    config: AugmentationConfig
    teacher: TextTeacher | None
    precision: Literal["fp32", "bf16"]
    device: torch.device
    callback: ProgressCallback
    num_workers: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings that do not fit the task or lack a teacher."""
        path, lacks = "augmentation", self.data.task.answer.lacks_classes
        if self.config.balance_classes and lacks is not None:
            raise RecipeError(f"{path}.balance_classes: it needs classes and the task {lacks}; leave it out.")
        if self._has_margin and lacks is not None:
            raise RecipeError(f"{path}.filter.min_margin: it needs classes and the task {lacks}; set it to none.")
        if self.teacher is None and self.config.needs_teacher:
            field = "filter.min_margin" if self._has_margin else "labels = 'teacher'"
            raise RecipeError(f"{path}.{field}: this asks the teacher, and there is none; give one with --teacher.")

    @cached_property
    def rows(self) -> list[Row]:
        """The texts of every training example."""
        train = self.data.train
        return (
            [(text,) for text in train.texts]
            if train.pairs is None
            else list(zip(train.texts, train.pairs, strict=True))
        )

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the result, as JSON values: the same identity means the same texts."""
        config, teacher = self.config, self.teacher
        return {
            "format": _FORMAT,
            "data": self.data.fingerprint,
            "copies": self._copies,
            "config": config.model_dump(mode="json", exclude={"copies"}),
            "sources": config.method.sources(None if teacher is None else teacher.fingerprint),
            "teacher": [teacher.fingerprint, teacher.max_length, self.precision]
            if teacher is not None and config.needs_teacher
            else None,
        }

    def write(self, out: Path, *, parts: Path | None = None) -> tuple[int, int]:
        """Make all texts and write them to a file, whole or not at all.

        What was made before an interruption lies in the folder `parts`, beside the file where none is given, and is
        taken up, as long as nothing that decides the result has changed. One process at a time works there.
        """
        place = parts or out.with_name(f".{out.name}.parts")
        with held(place, called=out):
            sweep(place)
            return self._join(PartFiles(place, self.identity), out)

    def _join(self, parts: PartFiles, out: Path) -> tuple[int, int]:
        count = -(-len(self.rows) // ROWS_PER_PART)
        begun = min(len(parts), count)
        if begun:
            self.callback.note(f"augmentation: going on after row {min(begun * ROWS_PER_PART, len(self.rows)):,}")
        if begun < count:
            with WorkerPool(self._count_workers()) as workers:
                self._write_parts(parts, begun, workers)
        total = parts.join(out, count)
        return total, total - len(self.rows) * self.config.keep_originals

    def preview(self, count: int) -> list[tuple[Row, list[Variant]]]:
        """Draw for a few rows what a whole run would draw for them, before anything is dropped."""
        chosen = np.random.default_rng(self.config.seed).permutation(len(self.rows))[:count]
        with WorkerPool(self._count_workers()) as workers:
            method = self._build(workers)
        shown = []
        for number in sorted(chosen.tolist()):
            prepared = method.prepare(number, [self.rows[number]])[0]
            variants = method.sampler.draw(prepared, np.random.default_rng((self.config.seed, number)), self._copies)
            variants = variants if self._tagged is None else self._tagged[number].keep(variants)
            changed = [variant for variant in variants if tuple(edit.text for edit in variant) != self.rows[number]]
            shown.append((self.rows[number], changed))
        return shown

    def _write_parts(self, parts: PartFiles, begun: int, workers: WorkerPool) -> None:
        method = self._build(workers)
        maker = RowMaker(
            rows=self.rows,
            method=method,
            config=self.config,
            attempts=self._attempts,
            labeller=self._labeller,
            workers=workers,
            tagged=self._tagged,
        )
        maker.add_seen(parts.rows())
        labels = Labels(
            sources=self._source_labels(),
            answer=self.data.task.answer,
            rule=self.config.labels,
            tagged=self._tagged,
        )
        new = 0
        with self.callback.task("augment", len(self.rows), done=begun * ROWS_PER_PART) as progress:
            for number, rows in enumerate(maker.parts(begun), start=begun):
                new += parts.write(number, rows, self.config.method.kind, labels, is_pair=self.data.task.is_pair)
                done = min(ROWS_PER_PART, len(self.rows) - number * ROWS_PER_PART)
                progress.advance(done, text=f"{new:,} new texts")

    def _build(self, workers: WorkerPool) -> Method:
        material = Material(
            rows=self.rows,
            workers=workers,
            callback=self.callback,
            teacher=None if self.teacher is None else self.teacher.encoders[0],
            precision=self.precision,
            device=str(self.device),
        )
        return self.config.method.build(material)

    @property
    def _has_margin(self) -> bool:
        return self.config.filter is not None and self.config.filter.min_margin is not None

    @property
    def _copies(self) -> int:
        return self.config.count_copies(self.data.task.name)

    @property
    def _attempts(self) -> NDArray[np.int64]:
        labels = self.data.train.labels if self.config.balance_classes else None
        classes = None if labels is None else self.data.task.answer.strata(labels)
        return count_attempts(classes, rows=len(self.rows), copies=self._copies, seed=self.config.seed)

    @property
    def _labeller(self) -> Labeller | None:
        teacher = self.teacher
        if teacher is None or not self.config.needs_teacher:
            return None

        def label(rows: Sequence[Row]) -> NDArray[np.float32]:
            pairs = [row[1] for row in rows] if self.data.task.is_pair else None
            split = Split(texts=[row[0] for row in rows], pairs=pairs)
            logits = teacher.predict(split, device=self.device, precision=self.precision)
            return np.asarray(self.data.task.answer.probabilities(logits), dtype=np.float32)

        return label

    def _source_labels(self) -> list[str | float]:
        answer, labels = self.data.task.answer, self.data.train.labels
        assert labels is not None, "training examples have labels"
        return [answer.name_gold(labels.values[first:last]) for first, last in pairwise(labels.offsets.tolist())]

    @cached_property
    def _tagged(self) -> list[TaggedText] | None:
        """The training texts with their words, where these have labels."""
        return find_tagged(self.data)

    def _count_workers(self) -> int:
        if self.num_workers is not None:
            return self.num_workers
        worthwhile = len(self.rows) * self._copies // _TRIES_PER_WORKER
        return max(1, min(os.cpu_count() or 1, worthwhile))
