"""A language model behind an endpoint that speaks OpenAI's protocol as a judge."""

import math
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from potstill.errors import ModelError, RunError, tell_reason
from potstill.judges.judge import Judge, Said
from potstill.judges.question import Question

_QUOTES = " \t\r\n\"'`*_.:!()[]{}<>"
_WAYS: tuple[Mapping[str, Any], ...] = (
    {"temperature": 0, "max_tokens": 16, "logprobs": True, "top_logprobs": 20},
    {"temperature": 0, "max_tokens": 16, "logprobs": True, "top_logprobs": 5},
    {"temperature": 0, "max_tokens": 16},
    {},
)
"""What is asked for, from most to least; endpoints refuse what they cannot give."""
_SAID = 200
"""Characters of an answer without a label that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is asked, and how patiently.

    Attributes:
        url: Where the protocol begins, such as `https://api.openai.com/v1`.
        key_variable: The variable of the environment that holds the key; servers of one's own need none.
        num_together: Texts that are asked about at a time.
        num_retries: How often a call is repeated that failed by chance (busy, timed out), with growing pauses.
        timeout: Seconds until a call counts as failed.
    """

    url: str
    key_variable: str = "OPENAI_API_KEY"
    num_together: int = 8
    num_retries: int = 5
    timeout: float = 60.0


class EndpointJudge(Judge):
    """Writes a label's word; what it told of the first token gives the log-probabilities of labels."""

    def __init__(self, name: str, question: Question, endpoint: Endpoint) -> None:
        """Open a client; nothing is sent.

        Args:
            name: What the endpoint calls the model.
            question: What it is asked.
            endpoint: Where.

        Raises:
            ModelError: The package `openai` is not installed.
        """
        try:
            import openai
        except ImportError:
            raise ModelError(
                '--url: a model behind an endpoint needs the package openai, which is not installed; run "pip install '
                "'potstill[label]'\"."
            ) from None
        self._client = openai.OpenAI(
            base_url=endpoint.url,
            api_key=os.environ.get(endpoint.key_variable) or "none",
            max_retries=endpoint.num_retries,
            timeout=endpoint.timeout,
        )
        self._name, self._question, self._endpoint = name, question, endpoint
        self.num_together = endpoint.num_together
        self._way, self._lock = 0, threading.Lock()

    @property
    def identity(self) -> Mapping[str, Any]:
        """See `Judge.identity`."""
        labels = self._question.model_dump(mode="json")
        return {"model": self._name, "url": self._endpoint.url, "labels": labels}

    def close(self) -> None:
        """See `Judge.close`."""
        self._client.close()

    def ask(self, text: str, pair: str | None) -> Said:
        """See `Judge.ask`; where the endpoint cannot be reached or refuses, one sentence says so."""
        reply = self._call(self._question.ask(text, pair))
        tokens = None if reply.usage is None else (reply.usage.prompt_tokens, reply.usage.completion_tokens)
        choice = reply.choices[0]
        words = choice.message.content or ""
        place = find_word(words, self._question.all_words)
        if place is None or place >= len(self._question.names):
            return Said(label=None, said=words[:_SAID], tokens=tokens)
        label, has_logs = self._question.names[place], "logprobs" in _WAYS[self._way]
        told = {} if choice.logprobs is None else self._read_logs(choice.logprobs.content or [])
        if has_logs and label not in told:
            told = {label: 0.0}  # so that every row of the table says it in one way
        return Said(label=label, log_probabilities=told if has_logs else {}, tokens=tokens)

    def _call(self, message: str) -> Any:  # noqa: ANN401 - the client's class, which may not be installed
        """Call with all that the endpoint gives; what it refuses is not asked for again."""
        import openai

        turns = [] if self._question.system is None else [{"role": "system", "content": self._question.system}]
        turns.append({"role": "user", "content": message})
        while True:
            way = self._way
            try:
                return self._client.chat.completions.create(model=self._name, messages=turns, **_WAYS[way])
            except openai.BadRequestError as error:
                if way + 1 == len(_WAYS):
                    raise self._refused(error) from None
                with self._lock:
                    self._way = max(self._way, way + 1)
            except openai.OpenAIError as error:
                raise self._refused(error) from None

    def _refused(self, error: Exception) -> RunError:
        status = getattr(error, "status_code", None)
        cure = {
            401: f"put your key into the variable {self._endpoint.key_variable}, or name another with --key-variable",
            403: f"look at what the key in {self._endpoint.key_variable} may do",
            404: "look at --url and --model",
        }.get(status or 0, "look whether it runs, or ask fewer at a time (--concurrency)")
        return RunError(
            f"{self._endpoint.url} did not answer for '{self._name}' ({tell_reason(error)}); {cure}. What was answered "
            "is kept, and the same command goes on."
        )

    def _read_logs(self, content: Sequence[Any]) -> dict[str, float]:
        """Read what was told of the first token that is more than a quotation mark or a space."""
        first = next((each for each in content if each.token.strip(_QUOTES)), None)
        if first is None:
            return {}
        told: dict[str, float] = {}
        for each in first.top_logprobs:
            place = find_start(each.token, self._question.all_words)
            if place is not None and place < len(self._question.names) and math.isfinite(each.logprob):
                name = self._question.names[place]
                told[name] = min(0.0, math.log(math.exp(told.get(name, -math.inf)) + math.exp(each.logprob)))
        if len(told) == len(self._question.names):
            total = math.log(math.fsum(map(math.exp, told.values())))
            told = {name: value - total for name, value in told.items()}
        return told


def find_word(said: str, words: Sequence[str]) -> int | None:
    """Find which word was said, alone or at the beginning of more, whatever quotation marks stand around it."""
    folded, begins = said.casefold().strip(_QUOTES), [word.casefold().strip(_QUOTES) for word in words]
    found = [
        place
        for place, begin in enumerate(begins)
        if folded.startswith(begin) and not folded[len(begin) : len(begin) + 1].isalnum()
    ]
    return max(found, key=lambda place: len(words[place]), default=None)


def find_start(token: str, words: Sequence[str]) -> int | None:
    """Find the only word that begins with a token; None where none or several do."""
    start = token.casefold().strip(_QUOTES)
    found = [place for place, word in enumerate(words) if start and word.casefold().strip(_QUOTES).startswith(start)]
    return found[0] if len(found) == 1 else None
