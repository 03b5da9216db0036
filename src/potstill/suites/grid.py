"""The cells of a suite: which runs there are, what each waits for, and how far it is."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from potstill.data import BUNDLED_NAMES, find_known_task
from potstill.errors import RecipeError, RunError
from potstill.files import write_json
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder, first_difference
from potstill.suites.config import Suite, SuiteTask, System, Variant

__all__ = ["Cell", "CellState", "SuiteFolder", "plan_cells", "row_names"]

CellState = Literal["finished", "begun", "missing"]


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
    """

    id: str
    row: str
    task: str
    seed: int
    recipe: Recipe
    baselines: tuple[str, ...] = ()
    teacher: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give what decides the outcome as JSON values."""
        return {
            "row": self.row,
            "task": self.task,
            "seed": self.seed,
            "teacher": self.teacher,
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
        """Fill in the teacher that another cell made."""
        if cell.teacher is None:
            return cell.recipe
        teacher = cell.recipe.teacher.model_copy(update={"model": str((self.runs / cell.teacher).resolve())})
        return cell.recipe.model_copy(update={"teacher": teacher})

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
            folder.mkdir(parents=True, exist_ok=True)
        write_json(self.suite, suite.model_dump(mode="json"))
        for cell in cells:
            write_json(self.request(cell.id), cell.to_json())

    def _check_same(self, cell: Cell) -> None:
        if self.state(cell) == "missing" or not self.request(cell.id).is_file():
            return
        begun = json.loads(self.request(cell.id).read_text(encoding="utf-8"))
        if field := first_difference(begun, cell.to_json(), ""):
            raise RunError(
                f"'{self.run(cell).path}' was made with another {field}; give the suite another folder with --out, or "
                "remove this run."
            )


def plan_cells(suite: Suite) -> tuple[Cell, ...]:
    """List the cells of a suite.

    Args:
        suite: The suite.

    Returns:
        The cells that make teachers, then the students', task by task, so that a task can be looked at early.

    Raises:
        RecipeError: A recipe does not exist or a change does not fit; the system is named.
    """
    teachers: dict[str, Cell] = {}
    students: list[Cell] = []
    for task in suite.tasks:
        for seed, (system, variant) in product(suite.seeds, _rows(suite)):
            recipe = _student_recipe(suite, system, variant, task, seed)
            needs_teacher = recipe.needs_teacher or recipe.start_from == "teacher"
            maker = None
            if needs_teacher and recipe.teacher.model is None and not getattr(recipe.teacher, "models", ()):
                maker = teachers.setdefault(task.name, _teacher_cell(suite, task))
            students.append(
                Cell(
                    id=".".join(map(_slug, (_row_name(suite, system, variant), task.name, str(seed)))),
                    row=_row_name(suite, system, variant),
                    task=task.name,
                    seed=seed,
                    recipe=recipe,
                    baselines=suite.baselines,
                    teacher=None if maker is None else maker.id,
                )
            )
    cells = (*teachers.values(), *students)
    _check_distinct(cells)
    return cells


def row_names(suite: Suite) -> tuple[str, ...]:
    """Name the rows of a suite, from top to bottom, without the teacher's."""
    return tuple(_row_name(suite, system, variant) for system, variant in _rows(suite))


def _rows(suite: Suite) -> Iterator[tuple[System, Variant | None]]:
    yield from product(suite.systems, suite.variants or (None,))


def _row_name(suite: Suite, system: System, variant: Variant | None) -> str:
    if variant is None:
        return system.name
    return variant.name if len(suite.systems) == 1 else f"{system.name}, {variant.name}"


def _student_recipe(suite: Suite, system: System, variant: Variant | None, task: SuiteTask, seed: int) -> Recipe:
    changes = [*suite.set, *task.set, *system.set, *system.per_task.get(task.name, ())]
    ablations = [system.ablation] if system.ablation else []
    if variant is not None:
        changes += variant.set
        ablations += [variant.ablation] if variant.ablation else []
    fields = {**_data_fields(suite, task), "seed": seed}
    if task.teacher is not None:
        fields["teacher.model"] = task.teacher
    if suite.teacher.base is not None:
        fields["teacher.base"] = suite.teacher.base
    where = f"systems.{system.name}" + (f", variants.{variant.name}" if variant else "") + f", {task.name}"
    return _load(system.recipe, ablations, changes, fields, where=where)


def _teacher_cell(suite: Suite, task: SuiteTask) -> Cell:
    teacher = suite.teacher
    if teacher.base is None:
        raise RecipeError(
            f"teacher.base: suite '{suite.name}' needs a teacher for task '{task.name}' and has none; pass "
            "--teacher-base with the encoder to fine-tune, or set 'teacher' of the task."
        )
    fields = {**_data_fields(suite, task), "seed": teacher.seed, "teacher.base": teacher.base}
    changes = [change for change in (*suite.set, *task.set) if change.startswith(("data.", "precision="))]
    changes += teacher.set
    recipe = _load(teacher.recipe, [], changes, fields, where=f"teacher, {task.name}")
    return Cell(id=f"teacher.{_slug(task.name)}", row=teacher.name, task=task.name, seed=teacher.seed, recipe=recipe)


def _data_fields(suite: Suite, task: SuiteTask) -> dict[str, Any]:
    """Say where a task's data lies, so that every process finds it."""
    is_bundled = task.name in BUNDLED_NAMES
    known = task.name if is_bundled else find_known_task(task.name)
    fields: dict[str, Any] = {} if known is None else {"data.task": known}
    path = task.data or (None if is_bundled else suite.data)
    if path is not None:
        place = Path(path).expanduser()
        fields["data.path"] = str(place.resolve()) if place.exists() else path
    return fields


def _load(name: str, ablations: Sequence[str], changes: Sequence[str], fields: dict[str, Any], *, where: str) -> Recipe:
    try:
        return load_recipe(name, overrides=changes, fields=fields)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from None


def _slug(text: str) -> str:
    """Write a name as a part of a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-") or "x"


def _check_distinct(cells: Sequence[Cell]) -> None:
    seen: dict[str, Cell] = {}
    for cell in cells:
        if cell.id in seen:
            raise RecipeError(
                f"'{seen[cell.id].row}' and '{cell.row}' would both lie in '{cell.id}'; name them more differently."
            )
        seen[cell.id] = cell
