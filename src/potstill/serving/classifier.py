"""`potstill.load(model)(texts)`: a saved model that answers, on any back-end."""

from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.answers import Prediction, answer_of_model
from potstill.data import Batches, Split
from potstill.engines import Backend, Engine, find_backend, load_engine, make_batches
from potstill.engines import predict as predict_split
from potstill.errors import DataError
from potstill.progress import ProgressCallback
from potstill.results import Promise
from potstill.serving.text_rows import Row, Texts, cut_rows, is_filled
from potstill.serving.training_run import check_pairs, trained_length, trained_on_pairs
from potstill.serving.trusting import read_promise

_CHUNK = 2048
"""Texts that are tokenised and sorted by length together."""


class Classifier:
    """A model that is ready to answer.

    Attributes:
        answer: What kind of answer it gives.
        label_names: Names of the labels; empty for scores.
        num_cut: Texts that were longer than its longest length, of all that it has answered.
        promise: From which confidence on it answers, and else defers; None where it always answers.
    """

    def __init__(
        self, engine: Engine, *, max_length: int, is_of_pairs: bool | None = None, promise: Promise | None = None
    ) -> None:
        """Join a model on a back-end with the way in which it reads texts.

        Args:
            engine: The model.
            max_length: Longest text in tokens; longer ones are cut.
            is_of_pairs: Whether it was trained on pairs of texts; None = not known.
            promise: When its answers are to be trusted; None = always.
        """
        self.answer = answer_of_model(engine.model.config_words, engine.model.label_names)
        self.label_names = engine.model.label_names
        self._engine = engine
        self._max_length = max_length
        self._is_of_pairs = True if engine.model.needs_pairs else is_of_pairs
        self.num_cut = 0
        self.promise = promise

    def __call__(self, texts: Texts, pairs: Texts | None = None) -> list[Prediction]:
        """Predict the labels or scores of texts.

        Args:
            texts: Texts, in any number; None, or one without a word, gets an empty prediction.
            pairs: Second texts, as many as there are texts.

        Returns:
            One prediction for each text, in their order.

        Raises:
            DataError: A single text was given for a list of texts, the lists differ in length, or one is no text.
        """
        return list(self.stream(texts, pairs))

    def stream(self, texts: Texts, pairs: Texts | None = None, *, chunk: int = _CHUNK) -> Iterator[Prediction]:
        """Predict as texts come.

        Args:
            texts: Texts, in any number; read as predictions are taken, a chunk at a time. None, or one without a word,
                gets an empty prediction.
            pairs: Second texts, as many as there are texts.
            chunk: Texts that are sorted by length and answered together, at least 1; more is faster, fewer is sooner.

        Returns:
            The predictions, in the order of the texts.

        Raises:
            DataError: A single text was given for a list of texts, the lists differ in length, or one is no text.
        """
        if isinstance(texts, str):
            raise DataError("texts: this is one text, not a list of texts; put it into a list.")
        return self._answer(cut_rows(texts, pairs, chunk), has_pairs=pairs is not None)

    def logits(self, split: Split) -> NDArray[np.float32]:
        """Compute the logits of examples.

        Args:
            split: Texts or pairs of texts.

        Returns:
            Logits in the order of the examples, [rows, labels].

        Raises:
            DataError: A text is longer than the model can read, after it was cut to the longest length.
            ModelError: A logit is not finite.
        """
        return predict_split(self._engine, self.batches(split))

    def batches(self, split: Split) -> Batches:
        """Tokenise examples and put them into batches of similar length.

        Args:
            split: Texts or pairs of texts.

        Returns:
            The batches, of the default size.

        Raises:
            DataError: A text is longer than the model can read, after it was cut to the longest length, or the model
                compares two texts and is given one, or the other way round.
        """
        check_pairs(self._is_of_pairs, has_pairs=split.pairs is not None)
        if split.words is None:
            split = replace(split, words=self.answer.find_words(split.texts))
        return make_batches(split, self._engine.model, max_length=self._max_length)

    def _answer(self, chunks: Iterable[list[Row]], *, has_pairs: bool) -> Iterator[Prediction]:
        check_pairs(self._is_of_pairs, has_pairs=has_pairs)
        for rows in chunks:
            filled = [row for row in rows if is_filled(row)]
            predictions: Iterator[Prediction] = iter(())
            if filled:
                texts = [str(row[0]) for row in filled]
                split = Split(
                    texts=texts,
                    pairs=[str(row[1]) for row in filled] if has_pairs else None,
                    words=self.answer.find_words(texts),
                )
                batches = self.batches(split)
                self.num_cut += batches.tokenised.tokens.num_cut if split.words is None else 0
                logits = predict_split(self._engine, batches)
                predictions = self._predict(logits, split)
            for row in rows:
                yield next(predictions) if is_filled(row) else self._nothing

    def _predict(self, logits: NDArray[np.float32], split: Split) -> Iterator[Prediction]:
        """Answer, and say of each answer whether it is to be trusted, where that was asked for."""
        predictions = self.answer.predict(logits, texts=split.texts, words=split.words)
        if self.promise is None or self.promise.threshold is None:
            return predictions
        defers = (self.answer.confidence(logits, split.row_offsets) < self.promise.threshold).tolist()
        return (replace(each, defers=is_unsure) for each, is_unsure in zip(predictions, defers, strict=True))

    @property
    def _nothing(self) -> Prediction:
        return replace(self.answer.empty_prediction, defers=None if self.promise is None else True)


def load(
    model: str | Path,
    *,
    backend: str = "sdpa",
    max_length: int | None = None,
    threads: int | None = None,
    agree: float | None = None,
) -> Classifier:
    """Load a model to predict with.

        potstill.load("runs/kd")(["Great value.", "It broke after a week."])
        potstill.load("runs/kd", agree=0.99)(["Great value."])[0].defers

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        backend: `sdpa`, `eager`, `bf16` or `compiled` for PyTorch; `onnx`, `onnx-fp16` or `onnx-int8` for the files
            that `potstill export` makes.
        max_length: Longest text in tokens, longer ones are cut; absent: as the model of a run was trained, else
            the lesser of what its tokenizer and its positions allow.
        threads: Threads within an operation; absent: as PyTorch is set.
        agree: Say of every prediction whether it `defers`: of those that do not, at least this share agrees with the
            teacher (is right, where the model had none), with 95 % confidence; between 0 and 1.

    Returns:
        What predicts; call it with a list of texts.

    Raises:
        ModelError: The model cannot be loaded, was not exported, or the machine lacks what the back-end needs; or no
            threshold of its confidence can promise so much agreement.
    """
    wanted = find_backend(backend)
    if threads is not None:
        torch.set_num_threads(threads)
    return load_classifier(str(model), wanted, max_length=max_length, agree=agree)


def load_classifier(
    model: str, backend: Backend, *, max_length: int | None = None, agree: float | None = None
) -> Classifier:
    """Load a model on a back-end."""
    length, promise = trained_length(model), None
    if agree is not None:
        promise = read_promise(model, agree, backend=backend, max_length=max_length)
    return Classifier(
        load_engine(model, backend),
        max_length=max_length or length,
        is_of_pairs=trained_on_pairs(model),
        promise=promise,
    )


def predict(
    model: str | Path,
    texts: Texts,
    *,
    pairs: Texts | None = None,
    max_length: int | None = None,
    backend: str = "sdpa",
    agree: float | None = None,
    callback: ProgressCallback | None = None,
) -> Iterator[Prediction]:
    """Predict labels or scores of texts, in batches of similar length.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        texts: Texts, in any number; read as predictions are taken, some thousands at a time. None, or one without a
            word, gets an empty prediction.
        pairs: Second texts, as many as there are texts.
        max_length: As for `load`.
        backend: As for `load`.
        agree: As for `load`.
        callback: Draws progress where the number of texts is known; absent: silence.

    Returns:
        Predictions in the order of the texts.

    Raises:
        DataError: A single text was given for a list of texts, or one is no text.
        PotstillError: The model cannot be loaded.
    """
    if isinstance(texts, str):
        raise DataError("texts: this is one text, not a list of texts; put it into a list.")
    answers = load(model, backend=backend, max_length=max_length, agree=agree).stream(texts, pairs)
    if callback is None or not isinstance(texts, Sized):
        return answers
    return _observed(answers, len(texts), callback)


def _observed(predictions: Iterator[Prediction], total: int, callback: ProgressCallback) -> Iterator[Prediction]:
    with callback.task("predict", total) as progress:
        for prediction in predictions:
            yield prediction
            progress.advance()
