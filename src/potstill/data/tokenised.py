"""A split as token ids: tokenised once, read many times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from potstill.answers import LabelRows
from potstill.data.records import Split
from potstill.tensors import TokenBlock


@runtime_checkable
class TextEncoder(Protocol):
    """What this room asks of a tokenizer; `potstill.hub.Tokenizer` is one."""

    def encode(self, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int) -> TokenBlock:
        """Turn texts or pairs of texts into token ids of at most `max_length` each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenisedSplit:
    """Token ids and labels of a split; an example's position is its id.

    Attributes:
        tokens: Token ids of all examples without padding.
        labels: Gold labels, or None where they are not known.
    """

    tokens: TokenBlock
    labels: LabelRows | None

    def __post_init__(self) -> None:
        """Check that both fields have the same examples."""
        assert self.labels is None or len(self.labels) == len(self.tokens), (len(self.labels), len(self.tokens))

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.tokens)


def describe_reading(notes: Sequence[str], splits: Sequence[TokenisedSplit], *, max_length: int) -> str:
    """Say in one line what was read, left out and understood, and how many texts are cut.

    Args:
        notes: Those of the data.
        splits: Its examples as token ids.
        max_length: Where they were cut.

    Returns:
        The line.
    """
    num_cut, total = sum(split.tokens.num_cut for split in splits), sum(map(len, splits))
    cut = f"{num_cut:,} of {total:,} texts are cut at {max_length} tokens (data.max_length)"
    return f"data: {'; '.join([*notes, cut] if num_cut else notes)}"


def tokenise(split: Split, tokenizer: TextEncoder, *, max_length: int) -> TokenisedSplit:
    """Turn the texts of a split into token ids.

    Args:
        split: Examples.
        tokenizer: The tokenizer of the encoder that will read them.
        max_length: Longest example in tokens, special tokens included; longer ones are cut.

    Returns:
        The same examples in the same order.
    """
    return TokenisedSplit(tokens=tokenizer.encode(split.texts, split.pairs, max_length=max_length), labels=split.labels)
