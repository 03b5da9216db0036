"""Prepare what comes next while the present step runs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")

_AHEAD = 2


def prepare_ahead(
    items: Iterable[Item], prepare: Callable[[Item], Prepared], *, ahead: int = _AHEAD
) -> Iterator[tuple[Item, Prepared]]:
    """Prepare items in a thread of its own, in their order."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare") as thread:
        waiting: deque[tuple[Item, Future[Prepared]]] = deque()
        try:
            for item in items:
                waiting.append((item, thread.submit(prepare, item)))
                if len(waiting) > ahead:
                    ready, future = waiting.popleft()
                    yield ready, future.result()
            for ready, future in waiting:
                yield ready, future.result()
        finally:  # the caller may stop early
            thread.shutdown(cancel_futures=True)
