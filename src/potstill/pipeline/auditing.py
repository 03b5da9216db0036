"""How good a teacher's answers are: against gold labels, against themselves, and against a model of the other texts."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer, LabelRows, answer_of_labels, find_suspects, wilson
from potstill.data import DataConfig, Split, Task, ToldTable, find_told_names, hash_texts, load_task_data, read_told
from potstill.errors import DataError
from potstill.evaluation import learn_words
from potstill.pipeline.evaluating import DataOptions
from potstill.results import Audit, AuditedLabel, AuditedText

_FOLDS = 5
_FEWEST = 20


def audit(answers: str | Path, *, options: DataOptions | None = None) -> Audit:
    """Say how good the answers in a table are.

    A linear model of words learns four fifths of the answers and judges the last fifth, five times, so that no text is
    judged by a model that has seen it. Confident learning on its probabilities finds the answers that are likely wrong.

    Args:
        answers: A table as `--teacher-answers` takes it; here a text may stand in it more than once.
        options: Data with gold labels about some of the texts, and the labels in their order; absent: there are none.

    Returns:
        The figures, per label too, and the suspects.

    Raises:
        DataError: A file cannot be used, the task has no classes, or too few texts are answered.
    """
    given = options or DataOptions()
    config = DataConfig.parse(dict(given.given), path="data")
    data = load_task_data(config, is_learnt=False) if config.path or config.task else None
    if data is None:
        names = config.labels or find_told_names(str(answers), config)
        kind = answer_of_labels(names, has_independent_labels=False)
        task = Task(name="answers", answer=kind, is_pair=config.text_pair is not None, metrics=kind.default_metrics)
    else:
        task = data.task
    if task.answer.lacks_classes is not None:
        raise DataError(
            f"audit: it takes answers of which each is one class, and the task {task.answer.lacks_classes}."
        )
    told = read_told(str(answers), config, task)
    gold = [] if data is None else [data.train, data.dev, *data.labelled_test.values()]
    return _Auditor(told, task.answer, gold).audit(Path(answers).name)


class _Auditor:
    """Answers about texts, of which each stands once."""

    def __init__(self, told: ToldTable, answer: Answer, gold: list[Split]) -> None:
        self._answer, self._told = answer, told
        is_told = ~np.isnan(told.logits).all(axis=1)
        self._rows = np.flatnonzero(is_told)
        if len(self._rows) < _FEWEST:
            raise DataError(f"audit: {len(self._rows)} texts are answered; at least {_FEWEST} are needed.")
        labels = answer.decide(answer.complete_answers(told.logits[self._rows])).astype(np.int64)
        hashes = hash_texts(told.split)[self._rows]
        _, self._first, self._text_of = np.unique(hashes, return_index=True, return_inverse=True)
        self._all_labels, self.labels = labels, labels[self._first]
        self.split = told.split.take(self._rows[self._first])
        self.gold = _look_up(hashes[self._first], gold)

    def audit(self, name: str) -> Audit:
        found = find_suspects(self._judge(), self.labels)
        known = np.flatnonzero(self.gold >= 0)
        hits = int((self.labels[known] == self.gold[known]).sum())
        num_repeated, agreement = self._compare_with_itself()
        names = self._answer.label_names
        return Audit(
            name=name,
            num_rows=len(self._told.split),
            num_abstained=len(self._told.split) - len(self._rows),
            num_texts=len(self.labels),
            num_repeated=num_repeated,
            self_agreement=agreement,
            num_gold=len(known),
            accuracy=hits / len(known) if len(known) else None,
            interval=wilson(hits, len(known)) if len(known) else None,
            labels=tuple(self._describe(place, found.rows) for place in range(len(names))),
            suspects=tuple(
                AuditedText(
                    row=int(self._told.numbers[self._rows[self._first[place]]]),
                    text=self.split.texts[place],
                    pair=None if self.split.pairs is None else self.split.pairs[place],
                    answer=names[self.labels[place]],
                    likely=names[guess],
                    margin=float(margin),
                    gold=names[self.gold[place]] if self.gold[place] >= 0 else None,
                )
                for place, guess, margin in zip(
                    found.rows.tolist(), found.guesses.tolist(), found.margins.tolist(), strict=True
                )
            ),
        )

    def _judge(self) -> NDArray[np.float64]:
        """Give the probabilities of models of words that have not seen the text."""
        fold_of = np.random.default_rng(0).permutation(len(self.labels)) % _FOLDS
        shares = np.zeros((len(self.labels), self._answer.num_labels))
        for fold in range(_FOLDS):
            learnt, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            texts = replace(self.split.take(learnt), labels=LabelRows.one_each(self.labels[learnt]))
            model = learn_words(texts, self._answer)
            if model is None:
                raise DataError("audit: no word stands in two texts, so nothing can be learnt from their words.")
            shares[judged] = self._answer.probabilities(model.answer(self.split.take(judged)).astype(np.float64))
        return shares

    def _compare_with_itself(self) -> tuple[int, float | None]:
        """Count the texts that were answered more than once, and how often two answers about one are the same."""
        counts = np.bincount(self._text_of)
        repeated = np.flatnonzero(counts > 1)
        pairs = [
            one == other
            for text in repeated.tolist()
            for one, other in combinations(self._all_labels[self._text_of == text].tolist(), 2)
        ]
        return len(repeated), float(np.mean(pairs)) if pairs else None

    def _describe(self, label: int, suspects: NDArray[np.int64]) -> AuditedLabel:
        is_so, is_known = self.labels == label, self.gold >= 0
        answered, wanted = is_so & is_known, self.gold == label
        return AuditedLabel(
            name=self._answer.label_names[label],
            num_answers=int(is_so.sum()),
            num_suspects=int(is_so[suspects].sum()),
            precision=float((self.gold[answered] == label).mean()) if answered.any() else None,
            recall=float(is_so[wanted].mean()) if wanted.any() else None,
        )


def _look_up(hashes: NDArray[np.uint64], gold: list[Split]) -> NDArray[np.int64]:
    """Find the gold label of each text; -1 where there is none."""
    known: dict[int, int] = {}
    for split in gold:
        if split.labels is not None and split.labels.is_one_each:
            values = split.labels.values.astype(np.int64).tolist()
            known |= dict(zip(hash_texts(split).tolist(), values, strict=True))
    return np.array([known.get(each, -1) for each in hashes.tolist()], dtype=np.int64)
