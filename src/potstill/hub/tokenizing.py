"""Text to token ids, as one flat block per split."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from potstill.answers import WordSpans
from potstill.errors import DataError
from potstill.hub.word_parts import encode_words
from potstill.tensors import TokenBlock

_CHUNK = 4096
_LONGEST = 1_000_000
"""Beyond it, a tokenizer's limit stands for none."""
_WORD_MARKS = ("\u0120", "\u2581")
"""What byte-level BPE and SentencePiece put before a token that begins a word."""
_PIECE_MARK = "##"
"""What WordPiece puts before a token that goes on with a word."""


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

    @property
    def max_length(self) -> int | None:
        """Tokens of the longest text that it was made for; None where it does not say."""
        found = self.wrapped.model_max_length
        return int(found) if isinstance(found, int) and 0 < found <= _LONGEST else None

    @cached_property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The special tokens before and after a single text, such as `[CLS]` and `[SEP]`."""
        bare = self.encode_bare(["a"])[0]
        framed = [int(token) for token in self.encode(["a"], None, max_length=len(bare) + 8).ids]
        start = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
        return tuple(framed[:start]), tuple(framed[start + len(bare) :])

    @property
    def start_id(self) -> int | None:
        """The id of the token before a text, such as `[CLS]`; None where the tokenizer has none."""
        found = self.wrapped.cls_token_id
        return None if found is None else int(found)

    @property
    def separator_id(self) -> int | None:
        """The id of the token behind a text, such as `[SEP]`; None where the tokenizer has none."""
        found = self.wrapped.sep_token_id
        return None if found is None else int(found)

    @property
    def vocab_size(self) -> int:
        """Ids that may occur: the largest plus 1."""
        return 1 + int(max(self.wrapped.get_vocab().values()))

    @cached_property
    def num_segments(self) -> int:
        """Segments that it tells apart in a pair of texts: 2 as a rule, and 1 where it has none."""
        if not self.has_types:
            return 1
        pair = self.wrapped("a", "a", add_special_tokens=True, return_token_type_ids=True)
        return 1 + max(pair["token_type_ids"], default=0)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with the vocabulary and every rule of the tokenizer, but for lengths."""
        rules = json.loads(self.wrapped.backend_tokenizer.to_str())
        rules.update(truncation=None, padding=None)  # they are as the last call left them
        rules["around"] = [self.wrapped.truncation_side, self.has_types]
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]

    def whole_words(self) -> dict[str, int]:
        """List the tokens that are words of their own, not pieces inside a word, nor special.

        Returns:
            Ids by word, in the order of the ids.
        """
        special = self.special_ids
        vocabulary = self.wrapped.get_vocab()
        tokens = {token: vocabulary[token] for token in sorted(vocabulary, key=vocabulary.__getitem__)}
        for mark in _WORD_MARKS:
            if any(token.startswith(mark) for token in tokens):
                tokens = {token.removeprefix(mark): number for token, number in tokens.items() if token[:1] == mark}
        return {
            token: number
            for token, number in tokens.items()
            if number not in special and token and not token.startswith(_PIECE_MARK)
        }

    def encode(
        self, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int, words: WordSpans | None = None
    ) -> TokenBlock:
        """Tokenise texts or pairs of texts.

        Args:
            texts: First (or only) text of each example.
            pairs: Second texts, or None.
            max_length: Longest result in tokens, special tokens included; pairs lose tokens from the longer text.
            words: The words of the texts, where rows are about these; a longer text is then not cut, but read in parts.

        Returns:
            The token ids of all examples, in their order.

        Raises:
            DataError: A text has half a character, as cut JSON may have.
        """
        for text in (*texts, *(pairs or ())):
            _check_characters(text)
        if words is not None:
            return encode_words(self.wrapped, texts, words, max_length=max_length, has_types=self.has_types)
        flat: list[NDArray[np.int32]] = []
        types: list[NDArray[np.uint8]] = []
        lengths: list[int] = []
        num_cut = 0
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
            num_cut += sum(bool(each.overflowing) for each in encoded.encodings if len(each) >= max_length)
            flat.append(np.fromiter((token for row in rows for token in row), dtype=np.int32))
            if self.has_types:
                segments: list[list[int]] = encoded["token_type_ids"]
                types.append(np.fromiter((segment for row in segments for segment in row), dtype=np.uint8))
        return TokenBlock(
            ids=np.concatenate(flat) if flat else np.zeros(0, dtype=np.int32),
            type_ids=(np.concatenate(types) if types else np.zeros(0, dtype=np.uint8)) if self.has_types else None,
            offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            padding_id=self.padding_id,
            num_cut=num_cut,
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

    def spell(self, token_ids: Sequence[int]) -> tuple[str, ...]:
        """Write tokens as people can read them, special tokens and the marks of word pieces included.

        Args:
            token_ids: Ids, one after another.

        Returns:
            One text for each id.
        """
        raw: list[str] = self.wrapped.convert_ids_to_tokens(list(token_ids))
        return tuple(self.decode([token_id]) or token for token_id, token in zip(token_ids, raw, strict=True))


def _check_characters(text: str) -> None:
    """Refuse a lone surrogate, which JSON can hold and no tokenizer reads."""
    try:
        if not text.isascii():
            text.encode("utf-8")
    except UnicodeEncodeError as error:
        around = text[max(0, error.start - 20) : error.end + 20]
        raise DataError(f"a text has half of a character, at {around!r}; mend or remove it.") from None
