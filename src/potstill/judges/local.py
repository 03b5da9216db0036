"""A causal language model on this machine as a judge."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.errors import DataError
from potstill.hub import CausalLM, fingerprint_model, load_causal_lm
from potstill.judges.judge import CONTENT_FREE, Judge, Said, calibrate
from potstill.judges.question import Question
from potstill.processes import process_state


class LocalJudge(Judge):
    """Chooses the label whose word is the likeliest to follow the question; all words are scored, none is drawn."""

    num_together = 1

    def __init__(self, name: str, question: Question, *, is_calibrated: bool = False) -> None:
        """Load the model.

        Args:
            name: A folder or a name on the hub.
            question: What it is asked.
            is_calibrated: Whether what the prompt alone makes likely is taken off.

        Raises:
            ModelError: The model cannot be loaded.
        """
        self._model: CausalLM = load_causal_lm(name, device=process_state().device)
        self._name, self._question, self._is_calibrated = name, question, is_calibrated

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """See `Judge.identity`."""
        return {
            "model": fingerprint_model(self._name),
            "calibrate": self._is_calibrated,
            "labels": self._question.model_dump(mode="json"),
        }

    @cached_property
    def _content_free(self) -> NDArray[np.float64]:
        return np.stack([self._score(text, None) for text in CONTENT_FREE])

    def _score(self, text: str, pair: str | None) -> NDArray[np.float64]:
        prompt = self._model.write_prompt(self._question.ask(text, pair), system=self._question.system)
        return self._model.score(prompt, self._question.all_words)

    def close(self) -> None:
        """See `Judge.close`; nothing is open."""

    def ask(self, text: str, pair: str | None) -> Said:
        """See `Judge.ask`."""
        from scipy.special import log_softmax

        try:
            scores = self._score(text, pair)
        except DataError as error:
            return Said(label=None, said=str(error))
        if self._is_calibrated:
            scores = calibrate(scores, self._content_free)
        names, best = self._question.names, int(scores.argmax())
        if best >= len(names):
            return Said(label=None, said=self._question.abstain)
        logs = log_softmax(scores[: len(names)])
        return Said(label=names[best], log_probabilities=dict(zip(names, logs.tolist(), strict=True)))
