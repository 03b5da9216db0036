"""Batches in, rows of logits out: the one way in which anything is predicted or timed."""

from potstill.engines.batching import make_batches
from potstill.engines.engine import Backend, Engine, build_engine, load_engine
from potstill.engines.onnx_engine import ONNX, ONNX_FP16, ONNX_INT8, OnnxBackend, OnnxEngine, find_file
from potstill.engines.onnx_graph import check_export_packages, export_graph, save_graph
from potstill.engines.onnx_quantise import group_nodes, kept_nodes, quantise, write_fp16
from potstill.engines.predict import predict, predict_logits
from potstill.engines.torch_engine import BF16, COMPILED, EAGER, SDPA, evaluating, make_torch_engine
from potstill.engines.turns import measure_speeds, spread_sample, time_in_turns
from potstill.errors import ModelError, did_you_mean

__all__ = [
    "BACKENDS",
    "Backend",
    "Engine",
    "ONNX",
    "ONNX_FP16",
    "ONNX_INT8",
    "OnnxBackend",
    "OnnxEngine",
    "build_engine",
    "check_export_packages",
    "evaluating",
    "export_graph",
    "find_backend",
    "find_file",
    "group_nodes",
    "kept_nodes",
    "load_engine",
    "make_batches",
    "make_torch_engine",
    "measure_speeds",
    "predict",
    "predict_logits",
    "quantise",
    "save_graph",
    "spread_sample",
    "time_in_turns",
    "write_fp16",
]

BACKENDS: tuple[Backend, ...] = (SDPA, EAGER, BF16, COMPILED, ONNX, ONNX_FP16, ONNX_INT8)
"""Where a model can be served."""


def find_backend(name: str) -> Backend:
    """Find a back-end by its name.

    Args:
        name: What the user wrote.

    Returns:
        The back-end.

    Raises:
        ModelError: There is none of this name.
    """
    names = tuple(backend.name for backend in BACKENDS)
    if name not in names:
        raise ModelError(f"--backend {name}: no such back-end.{did_you_mean(name, names)}")
    return BACKENDS[names.index(name)]
