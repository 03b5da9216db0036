"""Lay a suite out: systems x variants x tasks x seeds, and before them what they share."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from potstill.data import BUNDLED_NAMES, DataConfig, find_known_task
from potstill.errors import RecipeError
from potstill.files import expand_user
from potstill.recipe import Recipe, load_recipe
from potstill.suites.config import Part, Suite, SuiteTask, System, Variant
from potstill.suites.grid import Cell


def plan_cells(suite: Suite) -> tuple[Cell, ...]:
    """List the cells of a suite."""
    makers: dict[str, Cell] = {}
    students: list[Cell] = []
    for task in suite.tasks:
        for seed, (system, variant) in product(suite.seeds, _rows(suite)):
            request = _Request(suite=suite, system=system, variant=variant, task=task, seed=seed)
            recipe = request.load()
            general = _general_cell(request) if recipe.corpus_stages and recipe.general is None else None
            teacher = _teacher_cell(request) if _lacks_teacher(recipe) else None
            for maker in (general, teacher):
                if maker is not None:
                    makers.setdefault(maker.id, maker)
            students.append(
                Cell(
                    id=".".join(map(_slug, (request.row, task.name, str(seed)))),
                    row=request.row,
                    task=task.name,
                    seed=seed,
                    recipe=recipe,
                    baselines=suite.baselines,
                    teacher=None if teacher is None else teacher.id,
                    general=None if general is None else general.id,
                )
            )
    cells = (*makers.values(), *students)
    _check_distinct(cells)
    _check_varied(suite, cells)
    return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What a row asks for on a task, with a seed."""

    suite: Suite
    system: System
    variant: Variant | None
    task: SuiteTask
    seed: int

    @property
    def row(self) -> str:
        return _row_name(self.suite, self.system, self.variant)

    def draw(self, part: Part, *, fixed: int = 0) -> int:
        """Give the seed of a part of the run."""
        return self.seed if part in self.suite.vary else fixed

    def load(self) -> Recipe:
        """Load the recipe with the seeds of the student and of the new texts."""
        recipe = self.load_with(seed=self.draw("student"))
        if recipe.augmentation is None or "augmentation" not in self.suite.vary:
            return recipe
        drawn = recipe.augmentation.model_copy(update={"seed": self.seed})
        return recipe.model_copy(update={"augmentation": drawn})

    def load_with(self, **fields: object) -> Recipe:
        """Load the recipe with all changes, from the widest to the narrowest."""
        suite, system, variant, task = self.suite, self.system, self.variant, self.task
        changes = [*suite.set, *task.set, *system.set, *system.per_task.get(task.name, ())]
        ablations = [*system.ablation, *system.ablation_per_task.get(task.name, ())]
        where = f"systems.{system.name}"
        if variant is not None:
            changes += variant.set
            ablations += variant.ablation
            where += f", variants.{variant.name}"
        answers = None if task.answers is None else _absolute(task.answers)
        given = {"teacher.model": task.teacher, "teacher.answers": answers, "teacher.base": suite.teacher.base}
        known = {path: value for path, value in given.items() if value is not None}
        values = {**_data_fields(suite, task), **known, **fields}
        return _load(system.recipe, ablations, changes, values, where=f"{where}, {task.name}")


def _lacks_teacher(recipe: Recipe) -> bool:
    """Say whether a recipe's stages on the task need a fine-tuned teacher that is not named."""
    stages = [stage for stage in recipe.stages if stage.data != "corpus"]
    follows = any(objective.needs_teacher for stage in stages for objective in stage.objectives)
    is_given = recipe.teacher.names or recipe.teacher.answers is not None
    return (follows or recipe.start_from == "teacher") and not is_given


def _general_cell(request: _Request) -> Cell:
    """Make the cell of the general student; rows whose stages on plain text are equal share one."""
    if not request.suite.corpus:
        raise RecipeError(
            f"systems.{request.system.name}: recipe '{request.system.recipe}' reads plain text and the suite has none; "
            "pass --corpus with text files, or set 'general' of the recipe to a student made by 'potstill pretrain'."
        )
    paths = [_absolute(path) for path in request.suite.corpus]
    seed = request.draw("general")
    recipe = request.load_with(seed=seed, **{"data.corpus.paths": paths})
    made_of = recipe.to_json()
    identity = [
        made_of["student"],
        made_of["data"]["corpus"],
        [stage.model_dump(mode="json") for stage in recipe.corpus_stages],
    ]
    key = hashlib.sha256(json.dumps([*identity, recipe.teacher.base], sort_keys=True).encode()).hexdigest()[:8]
    corpus_part = recipe.model_copy(
        update={
            "stages": recipe.corpus_stages,
            "augmentation": None,
            "data": DataConfig(corpus=recipe.data.corpus),
        }
    )
    return Cell(
        id=f"general.{_slug(recipe.name)}-{key}" + _suffix(request, "general"),
        row="general",
        task="plain text",
        seed=seed,
        recipe=corpus_part,
        is_general=True,
    )


def row_names(suite: Suite) -> tuple[str, ...]:
    """Name the rows of a suite, from top to bottom, without the teacher's."""
    return tuple(_row_name(suite, system, variant) for system, variant in _rows(suite))


def _rows(suite: Suite) -> Iterator[tuple[System, Variant | None]]:
    yield from product(suite.systems, suite.variants or (None,))


def _row_name(suite: Suite, system: System, variant: Variant | None) -> str:
    if variant is None:
        return system.name
    return variant.name if len(suite.systems) == 1 else f"{system.name}, {variant.name}"


def _teacher_cell(request: _Request) -> Cell:
    suite, task = request.suite, request.task
    teacher, seed = suite.teacher, request.draw("teacher", fixed=suite.teacher.seed)
    if teacher.base is None:
        raise RecipeError(
            f"teacher.base: suite '{suite.name}' needs a teacher for task '{task.name}' and has none; pass "
            "--teacher-base with the encoder to fine-tune, or set 'teacher' of the task."
        )
    fields = {**_data_fields(suite, task), "seed": seed, "teacher.base": teacher.base}
    changes = [change for change in (*suite.set, *task.set) if change.startswith(("data.", "precision="))]
    changes += teacher.set
    recipe = _load(teacher.recipe, [], changes, fields, where=f"teacher, {task.name}")
    name = f"teacher.{_slug(task.name)}" + _suffix(request, "teacher")
    return Cell(id=name, row=suite.teacher_row, task=task.name, seed=seed, recipe=recipe)


def _suffix(request: _Request, part: Part) -> str:
    """Tell what each seed makes of its own apart by the seed."""
    return f".{request.seed}" if part in request.suite.vary else ""


def _data_fields(suite: Suite, task: SuiteTask) -> dict[str, Any]:
    """Say where a task's data lies, so that every process finds it."""
    is_bundled = task.name in BUNDLED_NAMES
    known = task.name if is_bundled else find_known_task(task.name)
    fields: dict[str, Any] = {} if known is None else {"data.task": known}
    path = task.data or (None if is_bundled else suite.data)
    if path is not None:
        fields["data.path"] = _absolute(path)
    return fields


def _absolute(path: str) -> str:
    """Name a file or folder so that every process finds it; leave the name of a data set as it is."""
    place = expand_user(path)
    return str(place.resolve()) if place.exists() else path


def _load(name: str, ablations: Sequence[str], changes: Sequence[str], fields: dict[str, Any], *, where: str) -> Recipe:
    try:
        return load_recipe(name, overrides=changes, ablations=ablations, fields=fields)
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


def _check_varied(suite: Suite, cells: Sequence[Cell]) -> None:
    """Refuse a part that no seed would draw anew, so that nobody takes its spread for measured."""
    students = [cell for cell in cells if cell.row in row_names(suite)]
    made_elsewhere = {
        "teacher": [f"task '{task.name}' has a teacher of its own" for task in suite.tasks if task.has_teacher],
        "general": [f"'{cell.row}' starts from '{cell.recipe.general}'" for cell in students if cell.recipe.general],
    }
    makers = {
        "student": students,
        "teacher": [cell for cell in students if cell.teacher is not None],
        "general": [cell for cell in students if cell.general is not None],
        "augmentation": [cell for cell in students if cell.recipe.augmentation is not None],
    }
    for part in suite.vary:
        for reason in made_elsewhere.get(part, ()):
            raise RecipeError(f"vary: no seed draws the {part} anew: {reason}; leave '{part}' out of 'vary'.")
        if not makers[part]:
            raise RecipeError(f"vary: no run of suite '{suite.name}' has a part '{part}' to draw; leave it out.")
