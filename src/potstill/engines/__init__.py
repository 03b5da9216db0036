"""Batches in, rows of logits out: the one way in which anything is predicted or timed."""

from potstill.engines.backends import ONNX_FILES, Backend, check_backend, is_onnx, parse_backend
from potstill.engines.engine import Engine, OnnxEngine, TorchEngine, find_onnx, load_engine, make_torch_engine, to_feeds
from potstill.engines.predict import evaluating, predict_logits, run_batch
from potstill.engines.speed import measure_speed, spread_sample

__all__ = [
    "Backend",
    "Engine",
    "ONNX_FILES",
    "OnnxEngine",
    "TorchEngine",
    "check_backend",
    "evaluating",
    "find_onnx",
    "is_onnx",
    "load_engine",
    "make_torch_engine",
    "measure_speed",
    "parse_backend",
    "predict_logits",
    "run_batch",
    "spread_sample",
    "to_feeds",
]
