"""Text to batches for one encoder, refusing what it cannot read."""

from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.errors import DataError
from potstill.hub import Encoder


def make_batches(split: Split, encoder: Encoder, *, max_length: int) -> Batches:
    """Tokenise a split for an encoder and put it into batches."""
    if encoder.needs_pairs and split.pairs is None:
        raise DataError("the model compares two texts and was given one; name the second text's column (--text-pair).")
    tokenised = tokenise(split, encoder.tokenizer, max_length=max_length)
    longest = int(tokenised.tokens.lengths.max(initial=0))
    if encoder.max_tokens is not None and longest > encoder.max_tokens:
        raise DataError(
            f"data.max_length: {max_length} lets a text of {longest} tokens through, but the model reads at most "
            f"{encoder.max_tokens}; set data.max_length to {encoder.max_tokens} or less."
        )
    return Batches(tokenised, BatchConfig(), seed=0)
