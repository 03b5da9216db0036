"""A teacher whose logits were computed once: looked up by the example, right under any shuffling and bucketing."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from potstill.files import whole_file
from potstill.progress import Observer
from potstill.teachers.online import Teacher
from potstill.tensors import Batch, EncoderOutputs, Needs

__all__ = ["JoinedTeacher", "StoredTeacher", "store_logits"]

_LOGITS = Needs(logits=True)


class StoredTeacher:
    """Looks logits up by `Batch.example_ids`."""

    def __init__(self, logits: Tensor) -> None:
        """Take the logits of every example of a split, [examples, labels], float32."""
        self.logits = logits

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Look the batch up.

        Args:
            batch: Examples of the split that was stored.
            needs: Logits, and nothing else.

        Returns:
            The stored logits of the batch's examples.
        """
        assert needs == _LOGITS, f"only logits are stored, not {needs}"
        return EncoderOutputs(logits=self.logits[batch.example_ids])


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
    teacher: Teacher, batches: Iterable[Batch], *, num_examples: int, path: Path, observer: Observer
) -> Tensor:
    """Compute the teacher's logits for a whole split, or read them where an earlier run left them.

    Args:
        teacher: The teacher to ask.
        batches: Every example of the split once, on the teacher's device.
        num_examples: Examples in the split.
        path: Safetensors file that keeps the logits; its name must identify teacher, data and tokenizer. It is
            written whole or not at all; a file that cannot be read, was changed or does not fit is made anew.
        observer: Draws the progress.

    Returns:
        Logits by example, [examples, labels], float32, on the teacher's device.
    """
    stored = _read(path, num_examples)
    if stored is not None:
        observer.note(f"teacher logits of {num_examples:,} examples read from {path.name}")
        return stored
    logits: Tensor | None = None
    with observer.task("teacher logits", num_examples) as progress:
        for batch in batches:
            part = teacher.outputs(batch, _LOGITS).logits
            assert part is not None
            if logits is None:
                logits = part.new_full((num_examples, part.shape[1]), float("nan"))
            logits[batch.example_ids] = part
            progress.advance(len(batch))
    assert logits is not None, "a split is never empty"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = logits.cpu()
    with whole_file(path) as aside:
        save_file({"logits": kept}, aside, metadata={"checksum": _checksum(kept)})
    return logits


def _read(path: Path, num_examples: int) -> Tensor | None:
    try:
        with safe_open(path, framework="pt") as file:
            logits: Tensor = file.get_tensor("logits")
            checksum = (file.metadata() or {}).get("checksum")
    except (OSError, SafetensorError):
        return None
    return logits if len(logits) == num_examples and checksum == _checksum(logits) else None


def _checksum(logits: Tensor) -> str:
    return hashlib.blake2b(logits.numpy().tobytes(), digest_size=16).hexdigest()
