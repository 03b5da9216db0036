"""What a run leaves for its report besides figures: examples.json and attention.json.

Both are small, and both hold texts of the evaluated split; predictions.safetensors (`potstill.results.predictions`)
holds none.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from potstill.config import Config
from potstill.errors import RunError
from potstill.files import write_json

EvidenceType = TypeVar("EvidenceType", bound="Evidence")  # not Self, which runtime type checks do not take


def write_labels(names: Sequence[str]) -> str:
    """Write the labels of a text, of which it may have several, in one line."""
    return ", ".join(names) or "none"


class Evidence(Config):
    """A small JSON file with a version."""

    schema_version: Literal[1] = 1
    """Version of this schema."""

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def read(cls: type[EvidenceType], path: Path) -> EvidenceType:
        """Read what `write` wrote."""
        try:
            return cls.parse(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(
                f"'{path}' cannot be read ({' '.join(str(error).split()).rstrip('.')}); delete it, or make it anew "
                "with 'potstill report RUN --remeasure'."
            ) from None


class Example(Config):
    """An example with what each model says about it."""

    id: int = Field(ge=0)
    """Its position in the split."""
    text: str
    """The first, or only, text."""
    pair: str | None = None
    """The second text of a pair."""
    gold: str | float
    """The gold label's name, the names of several, or the gold score."""
    distance: float | None = Field(default=None, ge=0.0)
    """KL(teacher || student) in nats at temperature 1, or the distance of both scores; absent without a teacher."""
    logits: dict[str, tuple[float, ...]]
    """Logits by the model's role."""


class ChosenExamples(Evidence):
    """The examples that a report shows."""

    label_names: tuple[str, ...]
    """Names of the labels in the order of the logits; empty for a regression."""
    has_independent_labels: bool = False
    """Whether a text may have several labels; the gold ones then stand in one line."""
    disagreements: tuple[Example, ...]
    """The examples on which student and teacher are farthest apart, the worst first."""
    spread: tuple[Example, ...]
    """Examples from the surest to the least sure of the teacher; for a regression from the lowest score upwards."""


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


class AttentionMaps(Evidence):
    """Attention of teacher and student over a few texts."""

    examples: tuple[AttentionExample, ...]
    """The texts, those of a good length first."""
