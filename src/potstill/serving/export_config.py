"""What an export makes, and what it must be worth to be published."""

from typing import Literal

from pydantic import Field

from potstill.config import Config

Int8 = Literal["dynamic", "static", "none"]
KeptPart = Literal["embeddings", "last-layer"]


class ExportConfig(Config):
    """How a model is exported; a file is published once it has passed its gate."""

    opset: int = 20
    """Version of ONNX's operators, 18 to 23."""
    int8: Int8 = "dynamic"
    """`dynamic` measures the range of activations in every batch; `static` takes it from calibration texts, which is
    faster on some machines and less exact; `none` makes no int8 file."""
    per_channel: bool = False
    """One scale for each output of a layer instead of one for the layer: more exact, a little slower."""
    keep_fp32: tuple[KeptPart, ...] = ()
    """Parts that stay float32 in the int8 file: `embeddings`, `last-layer` (with pooler and head)."""
    fp16: bool = False
    """Whether to make a float16 file too, for accelerators and browsers."""
    max_drop: float = Field(default=0.5, ge=0.0, le=100.0)
    """How many points (hundredths) of the primary metric a file may lose against the float32 model in PyTorch; it is
    refused where the 95 % interval of its loss lies above."""
    tolerance: float = Field(default=1e-3, gt=0.0)
    """Largest difference of a logit between the float32 file and PyTorch, for logits of size 1; it grows with them."""
    calibration_texts: int = Field(default=128, ge=1)
    """Texts that a static quantisation measures ranges on."""
