"""Work through a grid: what can start is started, a failure is tried once more, and nothing stops the rest."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from potstill.plugins import given_plugins
from potstill.suites.cell import CellFailed, Job
from potstill.suites.grid import Cell, SuiteFolder
from potstill.suites.workers import Workers

_TRIES = 2
_SECONDS_BETWEEN_LOOKS = 0.5


@runtime_checkable
class Watcher(Protocol):
    """Is told how the grid goes on."""

    def started(self, cell: Cell, *, attempt: int) -> None:
        """A cell begins; `attempt` counts from 1."""

    def ended(self, cell: Cell, *, error: str | None) -> None:
        """A cell is finished, or an attempt failed with `error`."""

    def look(self) -> None:
        """Some time has passed."""


class SilentWatcher:
    """Tells nobody."""

    def started(self, cell: Cell, *, attempt: int) -> None:
        """Do nothing."""

    def ended(self, cell: Cell, *, error: str | None) -> None:
        """Do nothing."""

    def look(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a grid ended.

    Attributes:
        finished: Cells that are finished, those of earlier times too.
        failed: What went wrong, by cell.
        skipped: Cells that wait for one that failed.
    """

    finished: tuple[str, ...]
    failed: dict[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def run_cells(cells: Sequence[Cell], folder: SuiteFolder, workers: Workers, watcher: Watcher) -> Outcome:
    """Bring all cells to their end."""
    finished = {cell.id for cell in cells if folder.state(cell) == "finished"}
    waiting = [cell for cell in cells if cell.id not in finished]
    attempts: dict[str, int] = {}
    failed: dict[str, str] = {}
    running: dict[Future[None], Cell] = {}
    while True:
        for cell in _ready(waiting, finished, limit=workers.num_slots - len(running)):
            waiting.remove(cell)
            attempts[cell.id] = attempts.get(cell.id, 0) + 1
            watcher.started(cell, attempt=attempts[cell.id])
            running[workers.start(_job(cell, folder))] = cell
        if not running:
            break
        done, _ = wait(running, timeout=_SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
        for future in done:
            cell = running.pop(future)
            error = _error_of(future)
            watcher.ended(cell, error=error)
            if error is None:
                finished.add(cell.id)
            elif attempts[cell.id] < _TRIES:
                waiting.insert(0, cell)
            else:
                failed[cell.id] = error
        watcher.look()
    return Outcome(
        finished=tuple(cell.id for cell in cells if cell.id in finished),
        failed=failed,
        skipped=tuple(cell.id for cell in waiting),
    )


def _ready(waiting: Sequence[Cell], finished: set[str], *, limit: int) -> list[Cell]:
    """Choose what can start now, in the order of the grid."""
    return [cell for cell in waiting if finished.issuperset(cell.waits_for)][: max(0, limit)]


def _job(cell: Cell, folder: SuiteFolder) -> Job:
    return Job(
        cell_id=cell.id,
        is_general=cell.is_general,
        recipe=folder.resolve(cell).to_json(),
        baselines=cell.baselines,
        folder=folder.run(cell).path.resolve(),
        lock=folder.lock(cell.id).resolve(),
        log=folder.log(cell.id).resolve(),
        plugins=given_plugins(),
    )


def _error_of(future: Future[None]) -> str | None:
    """Give the reason of a failure in one line; other errors than `CellFailed` are defects and go on."""
    try:
        future.result()
    except CellFailed as error:
        return str(error)
    return None
