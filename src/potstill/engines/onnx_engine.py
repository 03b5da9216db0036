"""ONNX Runtime on the CPU: the files of an export."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.engines.engine import Backend, Engine
from potstill.engines.onnx_feeds import to_feeds
from potstill.engines.onnx_graph import check_export_packages, export_graph, save_graph
from potstill.engines.onnx_quantise import quantise_all, write_fp16
from potstill.engines.torch_engine import draw_shape
from potstill.errors import ModelError, tell_reason
from potstill.files import check_folder
from potstill.hub import (
    Encoder,
    ModelDescription,
    build_shape,
    describe_model,
    describe_shape,
    draft_classifier,
    resolve_model,
)
from potstill.results import Precision
from potstill.tensors import Batch

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxEngine(Engine):
    """An exported model on ONNX Runtime.

    Attributes:
        session: The file, opened.
        inputs: What it reads.
    """

    session: "onnxruntime.InferenceSession"
    inputs: frozenset[str]

    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, as `Engine` says."""
        (logits,) = self.session.run(["logits"], to_feeds(batch, self.inputs))
        return batch.on_host.read(torch.from_numpy(np.asarray(logits, dtype=np.float32))).numpy()


@dataclass(frozen=True, kw_only=True)
class OnnxBackend(Backend):
    """One of ONNX Runtime's back-ends.

    Attributes:
        file: Its file in the folder `onnx/`, named as ONNX Runtime, optimum and transformers.js expect it.
        precision: Number format of what is not quantised.
        shrink: Makes its file of the float32 one; absent: it reads that.
    """

    cure: str = "export it without this file"
    file: str
    precision: Precision = "fp32"
    shrink: Callable[[Path, Path], None] | None = None

    def check(self) -> None:
        """Refuse a machine without ONNX Runtime."""
        try:
            import onnxruntime  # noqa: F401
        except ImportError:
            raise ModelError(
                f"the back-end '{self.name}' needs ONNX Runtime, which is not installed; run \"pip install "
                "'potstill[export]'\"."
            ) from None

    def load(self, model: str) -> OnnxEngine:
        """Load a saved model, as `Backend` says."""
        engine = self.open(find_file(model, self), describe_model(model))
        return replace(engine, name=model, draft=lambda: draft_classifier(model))

    def build(self, shape: str, scratch: Path) -> OnnxEngine:
        """Build a bare shape, as `Backend` says."""
        engine = self.open(self._make(shape, scratch), describe_shape(shape))
        return replace(engine, name=shape, is_shape=True, draft=lambda: _draft_shape(shape))

    def open(self, file: Path, model: ModelDescription) -> OnnxEngine:
        """Open a file.

        Args:
            file: An ONNX model with the inputs `input_ids` and `attention_mask`, perhaps `token_type_ids`.
            model: How it reads texts.

        Returns:
            The model, named after its file; its weights cannot be counted.

        Raises:
            ModelError: ONNX Runtime cannot run the file.
        """
        session = _open_session(file)
        return OnnxEngine(
            name=file.name,
            backend=self,
            model=model,
            device=torch.device("cpu"),
            precision=self.precision,
            num_threads=torch.get_num_threads(),
            size_bytes=file.stat().st_size,
            draft=_refuse_draft,
            session=session,
            inputs=frozenset(item.name for item in session.get_inputs()),
        )

    def _make(self, shape: str, scratch: Path) -> Path:
        """Export a shape; a file that was made before is taken."""
        whole = scratch / f"{shape.replace(':', '-')}-{ONNX.file}"
        mine = whole if self.shrink is None else whole.with_name(f"{whole.stem}-{self.name}.onnx")
        if not mine.is_file():
            check_export_packages()
            if not whole.is_file():
                save_graph(export_graph(draw_shape(shape)), whole)
            if self.shrink is not None:
                self.shrink(whole, mine)
        return mine


ONNX = OnnxBackend(name="onnx", file="model.onnx")
ONNX_FP16 = OnnxBackend(name="onnx-fp16", file="model_fp16.onnx", precision="fp16", is_exact=False, shrink=write_fp16)
ONNX_INT8 = OnnxBackend(name="onnx-int8", file="model_quantized.onnx", is_exact=False, shrink=quantise_all)


def find_file(model: str, backend: OnnxBackend) -> Path:
    """Find the exported file of a model.

    Args:
        model: What the user called the model.
        backend: Which file.

    Returns:
        The file.

    Raises:
        ModelError: The model has none, as it was not exported.
    """
    folder = Path(resolve_model(model))
    for place in (folder / "onnx" / backend.file, folder / backend.file):
        if place.is_file():
            check_folder(place.parent, remedy=f"make it anew with 'potstill export {model}'")
            return place
    raise ModelError(
        f"'{model}' has no onnx/{backend.file}, which the back-end '{backend.name}' reads; make it with "
        f"'potstill export {model}'."
    )


def _open_session(file: Path) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle sessions leave the cores alone
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a class of its own for each kind of failure
        raise ModelError(
            f"ONNX Runtime {onnxruntime.__version__} cannot run '{file}' ({tell_reason(error)}); export the "
            "model anew with 'potstill export'."
        ) from None


def _draft_shape(shape: str) -> Encoder:
    with torch.device("meta"):
        return build_shape(shape)


def _refuse_draft() -> Encoder:
    raise AssertionError("a bare file does not tell the parts of its weights")
