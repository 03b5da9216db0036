"""A teacher whose logits were computed once: looked up by the example, right under any shuffling and bucketing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from potstill.data import Batches
from potstill.files import one_at_a_time, sweep
from potstill.progress import ProgressCallback
from potstill.teachers.online import Teacher
from potstill.teachers.states import StateStore, example_keys
from potstill.tensors import Batch, EncoderOutputs, Needs

_LOGITS = Needs(logits=True)
_WAITING = "waiting for {}, which asks the same teacher"


class StoredTeacher:
    """Looks logits up by `Batch.row_ids`."""

    def __init__(self, logits: Tensor, told: Tensor | None = None) -> None:
        """Take the logits of a split, [rows, labels], float32, and which of them were told."""
        self.logits, self.told = logits, told

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Look the batch up.

        Args:
            batch: Examples of the split that was stored.
            needs: Logits, and nothing else.

        Returns:
            The stored logits of the batch's examples.
        """
        assert needs == _LOGITS, f"only logits are stored, not {needs}"
        told = None if self.told is None else self.told[batch.row_ids]
        return EncoderOutputs(logits=self.logits[batch.row_ids], told=told)


class JoinedTeacher:
    """Takes logits from one place and states from another."""

    def __init__(self, logits: Teacher, states: Teacher) -> None:
        """Take where logits and where all other outputs come from."""
        self.logits, self.states = logits, states

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Put both together; see `Teacher.outputs`."""
        states = self.states.outputs(batch, replace(needs, logits=False))
        return replace(states, logits=self.logits.outputs(batch, _LOGITS).logits)


def store_logits(
    teacher: Teacher, batches: Batches, *, folder: Path, device: torch.device, callback: ProgressCallback
) -> Tensor:
    """Compute the teacher's logits for a split, or read those that earlier runs left; equal texts share them.

    Args:
        teacher: The teacher to ask.
        batches: The split.
        folder: Keeps the logits by content; its name must identify teacher and arithmetic. What is there stays when
            the work is interrupted, and another run that needs the same folder waits.
        device: The teacher's.
        callback: Draws the progress.

    Returns:
        Logits in the order of the split, [rows, labels], float32, on the CPU.
    """
    keys = example_keys(batches.tokenised.tokens)
    with one_at_a_time(folder.with_name(f".{folder.name}.lock"), lambda who: callback.note(_WAITING.format(who))):
        sweep(folder)
        store = StateStore(folder, _LOGITS, "fp32")
        missing = store.missing(keys)
        if len(missing):
            asked = (batch.to(device) for batch in batches.ordered(missing))
            with callback.task("teacher logits", len(missing)) as progress:
                for number in store.fill(teacher, _LOGITS, asked, keys):
                    progress.advance(number)
        else:
            callback.note(f"teacher logits of {len(keys):,} examples read from {folder.name}")
    (part,) = store.parts
    return store.rows(part, keys, np.diff(batches.tokenised.tokens.row_offsets))
