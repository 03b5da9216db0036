"""Read what a run left behind, all of it at once, and refuse what cannot be drawn."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.controls import known_controls
from potstill.errors import RunError
from potstill.files import read_json
from potstill.reporting.courses import Course, read_course
from potstill.reporting.effort import Effort, read_effort
from potstill.results import AttentionMaps, ChosenExamples, Predictions, Results
from potstill.run_folder import RunFolder

_MOST_FILES = 200_000
"""Files and folders in which runs are looked for; a run has some tens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A finished run as its files tell it.

    Attributes:
        folder: The run folder.
        results: What was measured.
        recipe: The resolved recipe, as JSON values.
        environment: Versions, hardware, fingerprints, as JSON values.
        courses: How the trainings went: the student's first, then those of nested runs.
        effort: What the student's training was given; None where the files do not tell.
        predictions: Logits of every model; None for a run of an older version.
        examples: Chosen examples; None for a run of an older version.
        attention: Attention maps; None for a run of an older version, or where none can be captured.
    """

    folder: Path
    results: Results
    recipe: Mapping[str, Any]
    environment: Mapping[str, Any]
    courses: tuple[Course, ...]
    effort: Effort | None
    predictions: Predictions | None
    examples: ChosenExamples | None
    attention: AttentionMaps | None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name


def read_run(path: Path) -> RunRecord:
    """Read a finished run.

    Args:
        path: The run folder.

    Returns:
        Everything a report draws from.

    Raises:
        RunError: There is no such folder, it holds no finished run, or a file in it is damaged.
    """
    folder = RunFolder(path=path)
    _check_finished(folder)
    results = Results.read(folder.results)
    environment = folder.read_environment() or results.environment
    nested = [(control.wording, folder.nested(control.name)) for control in known_controls()]
    own = "student" if results.find("student") else "model"
    trainings = [(own, folder), *((name, other) for name, other in nested if other.events.is_file())]
    return RunRecord(
        folder=path,
        results=results,
        recipe=folder.read_recipe() if folder.recipe.is_file() else {},
        environment=environment,
        courses=tuple(read_course(other, name) for name, other in trainings if other.events.is_file()),
        effort=read_effort(folder),
        predictions=Predictions.read(folder.predictions) if folder.predictions.is_file() else None,
        examples=ChosenExamples.read(folder.examples) if folder.examples.is_file() else None,
        attention=AttentionMaps.read(folder.attention) if folder.attention.is_file() else None,
    )


def find_runs(paths: Sequence[Path]) -> list[Path]:
    """Find the runs that are meant: run folders as they are, and the finished runs inside of other folders.

    Args:
        paths: Run folders, or folders that hold run folders at any depth. What was made on the way for runs, in
            folders `teachers` and `general`, is left out.

    Returns:
        Run folders without repetition, in the order given; those of one folder sorted by path.

    Raises:
        RunError: A path does not exist, or there is no finished run in it.
    """
    found: list[Path] = []
    for path in paths:
        folder = RunFolder(path=path)
        if folder.is_finished or folder.recipe.is_file() or not path.is_dir():
            _check_finished(folder)
            found.append(path)
            continue
        inside = [each for each in sorted(_walk(path)) if _is_run(each, path)]
        if not inside:
            raise RunError(f"'{path}' holds no finished run; give a run folder, or a folder of run folders.")
        found += inside
    return list(dict.fromkeys(found))


def _walk(root: Path) -> Iterator[Path]:
    """Find the folders with results, and refuse a folder that holds much else, such as a whole disk."""
    seen = 0
    for folder, names, files in os.walk(root):
        seen += len(names) + len(files)
        if seen > _MOST_FILES:
            raise RunError(
                f"'{root}' holds more than {_MOST_FILES:,} files, too many to look for runs in; give a folder of runs."
            )
        names[:] = [name for name in names if not name.startswith(".")]
        if "results.json" in files:
            yield Path(folder)


def _is_run(folder: Path, root: Path) -> bool:
    """Say whether a folder with results is meant; those of a general student tell of no models and no task."""
    is_made_for_others = bool({"teachers", "general"} & set(folder.relative_to(root).parts))
    place = RunFolder(path=folder)
    return (
        place.recipe.is_file()
        and not is_made_for_others
        and read_json(place.results, remedy=Results.remedy).get("kind") != "general"
    )


def _check_finished(folder: RunFolder) -> None:
    path = folder.path
    if not path.exists():
        raise RunError(f"run folder '{path}' does not exist; give the folder of a finished run.")
    if not path.is_dir():
        raise RunError(f"'{path}' is a file; give the folder of a finished run.")
    if folder.is_finished:
        return
    if folder.recipe.is_file():
        raise RunError(
            f"the run in '{path}' is not finished; finish it with 'potstill distill {folder.recipe} --resume'."
        )
    raise RunError(f"'{path}' holds no run: it has no results.json; give the folder of a finished run.")
