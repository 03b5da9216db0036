"""Texts to batches for one model, refusing what it cannot read."""

from pathlib import Path

from potstill.data import BatchConfig, Batches, Split, tokenise, tokenise_to_files
from potstill.errors import DataError
from potstill.hub import Encoder, ModelDescription


def make_batches(
    split: Split, model: ModelDescription | Encoder, *, max_length: int, folder: Path | None = None
) -> Batches:
    """Tokenise a split for a model and put it into batches of similar length.

    Args:
        split: Texts or pairs of texts.
        model: Who reads them.
        max_length: Longest text in tokens; longer ones are cut.
        folder: Keeps the tokens of a split that may be too large for memory; its name must identify the texts. None =
            they are kept in memory.

    Returns:
        The batches, of the default size.

    Raises:
        DataError: A text is longer than the model can read, after it was cut, or the model compares two texts and is
            given one.
    """
    if model.needs_pairs and split.pairs is None:
        raise DataError("the model compares two texts and was given one; name the second text's column (--text-pair).")
    if folder is None:
        tokenised = tokenise(split, model.tokenizer, max_length=max_length)
    else:
        place = folder.with_name(f"{folder.name}-{model.tokenizer.fingerprint}-{max_length}")
        tokenised = tokenise_to_files(split, model.tokenizer, max_length=max_length, folder=place)
    longest = int(tokenised.tokens.lengths.max(initial=0))
    if model.max_tokens is not None and longest > model.max_tokens:
        raise DataError(
            f"data.max_length: {max_length} lets a text of {longest} tokens through, but the model reads at most "
            f"{model.max_tokens}; set data.max_length to {model.max_tokens} or less."
        )
    return Batches(tokenised, BatchConfig(), seed=0)
