"""What the runs of a folder measured, by row, column and seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.controls import control_of
from potstill.errors import RunError
from potstill.files import read_json
from potstill.reporting import Effort, find_runs, group_runs, read_effort, read_run
from potstill.results import ModelResult, Results
from potstill.run_folder import RunFolder
from potstill.suites.config import Part, Suite
from potstill.suites.grid import SuiteFolder
from potstill.suites.planning import row_names

TEST = "test"
"""What the test set is called among a model's splits, whatever its file is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One model of one run.

    Attributes:
        row: The row it belongs to.
        task: The task.
        seed: The seed of its training.
        result: What was measured.
        shape: The config of the student, as its folder has it; empty where it is not there.
        teacher: What was measured of the teacher beside it, if there was one; a teacher is its own.
        effort: What its training was given; None for a teacher of a student's run, or where the files do not tell.
    """

    row: str
    task: str
    seed: int
    result: ModelResult
    shape: Mapping[str, Any] = field(default_factory=dict)
    teacher: ModelResult | None = None
    effort: Effort | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSheet:
    """What was measured, and of what.

    Attributes:
        models: Every model of every finished run.
        primary: The primary metric of each task, in the order in which the tasks came.
        examples: Training examples of each task, as far as the runs tell.
        suite: The suite that the runs belong to, if any.
        parts: What the runs have that a seed can draw.
        choosers: Which examples chose weights: `dev`, which are measured on, or a part of `train`.
        num_missing: Runs of the suite that are not finished.
    """

    models: tuple[Measured, ...]
    primary: Mapping[str, str]
    examples: Mapping[str, int] = field(default_factory=dict)
    suite: Suite | None = None
    parts: frozenset[Part] = frozenset()
    choosers: frozenset[str] = frozenset()
    num_missing: int = 0

    @property
    def tested(self) -> frozenset[str]:
        """The tasks of which every model was measured on a test set; its figures are to be quoted then."""
        without = {model.task for model in self.models if TEST not in model.result.other_splits}
        return frozenset(self.primary) - without

    @property
    def rows(self) -> tuple[str, ...]:
        """Row names, each once, in the order in which they came."""
        return tuple(dict.fromkeys(model.row for model in self.models))

    def find(self, row: str, task: str | None = None) -> tuple[Measured, ...]:
        """Find the models of a row, of one task or of all, by seed."""
        found = [model for model in self.models if model.row == row and task in (None, model.task)]
        return tuple(sorted(found, key=lambda model: model.seed))


def read_scores(path: Path) -> ScoreSheet:
    """Read the results of a suite, of a run, or of the runs in a folder.

    Args:
        path: A suite's folder, a run folder, or a folder of run folders.

    Returns:
        What was measured.

    Raises:
        RunError: There is no finished run, or a file in it is damaged.
    """
    if not path.is_dir():
        raise RunError(f"'{path}' is not a folder; give the folder of a suite or of runs.")
    place = SuiteFolder(path=path)
    suite = Suite.read(place.suite) if place.suite.is_file() else None
    runs = list(_suite_runs(place, suite) if suite is not None else _plain_runs(path))
    finished = [(row, task, seed, run) for row, task, seed, run in runs if run.is_finished]
    if not finished:
        raise RunError(f"'{path}' holds no finished run; a run is finished when it has a results.json.")
    teacher_name = suite.teacher_row if suite is not None else "teacher"
    models: list[tuple[str, Measured]] = []
    primary: dict[str, str] = {}
    examples: dict[str, int] = {}
    parts, choosers = set[Part](), set[str]()
    for row, task, seed, run in finished:
        results = Results.read(run.results)
        primary.setdefault(task, results.primary_metric)
        if (number := _num_train_examples(run)) is not None:
            examples[task] = max(number, examples.get(task, 0))
        first = Measured(row=row, task=task, seed=seed, result=results.models[0])
        models += [(row, model) for model in _models_of(results, first, run, teacher_name)]
        parts |= _parts_of(results, run)
        choosers.add(_chooser_of(run))
    return ScoreSheet(
        models=tuple(_once(models, are_seeds=suite is not None)),
        primary=primary,
        examples=examples,
        suite=suite,
        parts=frozenset(parts),
        choosers=frozenset(choosers),
        num_missing=len(runs) - len(finished),
    )


def _models_of(results: Results, place: Measured, run: RunFolder, teacher_name: str) -> Iterator[Measured]:
    """Say which row each model of a run belongs to; the teacher's comes first."""
    teacher = results.find("teacher")
    for result in (_with_test(model, results) for model in results.models):
        if result.role == "teacher":
            yield replace(place, row=teacher_name, seed=0, result=result, teacher=result)
        elif (control := control_of(result.role)) is not None:
            name, effort = f"{place.row}, {control.wording}", read_effort(run.nested(control.name))
            yield replace(place, row=name, result=result, teacher=teacher, effort=effort)
        else:
            config = run.student / "config.json"
            shape = read_json(config, remedy="remove this run and make it again") if config.is_file() else {}
            beside = result if place.row == teacher_name else teacher
            yield replace(place, result=result, shape=shape, teacher=beside, effort=read_effort(run))


def _with_test(model: ModelResult, results: Results) -> ModelResult:
    """Put the metrics on the test set, where there is one, among those on further splits."""
    tested = None if results.test is None else results.test.find(model.role)
    others = {} if tested is None else {TEST: tested.metrics}
    return model.model_copy(update={"other_splits": {**model.other_splits, **others}})


def _parts_of(results: Results, run: RunFolder) -> set[Part]:
    """Say which parts of a run a seed can draw."""
    recipe = run.read_recipe() if run.recipe.is_file() else {}
    has: dict[Part, bool] = {
        "student": True,
        "teacher": results.find("teacher") is not None,
        "general": recipe.get("general") is not None,
        "augmentation": recipe.get("augmentation") is not None,
    }
    return {part for part, is_there in has.items() if is_there}


def _chooser_of(run: RunFolder) -> str:
    """Say on which examples a run's weights were chosen."""
    data = run.read_recipe().get("data") if run.recipe.is_file() else None
    return str(data.get("select_on", "dev")) if isinstance(data, dict) else "dev"


def _once(models: Sequence[tuple[str, Measured]], *, are_seeds: bool) -> Iterator[Measured]:
    """Keep each teacher once, however many runs tell of it."""
    made_here = {(model.row, model.task) for _, model in models if model.result.role != "teacher"}
    teachers: dict[tuple[str, str], dict[str, dict[str, Measured]]] = {}
    for teller, model in models:
        place = (model.row, model.task)
        if model.result.role != "teacher":
            yield model
        elif place not in made_here:
            by_teller = teachers.setdefault(place, {})
            identity = f"{model.result.name} {model.result.metrics}"
            by_teller.setdefault("" if are_seeds else teller, {}).setdefault(identity, model)
    for by_teller in teachers.values():
        widest = max(by_teller.values(), key=len)
        is_one_row = all(each.keys() <= widest.keys() for each in by_teller.values())
        for teller, each in {"": widest}.items() if is_one_row else by_teller.items():
            for seed, model in enumerate(each.values()):
                yield replace(model, row=f"{model.row} of {teller}" if teller else model.row, seed=seed)


def _suite_runs(place: SuiteFolder, suite: Suite) -> Iterator[tuple[str, str, int, RunFolder]]:
    """List the cells that were begun: teachers first, then in the order of the suite."""
    rows, tasks = [suite.teacher_row, *row_names(suite)], [task.name for task in suite.tasks]
    requests = {file.stem: place.read_request(file.stem) for file in place.requests()}
    cells = {cell_id: values for cell_id, values in requests.items() if not values["is_general"]}

    def order(cell_id: str) -> tuple[int, int, int, str]:
        row, task, seed = (cells[cell_id][key] for key in ("row", "task", "seed"))
        return (
            rows.index(row) if row in rows else len(rows),
            tasks.index(task) if task in tasks else len(tasks),
            seed,
            cell_id,
        )

    for cell_id in sorted(cells, key=order):
        values = cells[cell_id]
        yield values["row"], values["task"], values["seed"], RunFolder(path=place.runs / cell_id)


def _plain_runs(path: Path) -> Iterator[tuple[str, str, int, RunFolder]]:
    """Find runs at any depth; those that differ in nothing but their seed make a row."""
    for group in group_runs([read_run(folder) for folder in find_runs([path])]):
        for run in group.runs:
            yield group.name, group.task, run.recipe["seed"], RunFolder(path=run.folder)


def _num_train_examples(run: RunFolder) -> int | None:
    number = run.read_environment().get("num_train_examples")
    return number if isinstance(number, int) else None
