"""Find out when a student can be trusted, on texts that neither it nor anything else was learnt from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from potstill.answers import find_places
from potstill.data import Split, find_new
from potstill.engines import make_batches, predict_logits
from potstill.evaluation import KeptTexts, TrustTexts
from potstill.hub import Encoder
from potstill.pipeline.chosen import count_choices
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.teacher import combine
from potstill.results import ChosenWeights, Trust

_MOST_TEXTS = 5_000
"""More texts than this tell little more."""


@dataclass(frozen=True, kw_only=True)
class _Texts:
    """Texts on which trust may be measured.

    Attributes:
        name: What they are called.
        split: The texts; where there is no teacher, with gold labels.
        num_choices: Among how many weights they chose, of the student and of its teacher.
        taught: What the teacher says about them, where it is known already.
    """

    name: str
    split: Split
    num_choices: int = 1
    taught: NDArray[np.float32] | None = None

    @property
    def reach(self) -> float:
        """What grows with the share that could be promised where all agree, which is (error / choices)^(1 / texts)."""
        return len(self.split) / log(20 * self.num_choices)

    def take(self, places: NDArray[np.int64]) -> "_Texts":
        """Pick some of them."""
        taught = None if self.taught is None else self.taught[find_places(self.split.row_offsets, places)]
        return replace(self, split=self.split.take(places), taught=taught)


def keep_trust(
    run: OpenRun[TaskSource], teacher: RunTeacher | None, student: Encoder, chosen: Sequence[ChosenWeights]
) -> Trust | None:
    """Measure how often a student agrees with its teacher, or is right without one, and keep it beside the student.

    The test set chose nothing. The development set may have chosen among weights; then each of them is tested at a part
    of the error. The set that can promise more, by its size alone, is taken. The student runs in fp32.
    """
    task = run.source.data.task
    found = list(_find_texts(run, teacher, chosen))
    if task.answer.no_promise is not None or not found:
        return None
    texts = max(found, key=lambda each: each.reach)
    encoder = student.to(run.device)
    logits = predict_logits(encoder, make_batches(texts.split, encoder, max_length=run.recipe.data.longest))
    if teacher is not None:
        taught = texts.taught if texts.taught is not None else _ask(run, teacher, texts.split)
        reference = task.answer.decide(taught)
    else:
        assert texts.split.labels is not None
        reference = texts.split.labels.values
    kept = TrustTexts(
        reference="gold" if teacher is None else "teacher",
        split=texts.name,
        num_choices=texts.num_choices,
        max_length=run.recipe.data.longest,
        kept=KeptTexts.of(texts.split),
        answers=tuple(reference.tolist()),
    )
    trust = kept.measure(task.answer, logits)
    assert trust is not None, "there are texts, and none is left out"
    kept.write(run.folder.trust_texts)
    trust.write(run.folder.trust)
    return trust


def _find_texts(
    run: OpenRun[TaskSource], teacher: RunTeacher | None, chosen: Sequence[ChosenWeights]
) -> Iterator[_Texts]:
    """Give the sets of texts of which nothing was learnt, with the number of weights among which each chose."""
    data = run.source.data
    patience = {stage.name: stage.patience for stage in run.recipe.stages}
    choices = 1 if data.select is not None else count_choices(chosen, patience)
    choices *= 1 if teacher is None else teacher.num_choices
    known = None if teacher is None else teacher.dev_logits
    whole = [_Texts(name="dev", split=data.dev, num_choices=choices, taught=known)]
    if data.test is not None:
        whole.append(_Texts(name="test", split=data.test))
    if run.source.transfer is not None and (held_out := run.source.transfer.held_out) is not None:
        whole.append(_Texts(name="unlabelled texts", split=held_out))
    for texts in whole:
        usable = _find_usable(texts, teacher) & find_new(texts.split, [data.train])
        places = np.random.default_rng(0).permutation(np.flatnonzero(usable))[:_MOST_TEXTS]
        if len(places):
            yield texts.take(np.sort(places))


def _find_usable(texts: _Texts, teacher: RunTeacher | None) -> NDArray[np.bool_]:
    """Say of which texts the reference is known."""
    if teacher is None:
        has_labels = texts.split.labels is not None and texts.split.has_labels
        return np.full(len(texts.split), has_labels)
    if teacher.table is None:
        return np.full(len(texts.split), True)
    return teacher.table.find(texts.split) >= 0


def _ask(run: OpenRun[TaskSource], teacher: RunTeacher, split: Split) -> NDArray[np.float32]:
    """Let a teacher, or several together, answer texts of which each has an answer."""
    if teacher.table is not None:
        return teacher.table.rows(split)[0]
    length, precision = run.recipe.data.longest, run.precision
    encoders = [each.model.to(run.device) for each in teacher.singles]
    answers = [
        predict_logits(each, make_batches(split, each, max_length=length), precision=precision) for each in encoders
    ]
    return answers[0] if len(answers) == 1 else combine(answers, run.recipe.teacher)
