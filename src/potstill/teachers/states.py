"""A teacher that was run once: what it gave, by the content of the example, in memory-mapped shards."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from potstill.files import make_folder
from potstill.teachers.alignment import TokenAlignment
from potstill.teachers.online import Teacher
from potstill.teachers.rows import Part, RowFormat, list_parts, pack_rows, states_to_rows, unpack_rows
from potstill.teachers.shards import Shard, open_shard, write_shard
from potstill.tensors import Batch, EncoderOutputs, Needs, TokenBlock

_SHARD_BYTES = 64 * 2**20
_SHARD_EXAMPLES = 2**15


def example_keys(tokens: TokenBlock, alignment: TokenAlignment | None = None) -> tuple[str, ...]:
    """Hash what the teacher reads of each example, so that equal texts share what is stored of them.

    Args:
        tokens: Tokenised examples, as the teacher reads them.
        alignment: How its states are averaged before they are stored, if they are.

    Returns:
        32 hexadecimal digits for each.
    """
    keys = []
    for number, (start, stop) in enumerate(pairwise(tokens.offsets.tolist())):
        content = hashlib.blake2b(tokens.ids[start:stop].tobytes(), digest_size=16)
        if tokens.type_ids is not None:
            content.update(tokens.type_ids[start:stop].tobytes())
        if tokens.words is not None:
            content.update(tokens.words.places[slice(*tokens.words.offsets[number : number + 2])].tobytes())
        if alignment is not None:
            content.update(alignment.write(number))
        keys.append(content.hexdigest())
    return tuple(keys)


class StateStore:
    """Packed outputs of one teacher in one folder, which is held while it is filled."""

    def __init__(self, folder: Path, needs: Needs, form: RowFormat) -> None:
        """Open a folder, made where there is none.

        Args:
            folder: Its name must identify teacher, arithmetic and tokenizer; parts and format are added here.
            needs: What is stored of each example: states, or logits alone.
            form: How it is packed.
        """
        assert needs.is_logits_only or not needs.logits, "logits have other rows than states"
        self.parts = list_parts(needs)
        self.form: RowFormat = form
        name = hashlib.sha256(" ".join([form, *map(str, self.parts)]).encode()).hexdigest()[:16]
        self.folder = folder / name
        make_folder(self.folder)
        self.shards: list[Shard] = []
        self._places: dict[str, tuple[int, int]] = {}
        self.num_damaged = 0
        for path in sorted(self.folder.glob("*.safetensors")):
            self._open(path)
        self._buffer = _Buffer(self.parts, form)

    def missing(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Say which examples are not stored yet.

        Args:
            keys: From `example_keys`.

        Returns:
            Their positions; of equal examples the first.
        """
        seen = set(self._places)
        positions = []
        for position, key in enumerate(keys):
            if key not in seen:
                positions.append(position)
                seen.add(key)
        return np.array(positions, dtype=np.int64)

    def fill(self, teacher: Teacher, needs: Needs, batches: Iterable[Batch], keys: Sequence[str]) -> Iterable[int]:
        """Run the teacher on examples that are missing and store what it gives.

        Args:
            teacher: The teacher.
            needs: As the store was opened with.
            batches: Missing examples on the teacher's device.
            keys: Keys of the whole split, by example id.

        Yields:
            After each batch how many examples it had.
        """
        for batch in batches:
            outputs = teacher.outputs(batch, needs)
            self._buffer.add([keys[number] for number in batch.example_ids.tolist()], outputs, batch)
            if self._buffer.num_bytes >= _SHARD_BYTES or len(self._buffer.keys) >= _SHARD_EXAMPLES:
                self._flush()
            yield len(batch)
        if self._buffer.keys:
            self._flush()

    def locate(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Find stored examples.

        Args:
            keys: From `example_keys`.

        Returns:
            Shard and first row of each, [examples, 2]; -1 where an example is not stored.
        """
        return np.array([self._places.get(key, (-1, -1)) for key in keys], dtype=np.int64).reshape(-1, 2)

    def rows(self, part: Part, keys: Sequence[str], counts: NDArray[np.int64]) -> Tensor:
        """Read the rows of stored examples.

        Args:
            part: Of the store.
            keys: From `example_keys`; all are stored.
            counts: Rows of each.

        Returns:
            Float32 rows, [rows, width].
        """
        shards, firsts = self.locate(keys).T
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        of_rows = torch.from_numpy(np.repeat(shards, counts))
        places = torch.from_numpy(np.repeat(firsts, counts) + within)
        width = self.shards[0].packed[part]["values"].shape[1]
        found = torch.empty(len(places), width)
        for number, shard in enumerate(self.shards):
            chosen = of_rows == number
            rows = places[chosen]
            found[chosen] = unpack_rows({name: tensor[rows] for name, tensor in shard.packed[part].items()})
        return found

    @property
    def relative_error(self) -> float:
        """What packing lost: the norm of the difference over the norm of the states, of the worst part."""
        sums = {part: np.sum([shard.errors[part] for shard in self.shards], axis=0) for part in self.parts}
        return max((float(np.sqrt(lost / whole)) for lost, whole in sums.values() if whole > 0), default=0.0)

    @property
    def num_bytes(self) -> int:
        """Bytes on disk."""
        return sum(shard.path.stat().st_size for shard in self.shards)

    def _flush(self) -> None:
        self._open(self._buffer.write(self.folder))
        self._buffer = _Buffer(self.parts, self.form)

    def _open(self, path: Path) -> None:
        shard = open_shard(path, self.parts)
        if shard is None:
            path.unlink(missing_ok=True)
            self.num_damaged += 1
            return
        number = len(self.shards)
        self.shards.append(shard)
        for key, start in zip(shard.keys, shard.starts.tolist(), strict=True):
            self._places.setdefault(key, (number, start))


class _Buffer:
    """Examples that wait for their shard."""

    def __init__(self, parts: Sequence[Part], form: RowFormat) -> None:
        self.form: RowFormat = form
        self.keys: list[str] = []
        self.lengths: list[int] = []
        self.packed: dict[Part, list[dict[str, Tensor]]] = {part: [] for part in parts}
        self.errors: dict[Part, Tensor] = {part: torch.zeros(2, dtype=torch.float64) for part in parts}
        self.num_bytes = 0

    def add(self, keys: Sequence[str], outputs: EncoderOutputs, batch: Batch) -> None:
        self.keys += keys
        token_mask = batch.token_mask
        is_of_tokens = outputs.logits is None
        self.lengths += token_mask.sum(dim=1).tolist() if is_of_tokens else batch.count_rows().tolist()
        for part, packed in self.packed.items():
            rows = states_to_rows(outputs, part, token_mask).detach().float()
            fields = pack_rows(rows, self.form)
            lost = (unpack_rows(fields) - rows).double().square().sum()
            self.errors[part] += torch.stack([lost, rows.double().square().sum()]).cpu()
            packed.append({name: tensor.cpu() for name, tensor in fields.items()})
            self.num_bytes += sum(tensor.nbytes for tensor in fields.values())

    def write(self, folder: Path) -> Path:
        joined = {
            part: {name: torch.cat([fields[name] for fields in packed]) for name in packed[0]}
            for part, packed in self.packed.items()
        }
        errors = {part: (float(pair[0]), float(pair[1])) for part, pair in self.errors.items()}
        return write_shard(folder, self.keys, self.lengths, joined, errors)
