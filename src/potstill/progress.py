"""How long work tells that it goes on: a callback that the command line draws and a library call may leave silent."""

import logging
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, runtime_checkable


@runtime_checkable
class ProgressTask(Protocol):
    """One bar."""

    def advance(self, amount: int = 1, *, text: str | None = None) -> None:
        """Move on by some units; `text`, where given, replaces what stands beside the bar."""


@runtime_checkable
class ProgressCallback(Protocol):
    """Receives notes and progress."""

    def note(self, text: str) -> None:
        """Say one thing in one line."""

    def task(self, name: str, total: int, *, done: int = 0) -> AbstractContextManager[ProgressTask]:
        """Open a bar of `total` units, of which `done` were made before."""


class _SilentTask:
    def advance(self, amount: int = 1, *, text: str | None = None) -> None:
        """Do nothing."""


class SilentCallback:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def task(self, name: str, total: int, *, done: int = 0) -> AbstractContextManager[ProgressTask]:
        """Give a bar that nobody sees."""
        return nullcontext(_SilentTask())


@contextmanager
def quiet(name: str | None = None) -> Generator[None]:
    """Keep advice that is meant for authors of code from the user, while a block runs.

    Args:
        name: The logger that gives it; None = the root.
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
