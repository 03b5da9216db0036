"""The one timer: seconds of a piece of work, on whatever device it runs."""

import time
from collections.abc import Callable

import torch


def time_work(work: Callable[[], object], *, device: torch.device) -> float:
    """Time a piece of work.

    Args:
        work: What is done.
        device: Where it runs. What was asked of the device before is waited for first, and what the work asks of it
            before the clock stops.

    Returns:
        Seconds.
    """
    wait_for(device)
    begun = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - begun


def wait_for(device: torch.device) -> None:
    """Wait until a device has done all that it was asked for.

    Args:
        device: Any; a CPU is never behind.
    """
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
