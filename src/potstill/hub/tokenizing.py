"""Text to token ids, as one flat block per split."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from potstill.tensors import TokenBlock

__all__ = ["TokenBlock", "Tokenizer"]

_CHUNK = 4096


class Tokenizer:
    """A fast tokenizer of transformers, reduced to what Potstill asks of it."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Wrap a loaded tokenizer."""
        self.wrapped = tokenizer
        self.has_types = "token_type_ids" in tokenizer.model_input_names

    @property
    def padding_id(self) -> int:
        """The id that fills padding; 0 where the tokenizer names none."""
        return int(self.wrapped.pad_token_id or 0)

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids of special tokens such as `[CLS]`, `[SEP]`, `[MASK]` and padding."""
        return frozenset(self.wrapped.all_special_ids)

    @property
    def mask_id(self) -> int | None:
        """The id of `[MASK]`; None where the tokenizer has none."""
        found = self.wrapped.mask_token_id
        return None if found is None else int(found)

    @property
    def unknown_id(self) -> int | None:
        """The id of what is not in the vocabulary; None where the tokenizer has none."""
        found = self.wrapped.unk_token_id
        return None if found is None else int(found)

    @cached_property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The special tokens before and after a single text, such as `[CLS]` and `[SEP]`."""
        bare = self.encode_bare(["a"])[0]
        framed = [int(token) for token in self.encode(["a"], None, max_length=len(bare) + 8).ids]
        start = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
        return tuple(framed[:start]), tuple(framed[start + len(bare) :])

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with the vocabulary and every rule of the tokenizer."""
        return hashlib.sha256(self.wrapped.backend_tokenizer.to_str().encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int) -> TokenBlock:
        """Tokenise texts or pairs of texts.

        Args:
            texts: First (or only) text of each example.
            pairs: Second texts, or None.
            max_length: Longest result in tokens, special tokens included; pairs lose tokens from the longer text.

        Returns:
            The token ids of all examples, in their order.
        """
        flat: list[NDArray[np.int32]] = []
        types: list[NDArray[np.uint8]] = []
        lengths: list[int] = []
        for start in range(0, len(texts), _CHUNK):
            stop = start + _CHUNK
            encoded = self.wrapped(
                list(texts[start:stop]),
                None if pairs is None else list(pairs[start:stop]),
                truncation=True,
                max_length=max_length,
                add_special_tokens=True,
                return_attention_mask=False,
                return_token_type_ids=self.has_types,
                verbose=False,
            )
            rows: list[list[int]] = encoded["input_ids"]
            lengths.extend(map(len, rows))
            flat.append(np.fromiter((token for row in rows for token in row), dtype=np.int32))
            if self.has_types:
                segments: list[list[int]] = encoded["token_type_ids"]
                types.append(np.fromiter((segment for row in segments for segment in row), dtype=np.uint8))
        return TokenBlock(
            ids=np.concatenate(flat) if flat else np.zeros(0, dtype=np.int32),
            type_ids=(np.concatenate(types) if types else np.zeros(0, dtype=np.uint8)) if self.has_types else None,
            offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            padding_id=self.padding_id,
        )

    def encode_bare(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokenise texts, whole and without special tokens.

        Args:
            texts: The texts.

        Returns:
            The token ids of each.
        """
        if not texts:
            return []
        encoded = self.wrapped(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        rows: list[list[int]] = encoded["input_ids"]
        return rows

    def decode(self, ids: Sequence[int]) -> str:
        """Turn token ids into text.

        Args:
            ids: Token ids, special ones included.

        Returns:
            The text, without blanks around it.
        """
        return str(self.wrapped.decode(list(ids))).strip()
