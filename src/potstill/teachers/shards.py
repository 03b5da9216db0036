"""Shards: files of packed rows, named by a hash of their content, so that a damaged one is never believed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from potstill.files import whole_file
from potstill.teachers.rows import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """An open shard; its tensors lie in the file and are read as they are used.

    Attributes:
        path: The file.
        keys: The examples' keys, in the order of their rows.
        lengths: Rows of each example.
        packed: The packed rows of every part.
        errors: For every part the squared norm of what packing lost, and of the rows.
    """

    path: Path
    keys: tuple[str, ...]
    lengths: NDArray[np.int64]
    packed: Mapping[Part, Mapping[str, Tensor]]
    errors: Mapping[Part, tuple[float, float]]

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first row of each example."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)


def write_shard(
    folder: Path,
    keys: Sequence[str],
    lengths: Sequence[int],
    packed: Mapping[Part, Mapping[str, Tensor]],
    errors: Mapping[Part, tuple[float, float]],
) -> Path:
    """Write a shard, whole or not at all."""
    tensors = {f"{part}/{name}": tensor for part, fields in packed.items() for name, tensor in fields.items()}
    about = {
        "keys": " ".join(keys),
        "lengths": list(lengths),
        "errors": {str(part): pair for part, pair in errors.items()},
    }
    content = save(tensors, metadata={"about": json.dumps(about)})  # one entry: the order of several is by chance
    path = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.safetensors"
    with whole_file(path) as aside:
        aside.write_bytes(content)
    return path


def open_shard(path: Path, parts: Sequence[Part]) -> Shard | None:
    """Open a shard after checking that its content is what its name says."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest()[:32] != path.stem:
                return None
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["about"])
            names = [name.rpartition("/") for name in file.keys()]  # noqa: SIM118 - not a mapping
            packed = {
                part: {field: file.get_tensor(f"{part}/{field}") for prefix, _, field in names if prefix == str(part)}
                for part in parts
            }
        errors = {part: tuple(about["errors"][str(part)]) for part in parts}
        lengths = np.array(about["lengths"], dtype=np.int64)
    except (FileNotFoundError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return Shard(path=path, keys=tuple(about["keys"].split()), lengths=lengths, packed=packed, errors=errors)
