"""A teacher's outputs as rows: states one for each real token, logits one for each example; packed, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.tensors import EncoderOutputs, Needs

RowFormat: TypeAlias = Literal["fp32", "bf16", "int8"]
"""fp32 = exact, 4 bytes a number; bf16 = 2 bytes; int8 = 1 byte and one float32 scale a row."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One kind of state of one layer, or the logits.

    Attributes:
        kind: `hidden_states`, `queries`, `keys`, `values` or `logits`.
        layer: As in `Needs`; 0 for logits.
    """

    kind: str
    layer: int

    def __str__(self) -> str:
        """Name it, such as `keys.3`."""
        return f"{self.kind}.{self.layer}"


def list_parts(needs: Needs) -> tuple[Part, ...]:
    """List what needs ask for, in a fixed order."""
    kinds: Mapping[str, frozenset[int]] = {
        "logits": frozenset({0} if needs.logits else ()),
        "hidden_states": needs.hidden_states,
        "queries": needs.queries,
        "keys": needs.keys,
        "values": needs.values,
    }
    return tuple(sorted(Part(kind, layer) for kind, layers in kinds.items() for layer in layers))


def states_to_rows(outputs: EncoderOutputs, part: Part, token_mask: Bool[Tensor, "batch tokens"]) -> Tensor:
    """Take one part of a batch's outputs, without padding."""
    if part.kind == "logits":
        assert outputs.logits is not None
        return outputs.logits
    states: Tensor = getattr(outputs, part.kind)[part.layer]
    if part.kind != "hidden_states":
        states = states.transpose(1, 2).flatten(2)
    return states[token_mask]


def pack_rows(rows: Float[Tensor, "rows width"], form: RowFormat) -> dict[str, Tensor]:
    """Pack rows."""
    if form != "int8":
        return {"values": rows.to(torch.bfloat16 if form == "bf16" else torch.float32)}
    scales = rows.float().abs().amax(dim=1).clamp(min=1e-30) / 127
    return {"values": (rows / scales[:, None]).round().to(torch.int8), "scales": scales}


def unpack_rows(packed: Mapping[str, Tensor]) -> Float[Tensor, "rows width"]:
    """Undo `pack_rows`, up to its rounding."""
    rows = packed["values"].float()
    return rows * packed["scales"][:, None] if "scales" in packed else rows


def row_bytes(width: int, form: RowFormat) -> int:
    """Count the bytes that a packed row takes."""
    return {"fp32": 4 * width, "bf16": 2 * width, "int8": width + 4}[form]
