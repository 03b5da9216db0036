"""Which characters of its text each token covers, on one line that all tokenizers share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from potstill.errors import ModelError
from potstill.hub.tokenizing import Tokenizer

_CHUNK = 4096
_START, _MIDDLE, _END, _NUM_ROLES = 0, 1, 2, 3
"""Special tokens stand before the first text, between two, or behind the last."""
_PROBE_TOKENS = 64
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenSpans:
    """Characters of every token of a split, special tokens included, counted on from text to text.

    Each example begins with three characters that no text has: one for the special tokens before its text, such as
    `[CLS]`, one for those between two texts, one for those behind. So tokens of two tokenizers stand for the same
    wherever their spans overlap.

    Attributes:
        starts: First character of each token.
        ends: The one behind its last; equal to `starts` for a token that covers nothing.
        offsets: Example i has the tokens `offsets[i]` up to `offsets[i + 1]`.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]


def find_spans(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int
) -> TokenSpans:
    """Find the characters of the tokens that `Tokenizer.encode` gives for the same arguments.

    Blanks at the edges of a token that has other characters do not count: some tokenizers take them along.

    Args:
        tokenizer: The tokenizer.
        texts: First (or only) text of each example.
        pairs: Second texts, or None.
        max_length: Where examples are cut, in tokens.

    Returns:
        The spans, in the order of the tokens.

    Raises:
        ModelError: The tokenizer does not say what its tokens cover.
    """
    chunks = []
    for start in range(0, len(texts), _CHUNK):
        stop = start + _CHUNK
        seconds = None if pairs is None else pairs[start:stop]
        chunks.append(_Chunk(tokenizer, texts[start:stop], seconds, max_length=max_length))
    if not chunks:
        return TokenSpans(starts=_NONE, ends=_NONE, offsets=np.zeros(1, dtype=np.int64))
    joined = [np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in _Chunk.FIELDS]
    starts, ends, is_special, lengths, sizes = joined
    roles = _find_roles(tokenizer, num_texts=1 if pairs is None else 2)
    if is_special.sum() != len(roles) * len(texts):
        raise _refusal(tokenizer)
    starts[is_special] += np.tile(roles, len(texts))
    ends[is_special] = starts[is_special] + 1
    bases = np.repeat(np.cumsum(sizes) - sizes, lengths)
    return TokenSpans(
        starts=starts + bases, ends=ends + bases, offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    )


class _Chunk:
    """Some examples: spans that begin anew with each, special tokens on the first character of all."""

    FIELDS = ("starts", "ends", "is_special", "lengths", "sizes")

    def __init__(
        self, tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, *, max_length: int
    ) -> None:
        encodings = _encode(tokenizer, texts, pairs, max_length)
        seconds = [""] * len(texts) if pairs is None else pairs
        firsts, others = (np.fromiter(map(len, part), dtype=np.int64) for part in (texts, seconds))
        self.sizes = _NUM_ROLES + firsts + others
        self.lengths = np.fromiter(map(len, encodings), dtype=np.int64)
        numbers = (-1 if number is None else number for each in encodings for number in each.sequence_ids)
        sequences = np.fromiter(numbers, dtype=np.int64)
        spans = np.array([span for each in encodings for span in each.offsets], dtype=np.int64).reshape(-1, 2)
        spans += _NUM_ROLES + np.where(sequences == 1, np.repeat(firsts, self.lengths), 0)[:, None]
        bases = np.repeat(np.cumsum(self.sizes) - self.sizes, self.lengths)
        starts, ends = _without_blanks(spans + bases[:, None], _find_blanks(texts, seconds))
        self.is_special = sequences < 0
        self.starts, self.ends = (np.where(self.is_special, 0, part - bases) for part in (starts, ends))


def _refusal(tokenizer: Tokenizer) -> ModelError:
    return ModelError(
        f"a tokenizer ({type(tokenizer.wrapped).__name__}) does not say which characters its tokens cover, so they "
        "cannot be compared with those of another; keep only losses on logits, or take models with one tokenizer."
    )


def _encode(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> Sequence[Encoding]:
    if not tokenizer.wrapped.is_fast:
        raise _refusal(tokenizer)
    first, second = list(texts), None if pairs is None else list(pairs)
    encoded = tokenizer.wrapped(first, second, truncation=True, max_length=max_length, verbose=False)
    encodings: Sequence[Encoding] = encoded.encodings
    return encodings


def _find_blanks(texts: Sequence[str], seconds: Sequence[str]) -> NDArray[np.bool_]:
    """Say of every character of the line whether it is a blank."""
    filler = "\0" * _NUM_ROLES
    line = "".join(f"{filler}{one}{other}" for one, other in zip(texts, seconds, strict=True))
    codes, places = np.unique(
        np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype="<u4"), return_inverse=True
    )
    return np.array([chr(code).isspace() for code in codes.tolist()], dtype=bool)[places]


def _without_blanks(
    spans: NDArray[np.int64], is_blank: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Take blanks off both ends of spans that have anything else."""
    numbers = np.arange(len(is_blank))
    following = np.minimum.accumulate(np.where(is_blank, len(is_blank), numbers)[::-1])[::-1]
    before = np.maximum.accumulate(np.where(is_blank, -1, numbers))
    starts, ends = spans.T
    inner_starts, inner_ends = following[np.minimum(starts, len(is_blank) - 1)], before[np.maximum(ends, 1) - 1] + 1
    has_more = (starts < ends) & (inner_starts < inner_ends)
    return np.where(has_more, inner_starts, starts), np.where(has_more, inner_ends, ends)


def _find_roles(tokenizer: Tokenizer, *, num_texts: int) -> NDArray[np.int64]:
    """Say for what each special token of an example stands; every example has the same ones."""
    probes = (
        encoding
        for word in ("a", *tokenizer.whole_words())
        for encoding in _encode(tokenizer, [word], [word] if num_texts == 2 else None, _PROBE_TOKENS)
        if len(set(encoding.sequence_ids) - {None}) == num_texts
    )
    probe = next(probes, None)
    if probe is None or all(start == stop for start, stop in probe.offsets):
        raise _refusal(tokenizer)
    roles, ids = [], []
    seen: set[int] = set()
    for token, sequence in zip(probe.ids, probe.sequence_ids, strict=True):
        if sequence is None:
            roles.append(_START if not seen else _END if len(seen) == num_texts else _MIDDLE)
            ids.append(token)
        else:
            seen.add(sequence)
    if _START not in roles:  # some put what stands for the whole text behind it
        roles = [_START if token == tokenizer.start_id else role for token, role in zip(ids, roles, strict=True)]
    return np.array(roles, dtype=np.int64)
