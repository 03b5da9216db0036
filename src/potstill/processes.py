"""The processes that share a run, where torchrun or `accelerate launch` started several."""

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from potstill.errors import RunError

if TYPE_CHECKING:
    from accelerate import PartialState

T = TypeVar("T")

_LAUNCHED = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun and `accelerate launch` set, all of them."""

_PATIENCE = timedelta(days=2)
"""How long processes wait for the main one, which alone labels, stores and measures; one that dies ends all at once."""


def count_launched() -> int:
    """Count the processes that were started together; nothing is opened.

    Returns:
        Their number; 1 where a batch system has left a part of the variables set, which says nothing.
    """
    told = [os.environ.get(name, "") for name in _LAUNCHED]
    return int(told[0]) if all(told) and told[0].isdecimal() else 1


def is_main_process() -> bool:
    """Say whether this process is the one that prints and writes; nothing is opened."""
    return count_launched() == 1 or os.environ["RANK"] == "0"


def end_with(parent: int) -> None:
    """End this process when the one that started it is gone, however it went.

    Args:
        parent: The number that it has, from itself: it may be gone already.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def choose_device(name: str) -> None:
    """Run on a device from now on, whatever this process ran on before.

    Args:
        name: `cpu`, or what PyTorch calls an accelerator of this machine, such as `cuda`, `cuda:1` or `mps`.

    Raises:
        RunError: There is no such device, or several processes share the run, of which each has its own.
    """
    import torch
    from accelerate import PartialState

    kind, _, number = name.partition(":")
    found = torch.accelerator.current_accelerator(check_available=True)
    count = 0 if found is None else torch.accelerator.device_count()
    known = ["cpu"] + ([] if found is None else [found.type, *(f"{found.type}:{each}" for each in range(count))])
    if name not in known:
        raise RunError(f"--device {name}: this machine has none; choose one of {', '.join(known)}, or leave it out.")
    if count_launched() > 1 and name != "cpu":
        raise RunError(f"--device {name}: each of several processes has a device of its own; leave it out.")
    os.environ["ACCELERATE_USE_CPU"] = str(kind == "cpu").lower()
    if number:
        torch.accelerator.set_device_index(int(number))
    PartialState._reset_state()


def process_state() -> "PartialState":
    """Give Accelerate's view of the processes; the first call opens their connection.

    Returns:
        Device, rank and number of processes. Without an accelerator, or where `accelerate launch --cpu` wants none,
        the processes run on the CPU and talk through gloo.
    """
    import torch
    from accelerate import PartialState

    if count_launched() == 1:  # else what is left set of a launch would be waited for
        for name in _LAUNCHED:
            os.environ.pop(name, None)
    wants_cpu = os.environ.get("ACCELERATE_USE_CPU", "false").lower() in ("1", "true", "yes")
    return PartialState(cpu=wants_cpu or not torch.accelerator.is_available(), timeout=_PATIENCE)


@contextmanager
def main_first() -> Generator[None]:
    """Let the main process go through a block before all others, which then find what it made."""
    with process_state().main_process_first():
        yield


def wait_for_all() -> None:
    """Go on when every process has come here."""
    process_state().wait_for_everyone()


def agree(value: T) -> T:
    """Give all processes the value that the main one has.

    Args:
        value: Can be pickled; only the main process's counts.

    Returns:
        The main process's value. Nobody goes on before it is there.
    """
    if count_launched() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    process_state()
    (shared,) = broadcast_object_list([value])
    chosen: T = shared
    return chosen
