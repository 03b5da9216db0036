"""The one timer: seconds of a piece of work, on whatever device it runs, and how they are written."""

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


def format_seconds(seconds: float) -> str:
    """Write a time as a person would say it.

    Args:
        seconds: At least 0.

    Returns:
        Seconds under two minutes, minutes under two hours, else hours.

    Example:
        >>> format_seconds(95.0), format_seconds(600.0), format_seconds(9000.0)
        ('95 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
