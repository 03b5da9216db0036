"""Count an encoder's weights by what they are for."""

from dataclasses import dataclass

from potstill.hub.encoder import Encoder

__all__ = ["ParameterCounts", "count_parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterCounts:
    """Weights by part; published figures count them by different conventions, so none is hidden.

    Attributes:
        embeddings: Word, position and segment tables with their LayerNorm.
        encoder: The transformer layers.
        pooler: The dense layer over the first token, where the encoder has one.
        head: What makes logits of it.
    """

    embeddings: int
    encoder: int
    pooler: int
    head: int

    @property
    def total(self) -> int:
        """All weights; shared ones count once."""
        return self.embeddings + self.encoder + self.pooler + self.head


def count_parameters(encoder: Encoder) -> ParameterCounts:
    """Count the weights of a classifier.

    Args:
        encoder: Any sequence classifier of transformers.

    Returns:
        The counts; a part is told by the name under which it hangs in the model.
    """
    counts = dict.fromkeys(("embeddings", "encoder", "pooler", "head"), 0)
    prefix = encoder.model.base_model_prefix + "."
    for name, parameter in encoder.model.named_parameters():
        counts[_part(name, prefix)] += parameter.numel()
    return ParameterCounts(**counts)


def _part(name: str, prefix: str) -> str:
    if not name.startswith(prefix):
        return "head"
    first = name.removeprefix(prefix).split(".")[0]
    if first.startswith("embedding"):
        return "embeddings"
    return "pooler" if first.startswith("pooler") else "encoder"
