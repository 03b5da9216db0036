"""The most bytes that a computation holds at one time."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

__all__ = ["peak_bytes"]


def peak_bytes(function: Callable[[], object], device: torch.device) -> int:
    """Find the most bytes that a function holds at one time beside what was there before.

    Args:
        function: What to run, once.
        device: Where its tensors lie: a GPU's allocator is asked, on a CPU torch's profiler.

    Returns:
        Bytes of tensors; what libraries take without torch's knowledge is not among them.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    held = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak
