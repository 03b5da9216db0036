"""Work shared out to processes, with results in order and never much of them at once."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

from potstill.errors import RunError
from potstill.plugins import given_plugins, load_plugins
from potstill.processes import end_with

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 3
"""Pieces of work that wait for each process: enough that none stands idle, few enough to keep memory flat."""


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """Processes that are started when they are first needed, and none where one is enough."""

    def __init__(self, count: int) -> None:
        """Set how many processes share the work, >= 1; 1 does it in this one."""
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply a function to items.

        Args:
            function: Can be pickled, as `functools.partial` of a function of a module.
            items: Read as results are taken, a little ahead of them.

        Yields:
            The results, in the order of the items.
        """
        if self._count == 1:
            yield from map(function, items)
            return
        if self._pool is None:
            self._others = set(active_children())
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=get_context("spawn"),
                initializer=_begin,
                initargs=(os.getpid(), given_plugins()),
            )
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                with _without_ctrl_c():
                    waiting.append(self._pool.submit(function, item))
                if len(waiting) > _AHEAD * self._count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise RunError(
                f"one of the {self._count} processes that draw new texts was ended from outside, as where memory is "
                "short; give the same command to go on, with fewer --workers."
            ) from None
        finally:
            for future in waiting:
                future.cancel()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """End the processes; where something went wrong, in the middle of their work."""
        if self._pool is None:
            return
        if kind is not None:
            for process in set(active_children()) - self._others:
                process.kill()
        self._pool.shutdown(cancel_futures=True)
        self._pool = None


@contextmanager
def _without_ctrl_c() -> Generator[None]:
    """Start processes that Ctrl-C does not reach: this one hears it and ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int, plugins: Sequence[str]) -> None:
    end_with(parent)
    load_plugins(plugins)
