"""Run folders and who works in them: one process at a time, and none under a name that another has taken."""

import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from potstill.errors import RunError
from potstill.files import LOCK, held, sweep
from potstill.processes import agree, is_main_process, wait_for_all
from potstill.run_folder import RunFolder


@contextmanager
def claim(folder: RunFolder, *, resume: bool) -> Generator[None]:
    """Keep a run folder from all others for a block, and leave none where nothing was begun."""
    if not folder.recipe.is_file():  # of a run, whoever works on it is told first
        folder.check_writable(resume=resume)
    with ExitStack() as stack:
        if is_main_process():
            stack.enter_context(held(folder.path))
            folder.check_writable(resume=resume)
            stack.callback(_leave_nothing, folder.path)
            if not folder.is_finished:
                sweep(folder.path)
        wait_for_all()
        yield


@contextmanager
def claim_first(base: Path) -> Generator[Path]:
    """Take the first name that is free, of a base and the same with numbers, and keep it for a block."""
    with ExitStack() as stack:
        yield agree(_take_first(base, stack) if is_main_process() else base)


def _take_first(base: Path, stack: ExitStack) -> Path:
    for number in count(1):
        path = base if number == 1 else base.with_name(f"{base.name}-{number}")
        if not _is_free(path):
            continue
        with suppress(RunError), ExitStack() as trial:
            trial.enter_context(held(path))
            trial.callback(_leave_nothing, path)
            if _is_free(path):
                stack.push(trial.pop_all())
                return path
    raise AssertionError("there is always another number")


def _is_free(path: Path) -> bool:
    """Say whether nothing has the name, or only what a run left that was stopped before it was begun."""
    return not path.exists() or ((path / LOCK).exists() and RunFolder(path=path).is_bare)


def _leave_nothing(path: Path) -> None:
    """Remove a folder in which nothing was begun; its lock is still held, so that nobody else is there."""
    with suppress(OSError):
        if RunFolder(path=path).is_bare:
            shutil.rmtree(path)
