"""Whether bfloat16 is worth having here: what the precision `auto` and the back-end `bf16` ask."""

import os

import torch

from potstill.errors import RecipeError

PRECISION_VARIABLE = "POTSTILL_PRECISION"
"""Environment variable that overrules the processor: `fp32`, or `bf16` even where it has to be emulated."""


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether bfloat16 products are to be preferred to float32 ones.

    Args:
        device: Where the products are made.

    Returns:
        What POTSTILL_PRECISION says; where it says nothing, whether the device has instructions for them. Without
        these bfloat16 runs too, but many times slower than float32.

    Raises:
        RecipeError: POTSTILL_PRECISION is neither `fp32` nor `bf16`.
    """
    if said := os.environ.get(PRECISION_VARIABLE):
        if said not in ("fp32", "bf16"):
            raise RecipeError(f"{PRECISION_VARIABLE}={said}: no such precision; set it to fp32 or bf16, or unset it.")
        return said == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
