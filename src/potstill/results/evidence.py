"""What a run leaves for its report besides figures: examples.json and attention.json.

Both are small, and both hold texts of the evaluated split; predictions.safetensors (`potstill.results.predictions`)
holds none.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from potstill.config import Config
from potstill.results.record import Record

REMEASURE = "delete it, or make it anew with 'potstill report RUN --remeasure'"


def write_labels(names: Sequence[str]) -> str:
    """Write the labels of a text, of which it may have several, in one line."""
    return ", ".join(names) or "none"


class Example(Config):
    """An example with what each model says about it."""

    id: int = Field(ge=0)
    """Its position in the split."""
    text: str
    """The first, or only, text."""
    pair: str | None = None
    """The second text of a pair."""
    words: tuple[str, ...] = ()
    """The words of the text, where logits are about these; a word's logits stand together."""
    gold: str | float
    """The gold label's name, the names of several, or the gold score."""
    distance: float | None = Field(default=None, ge=0.0)
    """KL(teacher || student) in nats at temperature 1, or the distance of both scores; absent without a teacher."""
    logits: dict[str, tuple[float, ...]]
    """Logits by the model's role."""


class ChosenExamples(Record):
    """The examples that a report shows."""

    remedy: ClassVar[str] = REMEASURE

    schema_version: Literal[1] = 1
    """Version of this schema."""
    label_names: tuple[str, ...]
    """Names of the labels in the order of the logits; empty for scores."""
    has_independent_labels: bool = False
    """Whether a text may have several labels; the gold ones then stand in one line."""
    disagreements: tuple[Example, ...]
    """The examples on which student and teacher are farthest apart, the worst first."""
    spread: tuple[Example, ...]
    """Examples from the surest to the least sure of the teacher; of scores from the lowest score upwards."""


class ModelAttention(Config):
    """The attention of one model over one text, every layer and head."""

    tokens: tuple[str, ...]
    """The text as the model reads it, special tokens included."""
    num_layers: int = Field(ge=1)
    """Layers."""
    num_heads: int = Field(ge=1)
    """Heads of a layer."""
    probabilities: str
    """Base64 of one byte for each probability, 255 = 1, in the order layer, head, query token, key token."""


class AttentionExample(Config):
    """One text under the attention of each model."""

    id: int = Field(ge=0)
    """Position of the example in the split."""
    text: str
    """The first, or only, text."""
    pair: str | None = None
    """The second text of a pair."""
    models: dict[str, ModelAttention]
    """Attention by the model's role."""


class AttentionMaps(Record):
    """Attention of teacher and student over a few texts."""

    remedy: ClassVar[str] = REMEASURE

    schema_version: Literal[1] = 1
    """Version of this schema."""
    examples: tuple[AttentionExample, ...]
    """The texts, those of a good length first."""
