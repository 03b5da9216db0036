"""What it costs to run a teacher's layers at every step, and what to store them: measured on a few batches."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from potstill.teachers.online import Teacher
from potstill.teachers.rows import RowFormat, list_parts, row_bytes, states_to_rows
from potstill.teachers.states import StateStore
from potstill.teachers.stored_states import StoredStates
from potstill.tensors import Batch, Needs
from potstill.timing import time_work


@dataclass(frozen=True, slots=True, kw_only=True)
class StatesTrial:
    """Seconds and bytes a token.

    Attributes:
        run: Seconds of running the teacher.
        write: Seconds of running it, packing and writing.
        read: Seconds of looking its states up.
        num_bytes: Bytes on disk.
    """

    run: float
    write: float
    read: float
    num_bytes: int

    def saved(self, *, passes: float, missing: float) -> float:
        """Say how many seconds a token storing saves.

        Args:
            passes: How often the examples are read.
            missing: Share of them that is not stored yet, 0 .. 1.

        Returns:
            Negative where running the teacher at every step is faster.
        """
        return passes * self.run - (missing * self.write + passes * self.read)


def try_states(
    teacher: Teacher, needs: Needs, batches: Sequence[Batch], keys: Sequence[str], *, form: RowFormat, num_heads: int
) -> StatesTrial:
    """Run, store and look up a few batches.

    Args:
        teacher: The teacher.
        needs: What is asked of it beside logits.
        batches: At least one, on its device, of different examples.
        keys: Of the split, by example id.
        form: How rows are packed.
        num_heads: Heads of the teacher.

    Returns:
        The costs. Every batch is run once before, as a warm-up; shards go to a temporary folder.
    """
    outputs = [teacher.outputs(batch, needs) for batch in batches]
    widths = [states_to_rows(outputs[0], part, batches[0].token_mask).shape[1] for part in list_parts(needs)]
    tokens = sum(int(batch.token_mask.sum()) for batch in batches)
    device = batches[0].input_ids.device
    run = time_work(lambda: [teacher.outputs(batch, needs) for batch in batches], device=device)
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder), needs, form)
        write = time_work(lambda: sum(store.fill(teacher, needs, batches, keys)), device=device)
        stored = StoredStates(store, keys, num_heads=num_heads)
        read = time_work(lambda: [stored.outputs(batch, needs) for batch in batches], device=device)
    num_bytes = sum(row_bytes(width, form) for width in widths)
    return StatesTrial(run=run / tokens, write=write / tokens, read=read / tokens, num_bytes=num_bytes)
