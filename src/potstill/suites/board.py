"""The live table of a suite: systems by tasks, what runs now, and how much is left."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from potstill.suites.grid import Cell, SuiteFolder

_LONGEST_LINE = 100


class Board:
    """Draws a grid while it is worked through; a `Watcher` for people.

    On a terminal it is one table that changes in place. Anywhere else each beginning and end is a line.
    """

    def __init__(self, cells: Sequence[Cell], folder: SuiteFolder, console: Console) -> None:
        """Prepare to draw the cells of a suite that lies in `folder`."""
        self._cells = cells
        self._folder = folder
        self._console = console
        self._states = {cell.id: "done" if folder.state(cell) == "finished" else "left" for cell in cells}
        self._since: dict[str, float] = {}
        self._seconds: list[float] = []
        self._begun = time.monotonic()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "Board":
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        self._say(f"{self._count('done')} of {len(self._cells)} runs are finished already")
        return self

    def __exit__(self, *_: object) -> None:
        """Draw a last time and stop."""
        if self._live is not None:
            self._live.update(self._draw(), refresh=True)
            self._live.stop()

    def started(self, cell: Cell, *, attempt: int) -> None:
        """Mark a cell as running."""
        self._states[cell.id] = "running"
        self._since[cell.id] = time.monotonic()
        self._say(f"begin {cell.id}" + (f", attempt {attempt}" if attempt > 1 else ""))
        self.look()

    def ended(self, cell: Cell, *, error: str | None) -> None:
        """Mark a cell as done or failed."""
        seconds = time.monotonic() - self._since.pop(cell.id)
        self._states[cell.id] = "done" if error is None else "failed"
        if error is None:
            self._seconds.append(seconds)
        self._say(
            f"done {cell.id} in {_clock(seconds)}, {self._rest()}"
            if error is None
            else f"failed {cell.id} after {_clock(seconds)}: {error} (log: {self._folder.log(cell.id)})"
        )

    def look(self) -> None:
        """Draw anew."""
        if self._live is not None:
            self._live.update(self._draw(), refresh=True)

    def _say(self, text: str) -> None:
        if self._live is None:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _draw(self) -> Group:
        tasks = list(dict.fromkeys(cell.task for cell in self._cells))
        table = Table("", *map(escape, tasks), box=SIMPLE, pad_edge=False)
        for row in dict.fromkeys(cell.row for cell in self._cells):
            table.add_row(escape(row), *(self._square(row, task) for task in tasks))
        lines = [
            Text(f"{cell.id}  {_clock(time.monotonic() - self._since[cell.id])}  {self._tail(cell)}", style="dim")
            for cell in self._cells
            if self._states[cell.id] == "running"
        ]
        return Group(table, *lines, Text(self._rest()))

    def _square(self, row: str, task: str) -> Text:
        """Draw the cells of a row and a task, one mark for each seed."""
        marks = {"done": ("●", "green"), "running": ("◐", "yellow"), "failed": ("✗", "red"), "left": ("·", "dim")}
        text = Text()
        for cell in self._cells:
            if (cell.row, cell.task) == (row, task):
                text.append(*marks[self._states[cell.id]])
        return text

    def _tail(self, cell: Cell) -> str:
        """Give the last line of a cell's log."""
        log = self._folder.log(cell.id)
        if not log.is_file():
            return ""
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 1000))
            lines = file.read().decode("utf-8", errors="replace").strip().splitlines()
        return lines[-1][:_LONGEST_LINE] if lines else ""

    def _count(self, state: str) -> int:
        return Counter(self._states.values())[state]

    def _rest(self) -> str:
        """Say how much is done and about how long the rest takes, at the pace so far."""
        text = f"{self._count('done')} of {len(self._cells)} runs, {_clock(time.monotonic() - self._begun)}"
        left = self._count("left") + self._count("running")
        if self._seconds and left:
            text += f", about {_clock((time.monotonic() - self._begun) / len(self._seconds) * left)} left"
        return text + (f", {self._count('failed')} failed" if self._count("failed") else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
