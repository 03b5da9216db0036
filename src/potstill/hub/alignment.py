"""Which token stands for which word of a text, and which word a token of the vocabulary spells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.hub.tokenizing import Tokenizer

_WORD_MARKS = ("Ġ", "▁")
"""What byte-level and SentencePiece vocabularies put before a token that begins a word."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedText:
    """Token ids of a text, special tokens included, and the characters that they stand for.

    Attributes:
        ids: Token ids, int32.
        type_ids: Segment ids, uint8.
        places: Position in `ids` of each token of the (first) text, by its first character and the one behind its
            last; tokens that stand for no known word are left out.
    """

    ids: NDArray[np.int32]
    type_ids: NDArray[np.uint8]
    places: dict[tuple[int, int], int]


def align_texts(tokenizer: Tokenizer, texts: Sequence[str], *, is_doubled: bool) -> list[AlignedText]:
    """Tokenise texts without cutting them, and tell which characters each token stands for.

    Args:
        tokenizer: The tokenizer.
        texts: Any texts.
        is_doubled: Whether each text is put behind itself as the second of a pair.

    Returns:
        One record a text.
    """
    if not texts:
        return []
    encoded = tokenizer.wrapped(list(texts), list(texts) if is_doubled else None, truncation=False, verbose=False)
    unknown = tokenizer.wrapped.unk_token_id
    aligned = []
    for text, encoding in zip(texts, encoded.encodings, strict=True):
        spans = zip(encoding.ids, encoding.offsets, encoding.sequence_ids, strict=True)
        aligned.append(
            AlignedText(
                ids=np.array(encoding.ids, dtype=np.int32),
                type_ids=np.array(encoding.type_ids, dtype=np.uint8),
                places={
                    _strip(text, span): position
                    for position, (token, span, sequence) in enumerate(spans)
                    if sequence == 0 and token != unknown
                },
            )
        )
    return aligned


def spell_vocabulary(tokenizer: Tokenizer) -> list[str | None]:
    """Give the word that each token spells.

    Args:
        tokenizer: The tokenizer.

    Returns:
        For every id the word, or None for special tokens and for tokens that go on with a word.
    """
    raw = tokenizer.wrapped
    size = max(raw.get_vocab().values()) + 1
    tokens: list[str | None] = raw.convert_ids_to_tokens(list(range(size)))
    mark = next((mark for mark in _WORD_MARKS if sum(token.startswith(mark) for token in tokens if token) > 1), None)
    special = set(raw.all_special_ids)
    words: list[str | None] = []
    for number, token in enumerate(tokens):
        if number in special or not token or (token.startswith("[unused") and token.endswith("]")):
            words.append(None)
        elif mark is not None:
            words.append(raw.convert_tokens_to_string([token]).strip() or None if token.startswith(mark) else None)
        else:
            words.append(None if token.startswith("##") else token)
    return words


def _strip(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Leave out the blank that some tokenizers count to the word behind it."""
    start, stop = span
    while start < stop and text[start].isspace():
        start += 1
    return start, stop
