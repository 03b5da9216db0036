"""Accelerate, set up for a run: device, precision, processes, trackers."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs

from potstill.errors import RecipeError
from potstill.precision import has_fast_bf16
from potstill.processes import process_state

Precision = Literal["fp32", "bf16"]


def resolve_precision(wanted: Literal["auto", "fp32", "bf16"]) -> Precision:
    """Choose the arithmetic of matrix products.

    Args:
        wanted: `auto` takes bf16 where `has_fast_bf16` says so.

    Returns:
        `fp32` or `bf16`.
    """
    if wanted != "auto":
        return wanted
    return "bf16" if has_fast_bf16(process_state().device) else "fp32"


def check_trackers(trackers: Sequence[str]) -> None:
    """Refuse a tracker that cannot be had.

    Args:
        trackers: Names of experiment trackers, which are the names of their packages.

    Raises:
        RecipeError: A tracker's package is not installed.
    """
    for tracker in trackers:
        if importlib.util.find_spec(tracker) is None:
            raise RecipeError(f"tracking.trackers: '{tracker}' is not installed; run 'pip install {tracker}'.")


def open_accelerator(precision: Precision, *, trackers: Sequence[str], folder: Path) -> Accelerator:
    """Open Accelerate for one training.

    Args:
        precision: Arithmetic of matrix products.
        trackers: Names of experiment trackers.
        folder: Where trackers that write files put them.

    Returns:
        The accelerator.
    """
    process_state()
    AcceleratorState._reset_state()  # a process may train one run after another, each with its own precision
    mixed: Literal["no", "bf16"] = "bf16" if precision == "bf16" else "no"
    parallel = DistributedDataParallelKwargs(find_unused_parameters=True)  # a stage may leave the head alone
    accelerator = Accelerator(
        mixed_precision=mixed, log_with=list(trackers) or None, project_dir=str(folder), kwargs_handlers=[parallel]
    )
    if trackers:
        accelerator.init_trackers("potstill")
    return accelerator


def close_trackers(accelerator: Accelerator) -> None:
    """End the trackers of one training; unlike Accelerate's own end, the processes stay connected for what follows."""
    for tracker in accelerator.trackers:
        tracker.finish()
