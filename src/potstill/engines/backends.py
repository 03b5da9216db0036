"""The back-ends on which a model can be served, and what each of them needs of the machine."""

import os
import shutil
from importlib.util import find_spec
from typing import Literal, get_args

import torch

from potstill.errors import ModelError, did_you_mean
from potstill.precision import PRECISION_VARIABLE, has_fast_bf16

Backend = Literal["sdpa", "eager", "bf16", "compiled", "onnx", "onnx-fp16", "onnx-int8"]
"""`sdpa`, `eager`: PyTorch in float32 with the fused or the plain attention. `bf16`: PyTorch with bfloat16 products.
`compiled`: PyTorch through torch.compile. `onnx`, `onnx-fp16`, `onnx-int8`: files of an export on ONNX Runtime."""

ONNX_FILES: dict[Backend, str] = {
    "onnx": "model.onnx",
    "onnx-fp16": "model_fp16.onnx",
    "onnx-int8": "model_quantized.onnx",
}
"""File in the folder `onnx/`, named as ONNX Runtime, optimum and transformers.js expect it."""


def parse_backend(name: str) -> Backend:
    """Read the name of a back-end.

    Args:
        name: What the user wrote.

    Returns:
        The back-end.

    Raises:
        ModelError: There is none of this name.
    """
    for backend in get_args(Backend):
        if name == backend:
            return backend  # type: ignore[no-any-return]
    raise ModelError(f"--backend {name}: no such back-end.{did_you_mean(name, get_args(Backend))}")


def is_onnx(backend: Backend) -> bool:
    """Tell whether a back-end reads an exported file."""
    return backend in ONNX_FILES


def check_backend(backend: Backend, *, device: torch.device) -> None:
    """Refuse a back-end that this machine cannot run, or could only run at a crawl.

    Args:
        backend: The back-end.
        device: Where PyTorch would run.

    Raises:
        ModelError: A package, a compiler or the instructions for bfloat16 are missing.
    """
    if is_onnx(backend) and find_spec("onnxruntime") is None:
        raise ModelError(
            f"the back-end '{backend}' needs ONNX Runtime, which is not installed; run \"pip install "
            "'potstill[export]'\"."
        )
    if backend == "bf16" and device.type in ("cpu", "cuda") and not has_fast_bf16(device):
        raise ModelError(
            "the back-end 'bf16' is many times slower than fp32 here, because this processor has no bfloat16 "
            f"instructions (AVX512-BF16 or AMX) or {PRECISION_VARIABLE} says fp32; use 'sdpa' or 'onnx-int8'."
        )
    if backend == "compiled" and device.type == "cpu" and shutil.which(os.environ.get("CXX", "c++")) is None:
        raise ModelError(
            "the back-end 'compiled' needs a C++ compiler, and there is none (c++ is not in PATH); install one or use "
            "'sdpa'."
        )
