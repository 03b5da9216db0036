"""Which of a teacher's tokens make up each token of a student that cuts the same texts in another way."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from potstill.data import Batches
from potstill.hub import TokenSpans
from potstill.tensors import Batch, send


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenAlignment:
    """The teacher's tokens under each token of a student, for all examples of a split.

    Attributes:
        begins: Token j of the student, counted through all examples, has `places[begins[j]:begins[j + 1]]`; none where
            the teacher has nothing, as behind its cut. [student tokens + 1]
        places: Positions of the teacher's tokens in their example.
        offsets: Example i has the student tokens `offsets[i]` up to `offsets[i + 1]`.
    """

    begins: NDArray[np.int64]
    places: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def is_shared(self) -> NDArray[np.bool_]:
        """Whether the teacher has anything under each token of the student."""
        return np.diff(self.begins) > 0

    def write(self, example: int) -> bytes:
        """Write down which tokens of an example belong together."""
        begins = self.begins[self.offsets[example] : self.offsets[example + 1] + 1]
        lengths, places = np.diff(begins), self.places[begins[0] : begins[-1]]
        return bytes(lengths.tobytes()) + bytes(places.tobytes())


def align_tokens(student: TokenSpans, teacher: TokenSpans) -> TokenAlignment:
    """Find the teacher's tokens that overlap each token of a student.

    Args:
        student: Spans of the student's tokens.
        teacher: Those of the teacher's, of the same examples.

    Returns:
        The alignment; of each student token in the order of the characters.
    """
    order = np.lexsort((teacher.ends, teacher.starts))
    starts, ends = teacher.starts[order], teacher.ends[order]
    reach = np.maximum.accumulate(ends) if len(ends) else ends
    first = np.searchsorted(reach, student.starts, side="right")
    last = np.maximum(np.searchsorted(starts, student.ends, side="left"), first)
    tokens, candidates = _spread(first, last - first)
    is_over = (ends[candidates] > student.starts[tokens]) & (starts[candidates] < ends[candidates])
    is_over &= (student.starts < student.ends)[tokens]
    found = order[candidates[is_over]]
    examples = np.searchsorted(teacher.offsets, found, side="right") - 1
    counts = np.bincount(tokens[is_over], minlength=len(student.starts))
    return TokenAlignment(
        begins=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        places=(found - teacher.offsets[examples]).astype(np.int32),
        offsets=student.offsets,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnTokens:
    """The examples that a student reads, in a teacher's own tokens.

    Attributes:
        batches: The examples.
        alignment: How its tokens make up the student's; None where nothing is read token by token.
    """

    batches: Batches
    alignment: TokenAlignment | None

    def collate(self, batch: Batch) -> Batch:
        """Give the examples of a student's batch, on its device."""
        return self.batches.collate(batch.on_host.example_ids.numpy()).to(batch.token_mask.device)

    def pool(
        self, states: Float[Tensor, "batch teacher_tokens hidden"], batch: Batch
    ) -> Float[Tensor, "batch tokens hidden"]:
        """Average a teacher's states over the tokens that make up each of the student's.

        Args:
            states: Of the batch that `collate` gave.
            batch: The student's.

        Returns:
            Float32 states by the student's tokens, 0 where the teacher has nothing.
        """
        rows, begins = (send(torch.from_numpy(part), states.device) for part in self._bags(batch, states.shape[1]))
        pooled: Tensor = functional.embedding_bag(rows, states.float().flatten(0, 1), begins, mode="mean")
        return pooled.view(*batch.token_mask.shape, -1)

    def _bags(self, batch: Batch, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Say which rows of the teacher's padded block go into each place of the student's, and where these begin."""
        alignment, host = self._aligned, batch.on_host
        is_real, examples = host.token_mask.numpy(), host.example_ids.numpy()
        tokens = (alignment.offsets[examples][:, None] + np.arange(is_real.shape[1]))[is_real]
        counts = np.zeros(is_real.shape, dtype=np.int64)
        counts[is_real] = alignment.begins[tokens + 1] - alignment.begins[tokens]
        _, numbers = _spread(alignment.begins[tokens], counts[is_real])
        firsts = np.repeat(np.arange(len(examples)) * width, counts.sum(axis=1))
        return firsts + alignment.places[numbers], np.cumsum(counts.ravel()) - counts.ravel()

    @property
    def _aligned(self) -> TokenAlignment:
        assert self.alignment is not None, "layers of a teacher with other tokens are read through an alignment"
        return self.alignment


def _spread(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write ranges out: to which each number belongs, and the numbers."""
    owners = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owners, starts[owners] + within
