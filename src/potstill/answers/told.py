"""What an answer tells in words: of a model that never looks at the text, and of one text's logits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a model reaches that never looks at the text.

    Attributes:
        metric: What is measured.
        score: What the model at hand has.
        floor: What is had without looking.
        what: How, in words.
        is_spared: Whether the model has learnt something though it is no better.
    """

    metric: str
    score: float
    floor: float
    what: str
    is_spared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer as a page tells it.

    Attributes:
        chosen: What is compared with the gold label; None where no answer is simply right or wrong.
        written: The answer in words.
    """

    chosen: str | None
    written: str
