"""From an encoder to an ONNX graph: dynamic batch and length, standard operators, nodes named after modules."""

import logging
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from potstill.engines.onnx_bilstm import build_bilstm_graph
from potstill.errors import ModelError, tell_reason
from potstill.hub import Encoder, exporting, input_names

if TYPE_CHECKING:
    import onnx

OPSETS = range(18, 24)
"""Versions of ONNX's operators that PyTorch's exporter writes and ONNX Runtime reads."""

DEFAULT_OPSET = 20
"""The first with one operator for GELU, which ONNX Runtime 1.17 and everything after it reads."""

_LARGEST_FILE = 2_000_000_000
"""Bytes; beyond this, protobuf cannot hold the weights and they lie in a file beside the graph."""


def check_export_packages() -> None:
    """Refuse to export where a package is missing.

    Raises:
        ModelError: Which one, and how to get it.
    """
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"an export needs {' and '.join(missing)}, which is not installed; run \"pip install 'potstill[export]'\"."
        )


def export_graph(encoder: Encoder, *, opset: int = DEFAULT_OPSET) -> "onnx.ModelProto":
    """Turn a classifier or regressor into an ONNX model.

    The inputs are `input_ids`, `attention_mask` and, where the model reads segments, `token_type_ids`, each int64
    [batch_size, sequence_length]; the output is `logits`, float32 [batch_size, labels], of a
    tagger [batch_size, sequence_length, labels].

    Args:
        encoder: In eval mode on the CPU.
        opset: Version of ONNX's operators.

    Returns:
        The graph.

    Raises:
        ModelError: A package is missing, or PyTorch cannot export the model.
    """
    check_export_packages()
    if opset not in OPSETS:
        raise ModelError(
            f"--opset {opset}: ONNX opsets {OPSETS.start} to {OPSETS.stop - 1} can be written; leave it out for "
            f"{DEFAULT_OPSET}."
        )
    if encoder.family.architecture == "bilstm":
        model = build_bilstm_graph(encoder, opset=opset)
    else:
        model = _trace(encoder, opset)
        _name_nodes(model)
    del model.graph.value_info[:]  # shapes of constants that were folded are wrong in there, and nothing needs them
    model.producer_name = "potstill"
    return model


def save_graph(model: "onnx.ModelProto", file: Path) -> None:
    """Write an ONNX model, with its weights in a file beside it where they are too many for one.

    Args:
        model: The graph.
        file: Where to.
    """
    import onnx

    num_bytes = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    is_large = num_bytes > _LARGEST_FILE
    onnx.save_model(
        model, str(file), save_as_external_data=is_large, location=f"{file.name}_data" if is_large else None
    )


def _trace(encoder: Encoder, opset: int) -> "onnx.ModelProto":
    names = input_names(encoder)
    inputs = _example(encoder, names)
    longest = encoder.max_tokens
    batch, tokens = torch.export.Dim("batch_size"), torch.export.Dim("sequence_length", max=longest)
    with exporting(encoder) as module, _silence():
        try:
            program = torch.onnx.export(
                module,
                tuple(inputs.values()),
                dynamo=True,
                verbose=False,
                input_names=list(names),
                output_names=["logits"],
                dynamic_shapes=(tuple({0: batch, 1: tokens} for _ in names),),
                opset_version=opset,
            )
        except Exception as error:  # the exporter raises many kinds, also of the libraries below it
            raise ModelError(
                f"PyTorch {torch.__version__} cannot export {type(encoder.model).__name__} to ONNX "
                f"({tell_reason(error)}); serve it with the back-end 'sdpa'."
            ) from None
    assert program is not None
    return program.model_proto


def _example(encoder: Encoder, names: tuple[str, ...]) -> Mapping[str, Tensor]:
    """Make two texts of different lengths; which ones does not matter, only that nothing is taken for constant."""
    ids = torch.randint(0, encoder.shape.vocab_size, (2, 7), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    every = {"input_ids": ids.masked_fill(mask == 0, encoder.tokenizer.padding_id), "attention_mask": mask}
    return {name: every.get(name, torch.zeros_like(ids)) for name in names}


def _name_nodes(model: "onnx.ModelProto") -> None:
    """Call nodes and weights after the modules that they came from, and forget where the code lay."""
    seen: dict[str, int] = {}
    for node in model.graph.node:
        scopes = next((item.value for item in node.metadata_props if item.key == "pkg.torch.onnx.name_scopes"), "")
        modules = [part.strip(" '\"") for part in scopes.strip("[]").split(",")][:-1]
        module = (modules[-1] if modules else "").removeprefix("model.").removeprefix("model")
        name = f"{module}/{node.op_type}" if module and not module.startswith("_") else node.op_type
        seen[name] = seen.get(name, -1) + 1
        node.name = f"{name}_{seen[name]}" if seen[name] else name
        del node.metadata_props[:]
        node.doc_string = ""
    for part in (*model.graph.initializer, *model.graph.input, *model.graph.output, model.graph, model):
        del part.metadata_props[:]


@contextmanager
def _silence() -> Generator[None]:
    """Keep the exporter's advice to its authors from the user."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.__trace")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
