"""Smaller files of an exported graph: int8 weights (dynamic or static), float16."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from potstill.engines.onnx_feeds import to_feeds
from potstill.engines.onnx_graph import save_graph
from potstill.errors import ModelError, tell_reason
from potstill.progress import quiet
from potstill.tensors import Batch

_KINDS = ("MatMul", "Gemm", "Gather", "LSTM")
_LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.(.*)")


def group_nodes(file: Path) -> dict[str, list[str]]:
    """Group the nodes of a float32 graph that have weights to quantise.

    Args:
        file: The graph.

    Returns:
        Names of nodes by part: `embeddings`, `layer 1 attention`, ..., `lstm`, `head`.
    """
    import onnx

    graph = onnx.load(str(file), load_external_data=False).graph
    weights = {tensor.name for tensor in graph.initializer if len(tensor.dims) > 1}
    groups: dict[str, list[str]] = {}
    for node in graph.node:
        if node.op_type in _KINDS and weights & set(node.input):
            groups.setdefault(_part(node.name, node.op_type), []).append(node.name)
    return groups


def kept_nodes(groups: dict[str, list[str]], keep_fp32: Sequence[str]) -> list[str]:
    """List the nodes that stay float32.

    Args:
        groups: From `group_nodes`.
        keep_fp32: `embeddings`, `last-layer` (with pooler and head), or both.

    Returns:
        Their names.
    """
    layers = [int(name.split()[1]) for name in groups if name.startswith("layer ")]
    parts = {"embeddings"} if "embeddings" in keep_fp32 else set()
    if "last-layer" in keep_fp32:
        last = f"layer {max(layers, default=0)} "
        parts |= {name for name in groups if name.startswith(last) or name == "head"}
    return [node for name in parts for node in groups[name]]


def quantise(
    source: Path,
    target: Path,
    *,
    nodes: Sequence[str],
    per_channel: bool = False,
    calibration: Iterable[Batch] | None = None,
) -> None:
    """Write an int8 file.

    Weights are signed and use 7 of their 8 bits: on processors without VNNI, pairs of full products overflow 16 bits.

    Args:
        source: The float32 file.
        target: The file to write.
        nodes: What is quantised, by name.
        per_channel: Whether each output of a layer has a scale of its own.
        calibration: Batches on which the ranges of activations are measured; absent: they are in every batch.

    Raises:
        ModelError: ONNX Runtime cannot quantise the model.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static

    shared: dict[str, Any] = {
        "nodes_to_quantize": list(nodes),
        "per_channel": per_channel,
        "reduce_range": True,
        "weight_type": QuantType.QInt8,
    }
    with quiet():
        try:
            if calibration is None:
                quantize_dynamic(str(source), str(target), **shared)
            else:
                quantize_static(
                    str(source),
                    str(target),
                    make_reader(source, calibration),
                    quant_format=QuantFormat.QDQ,
                    activation_type=QuantType.QUInt8,
                    **shared,
                )
        except Exception as error:  # ONNX Runtime's tools raise many kinds
            raise ModelError(
                f"ONNX Runtime cannot quantise this model ({tell_reason(error)}); export it with '--int8 none', or "
                "with another --opset."
            ) from None


def quantise_all(source: Path, target: Path) -> None:
    """Write an int8 file of everything that can be quantised."""
    groups = group_nodes(source)
    if not groups:
        raise ModelError(f"'{source.name}': nothing in it can be quantised; bench it with another back-end.")
    quantise(source, target, nodes=[node for nodes in groups.values() for node in nodes])


def write_fp16(source: Path, target: Path) -> None:
    """Write a float16 file whose inputs and outputs are those of the float32 one.

    Args:
        source: The float32 file.
        target: The file to write.
    """
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model: onnx.ModelProto = onnx.load(str(source))
    with quiet():
        half = convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)
    save_graph(half, target)


def make_reader(source: Path, batches: Iterable[Batch]) -> Any:  # noqa: ANN401 - a class of a lazy import
    """Hand batches to ONNX Runtime's calibration, one feed at a time."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader

    names = {item.name for item in onnx.load(str(source), load_external_data=False).graph.input}
    feeds: Iterator[dict[str, Any]] = (to_feeds(batch, names) for batch in batches)

    class _Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            return next(feeds, None)

    return _Reader()


def _part(name: str, kind: str) -> str:
    if kind == "Gather":
        return "embeddings"
    module = name.rsplit("/", 1)[0]
    if kind == "LSTM" or "lstm" in module.lower():
        return "lstm"
    if (found := _LAYER.search(module)) is None:
        return "head"
    side = "attention" if "attention" in found[2] or "attn" in found[2] else "feed-forward"
    return f"layer {int(found[1]) + 1} {side}"
