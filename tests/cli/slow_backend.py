"""A back-end of somebody's own, written as engines/README.md says: it counts tokens, and takes its time."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from potstill.engines import Backend, Engine
from potstill.hub import ModelDescription, build_shape, describe_model, describe_shape, draft_classifier

SECONDS = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class SlowEngine(Engine):
    """Says the last label of every text."""

    def run(self, batch):
        """Wait, and answer."""
        time.sleep(SECONDS)
        logits = np.zeros((len(batch), len(self.model.label_names)), dtype=np.float32)
        logits[:, -1] = 7.0
        return logits


@dataclass(frozen=True, kw_only=True)
class SlowBackend(Backend):
    """Needs nothing of the machine."""

    def check(self):
        """Refuse nothing."""

    def load(self, model):
        """Take a model's labels and tokenizer."""
        return self._serve(model, describe_model(model), lambda: draft_classifier(model))

    def build(self, shape: str, scratch: Path):
        """Leave what it needs in the folder, as an export would."""
        (scratch / "slow.bin").write_bytes(bytes(1234))
        return self._serve(shape, describe_shape(shape), lambda: build_shape(shape), is_shape=True)

    def _serve(self, name, model: ModelDescription, draft, *, is_shape=False):
        return SlowEngine(
            name=name,
            backend=self,
            model=model,
            device=torch.device("cpu"),
            precision="fp32",
            num_threads=1,
            size_bytes=1234,
            draft=draft,
            is_shape=is_shape,
        )


SLOW = SlowBackend(name="slow", cure="wait longer")
