"""A model on a back-end: one batch in, its logits out."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.engines.backends import ONNX_FILES, Backend, check_backend, is_onnx
from potstill.engines.predict import run_batch
from potstill.errors import ModelError
from potstill.hub import Encoder, load_classifier, resolve_model
from potstill.results import Precision
from potstill.tensors import Batch


@runtime_checkable
class Engine(Protocol):
    """A model that is ready to answer."""

    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, [batch, labels]; they are on the CPU when the call returns."""
        ...


class TorchEngine:
    """A model on PyTorch."""

    def __init__(self, encoder: Encoder, *, is_bf16: bool = False) -> None:
        """Serve an encoder in eval mode, on the device where it lies."""
        self._encoder = encoder.eval()
        self._precision: Precision = "bf16" if is_bf16 else "fp32"

    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, [batch, labels]."""
        logits = run_batch(self._encoder, batch.to(self._encoder.device), precision=self._precision)
        return logits.cpu().numpy()


class OnnxEngine:
    """An exported model on ONNX Runtime, on the CPU."""

    def __init__(self, file: Path, *, num_threads: int | None = None) -> None:
        """Open a file.

        Args:
            file: An ONNX model with the inputs `input_ids` and `attention_mask`, perhaps `token_type_ids`.
            num_threads: Threads within an operation; absent: as many as PyTorch uses.

        Raises:
            ModelError: ONNX Runtime cannot run the file.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads or torch.get_num_threads()
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle sessions leave the cores alone
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a class of its own for each kind of failure
            reason = str(error).strip().split("\n")[0][:300]
            raise ModelError(
                f"ONNX Runtime {onnxruntime.__version__} cannot run '{file}' ({reason}); export the model anew with "
                "'potstill export'."
            ) from None
        self._names = {item.name for item in self._session.get_inputs()}

    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, [batch, labels]."""
        (logits,) = self._session.run(["logits"], to_feeds(batch, self._names))
        return np.asarray(logits, dtype=np.float32)


def to_feeds(batch: Batch, names: Collection[str]) -> dict[str, NDArray[np.int64]]:
    """Turn a batch into the inputs of an exported model.

    Args:
        batch: On the CPU.
        names: The inputs that the model reads.

    Returns:
        int64 arrays by name, [batch, tokens]; segment ids are 0 where the tokenizer makes none.
    """
    types = torch.zeros_like(batch.input_ids) if batch.token_type_ids is None else batch.token_type_ids
    inputs = {
        "input_ids": batch.input_ids,
        "attention_mask": batch.token_mask.long(),
        "token_type_ids": types,
    }
    return {name: inputs[name].numpy() for name in inputs if name in names}


def load_engine(name: str, backend: Backend, *, device: torch.device, num_threads: int | None = None) -> Engine:
    """Load a saved model on a back-end.

    Args:
        name: A folder, a finished run folder, or a hub name.
        backend: Where it is to run.
        device: Where PyTorch runs; ONNX Runtime always runs on the CPU.
        num_threads: Threads of ONNX Runtime; absent: as many as PyTorch uses.

    Returns:
        The engine.

    Raises:
        ModelError: There is no such model, it was not exported, or the machine lacks what the back-end needs.
    """
    check_backend(backend, device=device)
    if is_onnx(backend):
        return OnnxEngine(find_onnx(name, backend), num_threads=num_threads)
    return make_torch_engine(load_classifier(name).to(device), backend)


def make_torch_engine(encoder: Encoder, backend: Backend) -> TorchEngine:
    """Serve an encoder on one of PyTorch's back-ends.

    Args:
        encoder: On the device where it is to run; its attention is switched in place.
        backend: `sdpa`, `eager`, `bf16` or `compiled`; the machine was checked before.

    Returns:
        The engine.
    """
    assert not is_onnx(backend), backend
    if backend == "eager" and encoder.can_capture:  # what cannot capture has no other attention
        encoder.model.set_attn_implementation("eager")
    if backend == "compiled":
        encoder.model.compile(dynamic=True)
    return TorchEngine(encoder, is_bf16=backend == "bf16")


def find_onnx(name: str, backend: Backend) -> Path:
    """Find the exported file of a model.

    Args:
        name: A folder or a finished run folder.
        backend: One of those on ONNX Runtime.

    Returns:
        The file.

    Raises:
        ModelError: There is none.
    """
    file = ONNX_FILES[backend]
    folder = Path(resolve_model(name))
    for place in (folder / "onnx" / file, folder / file):
        if place.is_file():
            return place
    raise ModelError(
        f"'{name}' has no onnx/{file}, which the back-end '{backend}' reads; make it with 'potstill export {name}'."
    )
