"""An encoder's own table of words as word vectors."""

import numpy as np
from numpy.typing import NDArray

from potstill.augmentation.vectors import Vectors
from potstill.hub import Encoder, spell_vocabulary


def read_embeddings(encoder: Encoder) -> Vectors:
    """Take the word embeddings of an encoder as vectors."""
    table = encoder.model.get_input_embeddings().weight.detach().float().cpu().numpy()
    spelled = spell_vocabulary(encoder.tokenizer)[: len(table)]
    first: dict[str, int] = {}
    for number, word in enumerate(spelled):
        if word is not None and word.isalpha():
            first.setdefault(word.lower(), number)
    raw = encoder.tokenizer.wrapped

    def compose(word: str) -> NDArray[np.float32] | None:
        ids = [number for number in raw.encode(word, add_special_tokens=False) if number != raw.unk_token_id]
        mean: NDArray[np.float32] | None = table[ids].mean(axis=0) if ids else None
        return mean

    return Vectors(tuple(first), table[list(first.values())], compose=compose)
