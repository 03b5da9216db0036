"""Work shared out to processes, with results in order and never much of them at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing import get_context
from typing import TypeVar

from potstill.plugins import given_plugins, load_plugins

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
            self._pool = ProcessPoolExecutor(
                self._count, mp_context=get_context("spawn"), initializer=load_plugins, initargs=(given_plugins(),)
            )
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(function, item))
                if len(waiting) > _AHEAD * self._count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def __exit__(self, *exception: object) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
