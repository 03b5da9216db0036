"""What a stage has come to, as safetensors and JSON alone: weights, optimizer, random states."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn
from torch.optim import Optimizer

_MODEL, _OPTIMIZER, _BEST, _SUMS = (f"{name}.safetensors" for name in ("model", "optimizer", "best", "sums"))
_ABOUT = "about"
"""The one entry of a file's metadata, JSON; the order of several is by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageState:
    """What a stage changes as it goes.

    Attributes:
        model: Student and projections.
        optimizer: The optimizer.
        sums: Losses since the last log, [1 + objectives].
        best: The best student's weights so far, where they are selected.
    """

    model: nn.Module
    optimizer: Optimizer
    sums: Tensor
    best: dict[str, Tensor] | None = None

    def write(self, folder: Path) -> None:
        """Write what all processes share."""
        save_model(self.model, str(folder / _MODEL))
        _write_optimizer(self.optimizer, folder / _OPTIMIZER)
        save_file({"sums": self.sums}, folder / _SUMS)
        if self.best is not None:
            save_file(self.best, folder / _BEST)

    def read(self, folder: Path) -> dict[str, Tensor] | None:
        """Put back what `write` wrote, in place, and give the best weights."""
        load_model(self.model, folder / _MODEL)
        _read_optimizer(self.optimizer, folder / _OPTIMIZER)
        self.sums.copy_(load_file(folder / _SUMS)["sums"])
        best = folder / _BEST
        return load_file(best) if best.exists() else None


def _write_optimizer(optimizer: Optimizer, path: Path) -> None:
    values = optimizer.state_dict()
    tensors = {}
    plain: dict[str, dict[str, Any]] = {}
    for number, fields in values["state"].items():
        for name, value in fields.items():
            if isinstance(value, Tensor):
                tensors[f"{number}/{name}"] = value.contiguous()
            else:
                plain.setdefault(str(number), {})[name] = value
    about = {"groups": values["param_groups"], "plain": plain}
    save_file(tensors, path, metadata={_ABOUT: json.dumps(about)})


def _read_optimizer(optimizer: Optimizer, path: Path) -> None:
    tensors, about = _read(path)
    state: dict[int, dict[str, Any]] = {int(number): fields for number, fields in about["plain"].items()}
    for place, tensor in tensors.items():
        number, _, name = place.partition("/")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": about["groups"]})


def write_random_states(folder: Path, *, rank: int, device: torch.device) -> None:
    """Write the random states of one process."""
    version, python, python_gauss = random.getstate()
    kind, numpy, position, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 - a plug-in may draw there
    tensors = {
        "torch": torch.get_rng_state(),
        "python": torch.tensor(python, dtype=torch.int64),
        "numpy": torch.from_numpy(np.asarray(numpy, dtype=np.int64)),
    }
    if device.type != "cpu":
        tensors["device"] = torch.get_device_module(device).get_rng_state(device).cpu()
    about = {"python": [version, python_gauss], "numpy": [kind, int(position), int(has_gauss), float(gauss)]}
    save_file(tensors, _random_states(folder, rank), metadata={_ABOUT: json.dumps(about)})


def read_random_states(folder: Path, *, rank: int, device: torch.device) -> None:
    """Put the random states of one process back; one that was not there then goes on with its own."""
    path = _random_states(folder, rank)
    if not path.exists():
        return
    tensors, about = _read(path)
    version, python_gauss = about["python"]
    random.setstate((version, tuple(tensors["python"].tolist()), python_gauss))
    kind, *rest = about["numpy"]
    np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), *rest))  # noqa: NPY002 - as above
    torch.set_rng_state(tensors["torch"])
    if device.type != "cpu" and "device" in tensors:
        torch.get_device_module(device).set_rng_state(tensors["device"], device)


def _random_states(folder: Path, rank: int) -> Path:
    return folder / f"random-{rank}.safetensors"


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, json.loads(file.metadata()[_ABOUT])
