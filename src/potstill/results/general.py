"""results.json of a general student: what it learnt from plain text, measured on examples that were held out."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from potstill.config import Config
from potstill.results.figures import Share
from potstill.results.markup import to_markdown
from potstill.results.record import Record
from potstill.results.table import Table, figure_columns, word_columns


class CorpusFigures(Config):
    """What was read."""

    num_lines: int
    """Lines of text, empty ones not counted."""
    num_examples: int
    """Examples to learn from."""
    num_tokens: int
    """Their tokens, special ones included."""
    num_heldout: int
    """Examples to measure on."""
    num_dropped: int
    """Examples that were left out: too short, unknown to the tokenizer, or equal to one that is held out."""
    fingerprint: str
    """Changes with any token or cut."""


class StageFigures(Config):
    """What one stage did, in losses on the examples that were held out: lower is better."""

    name: str
    """The stage."""
    steps: int
    """Optimizer steps."""
    before: dict[str, float]
    """`loss` is the weighted sum; the single losses by objective; `masked_lm_accuracy`, where tokens were hidden and
    the student predicts them, is the share that it got right."""
    after: dict[str, float]
    """The same after the stage."""


class Fill(Config):
    """A hidden word and what the student takes it for."""

    text: str
    """A text that was held out, with the word hidden."""
    answer: str
    """The hidden word, or part of a word."""
    guesses: tuple[str, ...]
    """The most probable tokens, the best first."""


class GeneralResults(Record):
    """What a run on plain text made."""

    remedy: ClassVar[str] = "give the folder of a run on plain text, or make it anew with 'potstill pretrain'"

    kind: Literal["general"] = "general"
    """Marks the results of a general student."""
    name: str
    """The recipe."""
    base: str
    """The pre-trained encoder that the student was made from, or whose tokenizer it has."""
    corpus: CorpusFigures
    """What was read."""
    parameters: dict[str, int]
    """Weights by part: embeddings, encoder, pooler, head, vocabulary_head, total; only the body's are kept where the
    student predicts no tokens."""
    stages: tuple[StageFigures, ...]
    """What each stage did."""
    masked_lm_accuracy: Share | None = None
    """Share of hidden tokens of the held-out examples that the student predicts; absent where it predicts none."""
    fills: tuple[Fill, ...] = ()
    """Some of them; empty where the student predicts none."""
    training_seconds: float = Field(ge=0.0)
    """Time spent in training."""
    environment: dict[str, JsonValue]
    """Versions and hardware."""


def describe_general(results: GeneralResults) -> str:
    """Write a general student's page.

    Args:
        results: What its run measured.

    Returns:
        Markdown that ends with a newline.
    """
    after = results.stages[-1].after
    rows = tuple((name, f"{value:.4f}") for name, value in after.items())
    figures = Table(columns=(*word_columns("figure"), *figure_columns("value")), rows=rows)
    return (
        f"# A general student: {results.name}\n\n"
        f"Made by Potstill from `{Path(results.base).name}` and {results.corpus.num_lines:,} lines of text, without "
        "any task. Start a distillation from it:\n\n"
        "    potstill distill RECIPE --general FOLDER --task TASK\n\n"
        "## On text that was held out\n\n"
        f"{to_markdown(figures)}"
    )
