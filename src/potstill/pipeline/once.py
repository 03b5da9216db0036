"""Work that is done once: runs that several others share, and training that is over."""

from collections.abc import Callable
from contextlib import nullcontext

from potstill.files import one_at_a_time
from potstill.processes import agree, is_main_process
from potstill.progress import Observer
from potstill.run_folder import RunFolder


def make_once(folder: RunFolder, name: str, make: Callable[[bool], object], observer: Observer) -> None:
    """Make a run that others share, or leave it as an earlier one made it; of runs at once, one makes it."""

    def note(what: str) -> None:
        observer.note(f"{name}: {what} {folder.path}")

    lock = folder.path.with_name(f".{folder.path.name}.lock")
    alone = one_at_a_time(lock, lambda: note("waiting for another run, which makes"))
    with alone if is_main_process() else nullcontext():
        if agree(folder.is_finished):
            note("reusing")
        else:
            note("making")
            make(folder.recipe.is_file())


def seconds_of_training(folder: RunFolder) -> float | None:
    """Say how long the training of a run took that was stopped after it."""
    stages = [event for event in folder.read_events() if event.get("event") == "stage"]
    return float(stages[-1]["seconds"]) if stages and folder.student.is_dir() else None
