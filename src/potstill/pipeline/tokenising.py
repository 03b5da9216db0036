"""Splits as tokens, each made once for each tokenizer."""

from contextlib import nullcontext
from pathlib import Path

from potstill.data import Split, TokenisedSplit
from potstill.engines import make_batches
from potstill.hub import Encoder
from potstill.processes import main_first


class TokenisedSplits:
    """Tokenises each split once for each tokenizer: a cache, which changes nothing but how long it takes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[tuple[Split, str, int], TokenisedSplit] = {}

    def find(self, split: Split, encoder: Encoder, *, max_length: int, folder: Path | None = None) -> TokenisedSplit:
        """Give the tokens of a split, refusing what the encoder cannot read; see `make_batches`."""
        key = (split, encoder.tokenizer.fingerprint, max_length)
        if key not in self._known:
            with nullcontext() if folder is None else main_first():
                made = make_batches(split, encoder, max_length=max_length, folder=folder)
            self._known[key] = made.tokenised
        return self._known[key]
