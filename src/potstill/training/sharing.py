"""A batch that processes share: which examples are this one's, and how the rows of all are put together again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather
from numpy.typing import NDArray
from torch import Tensor

from potstill.tensors import Batch, send
from potstill.training.distiller import Distiller
from potstill.training.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBatch:
    """The examples of a batch; process p of n takes the examples p, p + n, p + 2n, ...

    Attributes:
        example_ids: Of all processes.
        rank: Which process this is.
        processes: How many there are.
    """

    example_ids: NDArray[np.int64]
    rank: int
    processes: int

    @property
    def is_idle(self) -> bool:
        """Whether there is no example for this process."""
        return self.rank >= len(self.example_ids)

    @property
    def own(self) -> NDArray[np.int64]:
        """The examples of this process; an idle one takes the first, as it must keep step."""
        return self.example_ids[:1] if self.is_idle else self.example_ids[self.rank :: self.processes]

    def join(self, own: Tensor) -> Tensor:
        """Put the rows of all processes in the order of the batch; those of the others are constants.

        The gradient of this process's rows is taken as often as there are processes, over which it is averaged.
        """
        most, count = -(-len(self.example_ids) // self.processes), 0 if self.is_idle else len(self.own)
        padded = own.new_zeros(most, *own.shape[1:])
        padded[:count] = own.detach()[:count]
        mine = own[:count]
        if own.requires_grad:
            mine = mine.detach() + self.processes * (mine - mine.detach())
        everyone: Tensor = gather(padded)
        return torch.cat([everyone, mine])[send(self._order(most), own.device)]

    def _order(self, most: int) -> Tensor:
        """Say where each row of the batch lies: among all processes' rows, each padded to `most`, or one's own."""
        numbers = torch.arange(len(self.example_ids))
        process, row = numbers % self.processes, numbers // self.processes
        return torch.where(process == self.rank, self.processes * most, process * most) + row


def share_step(step: Step, accelerator: Accelerator) -> list[SharedBatch]:
    """Give this process's part of every batch of a step."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    return [SharedBatch(example_ids=each, rank=rank, processes=processes) for each in step.batches]


def weigh_parts(
    distiller: Distiller,
    parts: Sequence[Batch],
    shared: Sequence[SharedBatch],
    accelerator: Accelerator,
    mixes_examples: Tensor,
) -> Sequence[Tensor | None]:
    """Weigh this process's parts of a step: their sum, averaged over processes, is the loss on the union."""
    if len(parts) == 1 and accelerator.num_processes == 1:
        return [None]
    counts = [distiller.count_units(part) * (not each.is_idle) for part, each in zip(parts, shared, strict=True)]
    own = torch.stack(counts)
    whole: Tensor = accelerator.reduce(own.sum(dim=0), reduction="sum")
    shares = own * accelerator.num_processes / whole.clamp(min=1.0)
    return list(shares.masked_fill(mixes_examples, 1.0).unbind())  # these are measured on the whole batch
