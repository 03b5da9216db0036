"""A split as token ids: tokenised once, read many times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from potstill.answers import LabelRows, WordSpans
from potstill.data.records import Split
from potstill.files import is_whole, whole_folder
from potstill.tensors import TokenBlock, WordTokens

_CHUNK = 65_536
"""Texts that are in memory at once."""


@runtime_checkable
class TextEncoder(Protocol):
    """What this room asks of a tokenizer; `potstill.hub.Tokenizer` is one."""

    def encode(
        self, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int, words: WordSpans | None = None
    ) -> TokenBlock:
        """Turn texts or pairs of texts into token ids of at most `max_length` each, and find their words in them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenisedSplit:
    """Token ids and labels of a split; an example's position is its id.

    Where rows are words, a text that is longer is several examples, so these are as many as texts or more; rows are the
    words of the split in their order, in any case.

    Attributes:
        tokens: Token ids of all examples without padding.
        labels: Gold labels, or None where they are not known.
        is_answered: For each example whether the teacher's answer is known; None = all are.
        shared: By the number of a teacher with another tokenizer: whether it has tokens under each token. [tokens]
    """

    tokens: TokenBlock
    labels: LabelRows | None
    is_answered: NDArray[np.bool_] | None = None
    shared: Mapping[int | None, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that all fields have the same examples."""
        assert self.labels is None or len(self.labels) == len(self.tokens), (len(self.labels), len(self.tokens))
        assert all(len(mask) == len(self.tokens.ids) for mask in self.shared.values())

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.tokens)

    @property
    def num_texts(self) -> int:
        """Count the texts."""
        return len(self) if self.tokens.words is None else int(self.tokens.words.texts.max(initial=-1)) + 1

    def with_labels(self, labels: LabelRows | None) -> "TokenisedSplit":
        """Give the texts other labels.

        Args:
            labels: The labels of each text.

        Returns:
            The same examples with these.
        """
        return replace(self, labels=_part_labels(labels, self.tokens.words))

    def of_texts(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give each example what is said of its text.

        Args:
            values: One for each text.

        Returns:
            One for each example.
        """
        return values if self.tokens.words is None else values[self.tokens.words.texts]


def describe_reading(notes: Sequence[str], splits: Sequence[TokenisedSplit], *, max_length: int) -> str:
    """Say in one line what was read, left out and understood, and how many texts are cut.

    Args:
        notes: Those of the data.
        splits: Its examples as token ids.
        max_length: Where they were cut.

    Returns:
        The line.
    """
    num_cut, total = sum(split.tokens.num_cut for split in splits), sum(split.num_texts for split in splits)
    are = "are cut at" if all(split.tokens.words is None for split in splits) else "are longer and read in parts of"
    cut = f"{num_cut:,} of {total:,} texts {are} {max_length} tokens (data.max_length)"
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
    tokens = tokenizer.encode(split.texts, split.pairs, max_length=max_length, words=split.words)
    return TokenisedSplit(tokens=tokens, labels=_part_labels(split.labels, tokens.words))


def _part_labels(labels: LabelRows | None, words: WordTokens | None) -> LabelRows | None:
    """Give each part of a text the labels of its words, where the text has any."""
    if labels is None or words is None:
        return labels
    counts = np.diff(words.offsets) * labels.has_rows(words.texts)
    return LabelRows(values=labels.values, offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def tokenise_to_files(split: Split, tokenizer: TextEncoder, *, max_length: int, folder: Path) -> TokenisedSplit:
    """Turn the texts of a split into token ids that stay in files, or find them there.

    Args:
        split: Examples, of any number.
        tokenizer: The tokenizer of the encoder that will read them.
        max_length: As for `tokenise`.
        folder: Where they are kept, whole or absent; its name must identify texts, tokenizer and length.

    Returns:
        The same examples in the same order, memory-mapped.
    """
    if not is_whole(folder):
        with whole_folder(folder) as aside:
            _write_tokens(split, tokenizer, max_length, aside)
    types, places = folder / "type_ids", folder / "words.npz"
    offsets = np.load(folder / "offsets.npy")
    ids: NDArray[np.int32] = np.memmap(folder / "ids", dtype=np.int32, mode="r")
    type_ids: NDArray[np.uint8] | None = np.memmap(types, dtype=np.uint8, mode="r") if types.is_file() else None
    padding_id = int(np.load(folder / "padding_id.npy"))
    words = WordTokens(**np.load(places)) if places.is_file() else None
    block = TokenBlock(ids=ids, type_ids=type_ids, offsets=offsets, padding_id=padding_id, words=words)
    return TokenisedSplit(tokens=block, labels=_part_labels(split.labels, words))


def _write_tokens(split: Split, tokenizer: TextEncoder, max_length: int, folder: Path) -> None:
    lengths, padding_id, words = [], 0, []
    for start in range(0, len(split), _CHUNK):
        part = slice(start, start + _CHUNK)
        pairs = None if split.pairs is None else split.pairs[part]
        own = None if split.words is None else split.words.take(np.arange(len(split), dtype=np.int64)[part])
        block = tokenizer.encode(split.texts[part], pairs, max_length=max_length, words=own)
        lengths.append(block.lengths)
        padding_id = block.padding_id
        if block.words is not None:
            words.append((block.words.places, np.diff(block.words.offsets), block.words.texts + start))
        for name, values in (("ids", block.ids), ("type_ids", block.type_ids)):
            if values is not None:
                with (folder / name).open("ab") as file:
                    file.write(values.tobytes())
    if words:
        places, counts, texts = (np.concatenate(each) for each in zip(*words, strict=True))
        np.savez(folder / "words.npz", places=places, offsets=np.concatenate([[0], np.cumsum(counts)]), texts=texts)
    np.save(folder / "offsets.npy", np.concatenate([[0], *lengths]).cumsum())
    np.save(folder / "padding_id.npy", padding_id)
