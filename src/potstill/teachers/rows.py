"""A teacher's states as rows: one for each real token, packed small, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.tensors import EncoderOutputs, Needs

__all__ = ["Part", "RowFormat", "list_parts", "pack_rows", "row_bytes", "states_to_rows", "unpack_rows"]

RowFormat: TypeAlias = Literal["bf16", "int8"]
"""bf16 = 2 bytes a number; int8 = 1 byte a number and one float32 scale a row."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One kind of state of one layer.

    Attributes:
        kind: `hidden_states`, `queries`, `keys` or `values`.
        layer: As in `Needs`.
    """

    kind: str
    layer: int

    def __str__(self) -> str:
        """Name it, such as `keys.3`."""
        return f"{self.kind}.{self.layer}"


def list_parts(needs: Needs) -> tuple[Part, ...]:
    """List what needs ask for beside logits, in a fixed order.

    Args:
        needs: What a stage reads of its teacher.

    Returns:
        The parts.
    """
    kinds: Mapping[str, frozenset[int]] = {
        "hidden_states": needs.hidden_states,
        "queries": needs.queries,
        "keys": needs.keys,
        "values": needs.values,
    }
    return tuple(sorted(Part(kind, layer) for kind, layers in kinds.items() for layer in layers))


def states_to_rows(outputs: EncoderOutputs, part: Part, token_mask: Bool[Tensor, "batch tokens"]) -> Tensor:
    """Take one part of a batch's outputs, without padding.

    Args:
        outputs: What the teacher gave.
        part: Which part.
        token_mask: True = real token.

    Returns:
        Rows of the real tokens, example by example, [real tokens, width]; heads side by side.
    """
    states: Tensor = getattr(outputs, part.kind)[part.layer]
    if part.kind != "hidden_states":
        states = states.transpose(1, 2).flatten(2)
    return states[token_mask]


def pack_rows(rows: Float[Tensor, "rows width"], form: RowFormat) -> dict[str, Tensor]:
    """Pack rows.

    Args:
        rows: Any floats.
        form: How.

    Returns:
        `values`, and for int8 also `scales`: the largest magnitude of each row over 127.
    """
    if form == "bf16":
        return {"values": rows.bfloat16()}
    scales = rows.float().abs().amax(dim=1).clamp(min=1e-30) / 127
    return {"values": (rows / scales[:, None]).round().to(torch.int8), "scales": scales}


def unpack_rows(packed: Mapping[str, Tensor]) -> Float[Tensor, "rows width"]:
    """Undo `pack_rows`, up to its rounding.

    Args:
        packed: Values, and scales where there are any.

    Returns:
        Float32 rows.
    """
    rows = packed["values"].float()
    return rows * packed["scales"][:, None] if "scales" in packed else rows


def row_bytes(width: int, form: RowFormat) -> int:
    """Count the bytes that a packed row takes."""
    return 2 * width if form == "bf16" else width + 4
