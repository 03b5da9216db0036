"""The cells of a suite and its folder: what each run is, what it waits for, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from potstill.errors import RunError
from potstill.files import SEAL, make_folder, one_at_a_time, read_json, say_damaged, write_json
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder, tell_difference
from potstill.suites.config import Suite

CellState = Literal["finished", "begun", "missing"]
_TOLD = {"row": str, "task": str, "seed": int, "is_general": bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of a grid.

    Attributes:
        id: Its folder's name.
        row: Its row in tables.
        task: Its column.
        seed: Its seed.
        recipe: What it runs, as it was asked for; the teacher that a cell before it makes is not filled in.
        baselines: Controls beside the student.
        teacher: The cell that makes its teacher; None = it has none, or one that is there already.
        general: The cell that makes the general student it starts from; None = it starts from none.
        is_general: Whether it makes a general student itself: the stages on plain text alone.
    """

    id: str
    row: str
    task: str
    seed: int
    recipe: Recipe
    baselines: tuple[str, ...] = ()
    teacher: str | None = None
    general: str | None = None
    is_general: bool = False

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The cells that must be finished first."""
        return tuple(cell for cell in (self.teacher, self.general) if cell is not None)

    def to_json(self) -> dict[str, Any]:
        """Give what decides the outcome as JSON values."""
        return {
            "row": self.row,
            "task": self.task,
            "seed": self.seed,
            "teacher": self.teacher,
            "general": self.general,
            "is_general": self.is_general,
            "baselines": list(self.baselines),
            "recipe": self.recipe.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFolder:
    """The files of a suite.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def suite(self) -> Path:
        """The suite, all defaults filled in."""
        return self.path / "suite.json"

    @property
    def runs(self) -> Path:
        """Folder of the run folders, one for each cell."""
        return self.path / "runs"

    @property
    def tables(self) -> Path:
        """Folder of the tables."""
        return self.path / "tables"

    @property
    def report(self) -> Path:
        """The page that compares the runs."""
        return self.path / "report.html"

    def run(self, cell: Cell) -> RunFolder:
        """Give the run folder of a cell."""
        return RunFolder(path=self.runs / cell.id)

    def request(self, cell_id: str) -> Path:
        """Give the file that tells what a cell was asked to be."""
        return self.path / "cells" / f"{cell_id}.json"

    def lock(self, cell_id: str) -> Path:
        """Give the file that the process at work on a cell holds."""
        return self.path / "cells" / f"{cell_id}.lock"

    def log(self, cell_id: str) -> Path:
        """Give the log of a cell."""
        return self.path / "logs" / f"{cell_id}.log"

    def state(self, cell: Cell) -> CellState:
        """Say how far a cell is."""
        folder = self.run(cell)
        if folder.is_finished:
            return "finished"
        return "begun" if folder.recipe.is_file() else "missing"

    def resolve(self, cell: Cell) -> Recipe:
        """Fill in the teacher and the general student that other cells made."""
        recipe = cell.recipe
        if cell.teacher is not None:
            model = str((self.runs / cell.teacher).resolve())
            recipe = recipe.model_copy(update={"teacher": recipe.teacher.model_copy(update={"model": model})})
        if cell.general is not None:
            recipe = recipe.model_copy(update={"general": str((self.runs / cell.general).resolve())})
        return recipe

    def open(self, suite: Suite, cells: Sequence[Cell]) -> None:
        """Write what the suite is, and refuse one whose cells were begun with other settings.

        Args:
            suite: The suite.
            cells: Its cells.

        Raises:
            RunError: The folder holds something else, or a cell was begun with other settings.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"'{self.path}' is a file; give a folder for the suite.")
        if self.path.is_dir() and not self.suite.is_file() and any(self.path.iterdir()):
            raise RunError(f"'{self.path}' is not empty and holds no suite; choose another folder with --out.")
        for cell in cells:
            self._check_same(cell)
        for folder in (self.runs, self.path / "cells", self.path / "logs"):
            make_folder(folder)
        with one_at_a_time(self.path / "cells" / ".lock"):
            suite.write(self.suite)
            for cell in cells:
                write_json(self.request(cell.id), cell.to_json(), is_sealed=True)

    def requests(self) -> list[Path]:
        """List what cells were asked to be, a file each."""
        return [path for path in sorted((self.path / "cells").glob("*.json")) if path.name != SEAL]

    def read_request(self, cell_id: str) -> dict[str, Any]:
        """Read what a cell was asked to be.

        Args:
            cell_id: The cell.

        Returns:
            JSON values of the `Cell`.

        Raises:
            RunError: The file is missing or damaged.
        """
        path, remedy = self.request(cell_id), "remove this run and make it again"
        values = read_json(path, remedy=remedy)
        for name, kind in _TOLD.items():
            if not isinstance(values.get(name), kind):
                raise say_damaged(path, f"{name} is {values.get(name)!r}", remedy=remedy)
        return values

    def _check_same(self, cell: Cell) -> None:
        if self.state(cell) == "missing" or not self.request(cell.id).is_file():
            return
        if told := tell_difference(self.read_request(cell.id), cell.to_json()):
            raise RunError(
                f"'{self.run(cell).path}' was made with {told}; give the suite another folder with --out, or "
                "remove this run."
            )
