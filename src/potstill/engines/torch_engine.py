"""PyTorch: fused or plain attention, float32 or bfloat16, compiled or not."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from potstill.engines.engine import Backend, Engine
from potstill.engines.size import safetensors_bytes, weight_bytes
from potstill.errors import ModelError
from potstill.hub import Encoder, build_shape, describe_encoder, load_classifier, resolve_model
from potstill.precision import PRECISION_VARIABLE, has_fast_bf16
from potstill.processes import process_state
from potstill.results import Precision
from potstill.tensors import Batch, Needs

_LOGITS = Needs(logits=True)
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True, eq=False)
class TorchEngine(Engine):
    """A model on PyTorch.

    Attributes:
        encoder: The model, in eval mode, on the device where it is to run.
    """

    encoder: Encoder

    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, as `Engine` says."""
        dtype = _DTYPES.get(self.precision)
        with torch.inference_mode(), torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None):
            logits = self.encoder(batch.to(self.device), _LOGITS).logits
        assert isinstance(logits, Tensor)
        return logits.cpu().numpy()


@dataclass(frozen=True, kw_only=True)
class TorchBackend(Backend):
    """One of PyTorch's back-ends.

    Attributes:
        precision: Number format of the matrix products.
        attention: `sdpa` is the fused kernel, `eager` the plain products.
        is_compiled: Whether models go through torch.compile.
    """

    cure: str = "its weights have diverged, so train it again with a lower learning rate, or evaluate it in fp32"
    precision: Precision = "fp32"
    attention: Literal["sdpa", "eager"] = "sdpa"
    is_compiled: bool = False

    def check(self) -> None:
        """Refuse bfloat16 without instructions for it, and compiling without a compiler."""
        if self.precision == "bf16" and _is_slow_at_bf16(torch.device(process_state().device)):
            raise ModelError(
                f"the back-end '{self.name}' is many times slower than fp32 here, because this processor has no "
                f"bfloat16 instructions (AVX512-BF16 or AMX) or {PRECISION_VARIABLE} says fp32; use 'sdpa' or "
                "'onnx-int8'."
            )
        has_compiler = not self.is_compiled or shutil.which(os.environ.get("CXX", "c++")) is not None
        if not has_compiler and torch.device(process_state().device).type == "cpu":
            raise ModelError(
                f"the back-end '{self.name}' needs a C++ compiler, and there is none (c++ is not in PATH); install one "
                "or use 'sdpa'."
            )

    def load(self, model: str) -> TorchEngine:
        """Load a saved model, as `Backend` says."""
        encoder, folder = load_classifier(model), Path(resolve_model(model))
        size = safetensors_bytes(folder) if folder.is_dir() else weight_bytes(encoder)
        return replace(self._serve(encoder), name=model, size_bytes=size)

    def build(self, shape: str, scratch: Path) -> TorchEngine:  # noqa: ARG002
        """Build a bare shape, as `Backend` says."""
        return replace(self._serve(draw_shape(shape)), name=shape, is_shape=True)

    def _serve(self, encoder: Encoder) -> TorchEngine:
        if self.attention == "eager" and encoder.can_capture:  # what cannot capture has no other attention
            encoder.model.set_attn_implementation("eager")
        if self.is_compiled:
            encoder.model.compile(dynamic=True)
        return replace(make_torch_engine(encoder.to(process_state().device), precision=self.precision), backend=self)


SDPA = TorchBackend(name="sdpa")
EAGER = TorchBackend(name="eager", attention="eager")
BF16 = TorchBackend(name="bf16", precision="bf16", is_exact=False)
COMPILED = TorchBackend(name="compiled", is_compiled=True)


def make_torch_engine(encoder: Encoder, *, name: str = "the model", precision: Precision = "fp32") -> TorchEngine:
    """Let an encoder at hand answer.

    Args:
        encoder: On the device where it is to run; it is put into eval mode.
        name: What the user calls it.
        precision: Number format of the matrix products.

    Returns:
        The encoder with its fused attention, where it has one.
    """
    encoder.eval()
    return TorchEngine(
        name=name,
        backend=SDPA,
        model=describe_encoder(encoder),
        device=encoder.device,
        precision=precision,
        num_threads=torch.get_num_threads(),
        size_bytes=weight_bytes(encoder),
        draft=lambda: encoder,
        encoder=encoder,
    )


def draw_shape(shape: str) -> Encoder:
    """Build a shape with random weights, always the same ones, and leave torch's random numbers as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_shape(shape)


@contextmanager
def evaluating(module: nn.Module) -> Generator[None]:
    """Put a module into eval mode for a while.

    Args:
        module: The module; each of its parts gets its own mode back, also where the block raises.

    Yields:
        Nothing.
    """
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _is_slow_at_bf16(device: torch.device) -> bool:
    return device.type in ("cpu", "cuda") and not has_fast_bf16(device)
