"""Open for checks what is there of a run, and tell before it what the quick ones find."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from potstill.data import Split
from potstill.doctor import CHECKS, Case, Reading, TaughtCase
from potstill.hub import Encoder
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource

_SAMPLE = 256
"""Examples that a teacher is asked about."""


def tell_warnings(run: OpenRun[TaskSource], teacher: RunTeacher | None, student: Encoder) -> None:
    """Tell before a run what the quick checks find in its data and its teacher."""
    case = Case(
        recipe=run.recipe,
        data=run.source.data,
        unlabelled=None if run.source.transfer is None else run.source.transfer.figures,
        readings=read_texts(run, student, teacher),
        taught=ask_teacher(run, teacher, on_train=False),
    )
    for check in CHECKS:
        for found in () if check.is_slow else check.examine(case):
            if found.state not in ("ok", "unknown"):
                run.callback.note(f"warning: {found.told}")


def ask_teacher(run: OpenRun[TaskSource], teacher: RunTeacher | None, *, on_train: bool) -> TaughtCase | None:
    """Say what a teacher says of dev and, if asked, of some training examples."""
    source = run.source
    if teacher is None or teacher.dev_logits is None or not source.data.dev.has_labels or source.data.is_judged:
        return None
    train, logits = None, None
    if on_train and teacher.encoder is not None and not teacher.members and source.data.train.has_labels:
        train = draw_some(source.data.train)
        sample = replace(run.source, data=replace(source.data, dev=train))
        logits = sample.logits(teacher.encoder, sample.batches_of("dev", teacher.encoder))
    return TaughtCase(
        name=teacher.name,
        dev=source.data.dev,
        dev_logits=teacher.dev_logits,
        train=train,
        train_logits=logits,
        chosen=teacher.chosen,
    )


def read_texts(run: OpenRun[TaskSource], student: Encoder, teacher: RunTeacher | None) -> Mapping[str, Reading]:
    """Give the training texts in the tokens of the student and, where it has others, of the teacher."""
    encoders = {"student": student}
    if teacher is not None and teacher.encoder is not None:
        encoders["teacher"] = teacher.encoder
    readings, seen = {}, set()
    for part, encoder in encoders.items():
        tokenizer = encoder.tokenizer
        if tokenizer.fingerprint not in seen:
            seen.add(tokenizer.fingerprint)
            readings[part] = Reading(
                tokens=run.source.batches_of("train", encoder).tokenised.tokens,
                unknown_id=tokenizer.unknown_id,
                special_ids=tokenizer.special_ids,
                max_tokens=encoder.max_tokens,
            )
    return readings


def draw_some(split: Split) -> Split:
    """Draw as many examples as tell something in seconds."""
    chosen = np.random.default_rng(0).permutation(len(split))[:_SAMPLE]
    return split if len(split) <= _SAMPLE else split.take(np.sort(chosen).astype(np.int64))
