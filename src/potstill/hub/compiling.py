"""Transformer layers compiled by torch.compile while a block lasts, each by itself.

All layers of an encoder run the same code, so it is compiled once, whatever their number. Batch sizes and lengths are
symbols in it, so that it is not compiled anew for every shape. Names of weights stay as they are.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_layers import GradientCheckpointingLayer

from potstill.errors import RecipeError
from potstill.hub.capture import AttentionRecorder
from potstill.hub.encoder import Encoder

_REASON_LENGTH = 160


def check_compiler(device: torch.device) -> None:
    """Refuse to compile on a machine that cannot.

    Args:
        device: Where the compiled code would run.

    Raises:
        RecipeError: A trial failed.
    """
    try:
        trial = torch.compile(lambda x: (x + 1).sin(), options={"fx_graph_cache": False})
        trial(torch.ones(8, device=device))
    except Exception as error:  # whatever stops the compiler here
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        parts = "a C++ compiler and triton" if device.type == "cuda" else "a C++ compiler"
        raise RecipeError(
            f"compile: torch.compile does not work on this machine ({reason[:_REASON_LENGTH].rstrip('.')}); install "
            f"{parts}, or set compile = false."
        ) from None


def check_layers(encoder: Encoder) -> None:
    """Refuse to compile an encoder of which nothing would be compiled.

    Args:
        encoder: The encoder.

    Raises:
        RecipeError: It has no transformer layers.
    """
    if not _find_layers(encoder):
        raise RecipeError(
            f"compile: {type(encoder.model).__name__} has no transformer layers that could be compiled; set "
            "compile = false."
        )


@contextmanager
def compiled_layers(encoder: Encoder) -> Generator[None]:
    """Run the layers of an encoder as compiled code while the block lasts.

    Args:
        encoder: Any encoder; one without transformer layers runs as before.

    Yields:
        Nothing.
    """
    layers = _find_layers(encoder)
    for layer in layers:
        layer.forward = _compile(layer.forward)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # that of its class shows again


def _find_layers(encoder: Encoder) -> list[GradientCheckpointingLayer]:
    return [module for module in encoder.model.modules() if isinstance(module, GradientCheckpointingLayer)]


def _compile(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Compile a layer's forward pass; its caller's recorder stays outside, else its state would be part of the code."""

    def record(*inputs: Any, **options: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # noqa: ANN401
        recorder = AttentionRecorder(frozenset({1}))
        output = forward(*inputs, attention_recorder=recorder, **options)
        return output, recorder.queries[1], recorder.keys[1], recorder.values[1]

    plain, recording = torch.compile(forward, dynamic=True), torch.compile(record, dynamic=True)

    def run(
        *inputs: Any,  # noqa: ANN401 - handed on as they came
        attention_recorder: AttentionRecorder | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Tensor:
        if attention_recorder is None:
            return plain(*inputs, **options)
        output, query, key, value = recording(*inputs, **options)
        attention_recorder.record(query, key, value)
        return output

    return run
