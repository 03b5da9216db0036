"""Count an encoder's weights by what they are for."""

from dataclasses import dataclass

from potstill.hub.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterCounts:
    """Weights by part; published figures count them by different conventions, so none is hidden.

    Attributes:
        embeddings: Word, position and segment tables with their LayerNorm.
        encoder: The transformer layers.
        pooler: The dense layer over the first token, where the encoder has one.
        head: What makes logits of it.
        vocabulary_head: What predicts masked tokens; without the decoder where that is the word embeddings.
    """

    embeddings: int
    encoder: int
    pooler: int
    head: int
    vocabulary_head: int = 0

    @property
    def total(self) -> int:
        """All weights; shared ones count once."""
        return self.embeddings + self.encoder + self.pooler + self.head + self.vocabulary_head


def count_parameters(encoder: Encoder) -> ParameterCounts:
    """Count the weights of an encoder.

    Args:
        encoder: Any sequence classifier or masked language model of transformers.

    Returns:
        The counts; a part is told by the name under which it hangs in the model.
    """
    body = dict(encoder.model.base_model.named_parameters())
    counts = dict.fromkeys(("embeddings", "encoder", "pooler", "head", "vocabulary_head"), 0)
    for name, parameter in body.items():
        counts[_part(name)] += parameter.numel()
    inside = {id(parameter) for parameter in body.values()}
    rest = sum(parameter.numel() for parameter in encoder.model.parameters() if id(parameter) not in inside)
    counts["vocabulary_head" if encoder.has_vocabulary_head else "head"] = rest
    return ParameterCounts(**counts)


def _part(name: str) -> str:
    first = name.split(".")[0]
    if first.startswith("embedding"):
        return "embeddings"
    return "pooler" if first.startswith("pooler") else "encoder"
