"""Progress and notes on stderr: live bars on a terminal, plain lines anywhere else."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from potstill.processes import is_main_process
from potstill.progress import ProgressTask

_SECONDS_BETWEEN_LINES = 2.0


class ConsoleCallback:
    """Draws what long work reports; an `ProgressCallback` for people.

    On a terminal, all open tasks share one block of bars and notes are printed above it. Where stderr goes to a file
    or a pipe, a task prints a line about every tenth of its way, without escape codes.
    """

    def __init__(self, console: Console | None = None) -> None:
        """Draw on a console; absent: on stderr, of several processes the main one alone."""
        self._console = console or Console(stderr=True, quiet=not is_main_process(), emoji=False)
        self._bars: Progress | None = None

    def note(self, text: str) -> None:
        """Say one thing in one line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def task(self, name: str, total: int, *, done: int = 0) -> Generator[ProgressTask]:
        """Open a bar for a block.

        Args:
            name: What goes on.
            total: Units of the whole.
            done: Units that were made before.

        Yields:
            What moves the bar.
        """
        if not self._console.is_terminal:
            lines = _Lines(self, name, total, done)
            try:
                yield lines
            finally:
                lines.close()
            return
        bars, is_first = self._open_bars()
        bar = bars.add_task(name, total=total, completed=done, text="")
        try:
            yield _Bar(bars, bar)
        finally:
            bars.stop_task(bar)
            if is_first:
                bars.stop()
                self._bars = None

    def _open_bars(self) -> tuple[Progress, bool]:
        """Give the block of bars, and whether it was opened just now."""
        if self._bars is not None:
            return self._bars, False
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
        )
        self._bars.start()
        return self._bars, True


class _Bar:
    """One bar of a block of bars."""

    def __init__(self, bars: Progress, bar: TaskID) -> None:
        self._bars, self._bar = bars, bar

    def advance(self, amount: int = 1, *, text: str | None = None) -> None:
        """Move on; `text`, where given, replaces what stands beside the bar."""
        if text is not None:
            self._bars.update(self._bar, text=text)
        self._bars.advance(self._bar, amount)


class _Lines:
    """A task as lines of plain text."""

    def __init__(self, callback: ConsoleCallback, name: str, total: int, done: int) -> None:
        self._callback, self._name, self._total = callback, name, total
        self._done = self._begun_at = done
        self._text = ""
        self._begun = self._printed = time.monotonic()
        self._tenth = self._count_tenths()
        self._shown: int | None = None

    def advance(self, amount: int = 1, *, text: str | None = None) -> None:
        """Move on, and print a line where a tenth is passed and the last line is some seconds old."""
        self._done += amount
        self._text = self._text if text is None else text
        is_due = self._count_tenths() > self._tenth and self._done < self._total
        if is_due and time.monotonic() - self._printed >= _SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        """Print where the task ended."""
        if self._shown != self._done:
            self._print()

    def _print(self) -> None:
        self._printed, self._tenth, self._shown = time.monotonic(), self._count_tenths(), self._done
        seconds = self._printed - self._begun
        parts = [f"{self._name}: {self._done} of {self._total}", f"{seconds:.0f} s"]
        made = self._done - self._begun_at
        if made > 0 and self._done < self._total:
            parts.append(f"about {seconds / made * (self._total - self._done):.0f} s left")
        self._callback.note(", ".join([*parts, self._text] if self._text else parts))

    def _count_tenths(self) -> int:
        return 10 * self._done // max(1, self._total)
