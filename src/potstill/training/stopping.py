"""A wish to stop (Ctrl-C, and what the command line takes for it) that waits for the end of a step."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class StepGuard:
    """Lets a step be made whole before a wish to stop is heard.

    Signals that end the process at once, or are ignored, stay so; a second wish is heard at once.
    """

    def __init__(self) -> None:
        """Change nothing yet."""
        self._before: dict[int, Any] = {}
        self._is_held = False
        self._waiting: tuple[int, FrameType | None] | None = None

    @contextmanager
    def listening(self) -> Generator[None]:
        """Take the signals over for a block, where this is the thread that they reach."""
        is_reached = threading.current_thread() is threading.main_thread()
        handlers = {number: signal.getsignal(number) for number in _SIGNALS} if is_reached else {}
        self._before = {number: handler for number, handler in handlers.items() if callable(handler)}
        for number in self._before:
            signal.signal(number, self._hear)
        try:
            yield
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    @contextmanager
    def whole_step(self) -> Generator[None]:
        """Open a block that no wish to stop cuts short; it is heard at the end of the block."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._waiting is not None:
            (number, frame), self._waiting = self._waiting, None
            self._before[number](number, frame)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._is_held and self._waiting is None:
            self._waiting = (number, frame)
        else:
            self._before[number](number, frame)
