"""Whom a bench times: saved models and bare shapes, each on one back-end."""

from dataclasses import dataclass
from pathlib import Path

import torch

from potstill.engines import (
    ONNX_FILES,
    Backend,
    Engine,
    OnnxEngine,
    check_backend,
    find_onnx,
    is_onnx,
    make_torch_engine,
)
from potstill.errors import ModelError
from potstill.evaluation import safetensors_bytes, weight_bytes
from potstill.hub import Encoder, build_shape, load_classifier, resolve_model
from potstill.processes import process_state
from potstill.serving.export_config import ExportConfig
from potstill.serving.export_graph import check_export_packages, export_graph, save_graph
from potstill.serving.export_quantise import group_nodes, quantise, write_fp16


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A model to time.

    Attributes:
        name: A folder, a run folder or a hub name; or a shape.
        is_shape: Whether `name` is a shape.
        backend: Where it is to run.
    """

    name: str
    is_shape: bool
    backend: Backend


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runner:
    """A model that is ready to be timed.

    Attributes:
        origin: What it is.
        encoder: Its weights, for counting, and its tokenizer.
        engine: What runs.
        size_bytes: Bytes of its weights on disk.
        file: The exported file that runs, or None on PyTorch.
    """

    origin: Origin
    encoder: Encoder
    engine: Engine
    size_bytes: int
    file: Path | None = None


def load_encoder(origin: Origin) -> Encoder:
    """Load a saved model, or build a shape with random weights (always the same ones)."""
    if not origin.is_shape:
        return load_classifier(origin.name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_shape(origin.name)


def load_runner(origin: Origin, *, scratch: Path, num_threads: int | None) -> Runner:
    """Load a model on its back-end."""
    device = process_state().device
    check_backend(origin.backend, device=device)
    if is_onnx(origin.backend) and origin.is_shape:
        check_export_packages()
    encoder = load_encoder(origin)
    if is_onnx(origin.backend):
        file = _export_shape(encoder, origin, scratch) if origin.is_shape else find_onnx(origin.name, origin.backend)
        engine: Engine = OnnxEngine(file, num_threads=num_threads)
        return Runner(origin=origin, encoder=encoder, engine=engine, size_bytes=file.stat().st_size, file=file)
    size = weight_bytes(encoder) if origin.is_shape else _bytes_on_disk(origin.name, encoder)
    engine = make_torch_engine(encoder.to(device), origin.backend)
    return Runner(origin=origin, encoder=encoder, engine=engine, size_bytes=size)


def _bytes_on_disk(name: str, encoder: Encoder) -> int:
    folder = Path(resolve_model(name))
    return safetensors_bytes(folder) if folder.is_dir() else weight_bytes(encoder)


def _export_shape(encoder: Encoder, origin: Origin, scratch: Path) -> Path:
    whole = scratch / f"{origin.name.replace(':', '-')}-{ONNX_FILES['onnx']}"
    if not whole.is_file():
        save_graph(export_graph(encoder), whole)
    if origin.backend == "onnx":
        return whole
    other = whole.with_name(f"{whole.stem}-{origin.backend}.onnx")
    if origin.backend == "onnx-fp16":
        write_fp16(whole, other)
        return other
    groups = group_nodes(whole)
    if not groups:
        raise ModelError(f"--shape {origin.name}: nothing in it can be quantised; bench it with another back-end.")
    quantise(whole, other, ExportConfig(), nodes=[node for nodes in groups.values() for node in nodes])
    return other
