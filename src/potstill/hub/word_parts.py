"""Texts of words as token ids: where each word begins, and a text that is too long in parts that overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from transformers import PreTrainedTokenizerBase

from potstill.answers import WordSpans
from potstill.tensors import TokenBlock, WordTokens

_CHUNK = 4096
_FAR = 2**40
"""More tokens than any text has: so many stand beside a word where its text begins or ends."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """A text, or a part of one, with the words that are read in it."""

    ids: NDArray[np.int32]
    places: NDArray[np.int64]
    text: int


def encode_words(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], words: WordSpans, *, max_length: int, has_types: bool
) -> TokenBlock:
    """Tokenise texts whose words are rows.

    A word is read at its first token; one that has none, as some signs have, at the token behind it. A text that is
    longer than `max_length` becomes several examples that overlap by half, and each of its words is read in the one in
    which it has most tokens on its shorter side.
    """
    parts: list[_Part] = []
    num_cut = 0
    for start in range(0, len(texts), _CHUNK):
        some = list(texts[start : start + _CHUNK])
        encoded = tokenizer(some, add_special_tokens=True, truncation=False, verbose=False)
        for number, encoding in enumerate(encoded.encodings, start=start):
            num_cut += len(encoding.ids) > max_length
            parts += _cut(encoding, words.spans(number), number, max_length)
    lengths, counts = [len(part.ids) for part in parts], [len(part.places) for part in parts]
    ids = np.concatenate([np.zeros(0, dtype=np.int32), *(part.ids for part in parts)])
    return TokenBlock(
        ids=ids,
        type_ids=np.zeros(len(ids), dtype=np.uint8) if has_types else None,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        padding_id=int(tokenizer.pad_token_id or 0),
        num_cut=num_cut,
        words=WordTokens(
            places=np.concatenate([np.zeros(0, dtype=np.int64), *(part.places for part in parts)]),
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            texts=np.array([part.text for part in parts], dtype=np.int64),
        ),
    )


def _cut(encoding: Encoding, spans: Sequence[tuple[int, int]], text: int, max_length: int) -> Iterator[_Part]:
    ids = np.array(encoding.ids, dtype=np.int32)
    is_own = np.array([number is not None for number in encoding.sequence_ids], dtype=bool)
    own = np.flatnonzero(is_own)
    before, behind = (int(own[0]), len(ids) - int(own[-1]) - 1) if len(own) else (1, len(ids) - 1)
    starts = np.array(spans, dtype=np.int64).reshape(-1, 2)[:, 0]
    ends = np.maximum.accumulate(np.array([encoding.offsets[place][1] for place in own], dtype=np.int64))
    places = np.minimum(np.searchsorted(ends, starts, side="right"), max(len(own) - 1, 0))
    room = max_length - before - behind
    if len(ids) <= max_length:
        yield _Part(ids=ids, places=places + before, text=text)
        return
    firsts = np.unique(np.minimum(np.arange(0, len(own), max(1, room // 2)), len(own) - room))
    chosen = _choose(places, firsts, room, len(own))
    for number, first in enumerate(firsts.tolist()):
        mine = places[chosen == number]
        if len(mine):
            body = ids[before + first : before + first + room]
            framed = np.concatenate([ids[:before], body, ids[len(ids) - behind :]])
            yield _Part(ids=framed, places=mine - first + before, text=text)


def _choose(places: NDArray[np.int64], firsts: NDArray[np.int64], room: int, total: int) -> NDArray[np.int64]:
    """Say in which part each word has most tokens on its shorter side; the ends of the text are no side."""
    left = places[:, None] - firsts
    right = firsts + room - 1 - places[:, None]
    is_inside = (left >= 0) & (right >= 0)
    left, right = np.where(firsts == 0, _FAR, left), np.where(firsts + room == total, _FAR, right)
    return np.asarray(np.where(is_inside, np.minimum(left, right), -1).argmax(axis=1))
