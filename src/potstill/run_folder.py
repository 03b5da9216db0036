"""The run folder: what lies where, and when it may be written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.errors import RunError
from potstill.files import LOCK, SEAL, follow_link, read_json, read_json_lines

_REMEDY = "bring it back, or run it anew in another folder"
_BEFORE = frozenset({LOCK, SEAL, "begun.json", "environment.json"})
"""What may lie in the folder of a run that was stopped before it was begun."""
_SHOWN = 60
"""Most characters of a value that a message repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """The files of one run.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.json"

    @property
    def environment(self) -> Path:
        """Versions, hardware, fingerprints."""
        return self.path / "environment.json"

    @property
    def begun(self) -> Path:
        """What a run was begun with, by content; a resumed run is held against it."""
        return self.path / "begun.json"

    @property
    def events(self) -> Path:
        """One line per logged step and evaluation."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def store(self) -> Path:
        """Folder of stored teacher outputs, beside the run, so that later runs find them."""
        return self.path.parent / "store"

    @property
    def teachers(self) -> Path:
        """Folder of teachers that were fine-tuned for a run, beside it, so that later runs find them."""
        return self.path.parent / "teachers"

    @property
    def general(self) -> Path:
        """Folder of general students that were made for a run, beside it, so that later runs find them."""
        return self.path.parent / "general"

    @property
    def given(self) -> Path:
        """Folder of data and models that a program had in memory, beside the run, so that it can be repeated."""
        return self.path.parent / "given"

    @property
    def student(self) -> Path:
        """The trained model, a `save_pretrained` folder; it exists only once training is finished."""
        return self.path / "student"

    @property
    def trust(self) -> Path:
        """On which of its answers the student can be believed; absent where nothing could be measured."""
        return self.student / "trust.json"

    @property
    def trust_texts(self) -> Path:
        """The texts that this was measured on, for the files of an export; absent where there were none."""
        return self.path / "trust-texts.json"

    @property
    def projections(self) -> Path:
        """Training-only weights of the last stage's objectives, where it has any; a later run may go on with them."""
        return self.path / "projections.safetensors"

    @property
    def states(self) -> Path:
        """For each stage that reads a teacher's layers, whether they were stored; a resumed run does the same."""
        return self.path / "states.json"

    @property
    def results(self) -> Path:
        """Metrics, fidelity, sizes; it exists only once the run is finished."""
        return self.path / "results.json"

    @property
    def predictions(self) -> Path:
        """Logits of every model on the development set, a safetensors file."""
        return self.path / "predictions.safetensors"

    @property
    def examples(self) -> Path:
        """The few examples that the report shows, with their text."""
        return self.path / "examples.json"

    @property
    def attention(self) -> Path:
        """Attention maps over a few short texts; absent where no model's attention can be captured."""
        return self.path / "attention.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.results.is_file()

    @property
    def is_bare(self) -> bool:
        """Whether nothing is there, or only what a run left that was stopped before it was begun."""
        return not self.path.exists() or (self.path.is_dir() and {path.name for path in self.path.iterdir()} <= _BEFORE)

    def nested(self, name: str) -> "RunFolder":
        """Give the folder of a run that belongs to this one, such as a baseline."""
        return RunFolder(path=self.path / name)

    def read_recipe(self) -> dict[str, Any]:
        """Read the resolved recipe.

        Returns:
            Its JSON values.

        Raises:
            RunError: The file is missing or damaged.
        """
        return read_json(self.recipe, remedy=_REMEDY)

    def read_environment(self) -> dict[str, Any]:
        """Read versions, hardware and fingerprints.

        Returns:
            JSON values by name; empty where a run has none.

        Raises:
            RunError: The file is damaged.
        """
        return read_json(self.environment, remedy=_REMEDY) if self.environment.is_file() else {}

    def read_begun(self) -> dict[str, Any]:
        """Read what a run was begun with.

        Returns:
            JSON values by name; empty where a run has none.

        Raises:
            RunError: The file is damaged.
        """
        return read_json(self.begun, remedy=_REMEDY) if self.begun.is_file() else {}

    def read_events(self) -> list[dict[str, Any]]:
        """Read what happened in the training.

        Returns:
            JSON values of each event, the oldest first; empty where none was written.

        Raises:
            RunError: The file is damaged.
        """
        return read_json_lines(self.events, remedy=_REMEDY) if self.events.is_file() else []

    def check_writable(self, *, resume: bool) -> None:
        """Refuse to write over another run, or to resume where nothing is.

        Args:
            resume: Whether the run is to be taken up.

        Raises:
            RunError: The folder holds a run and `resume` is off, it holds something else, or there is nothing to
                resume.
        """
        follow_link(self.path)
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"'{self.path}' is a file; give a folder for the run.")
        if resume and not self.recipe.is_file():
            raise RunError(f"nothing to resume in '{self.path}': it has no recipe.json; run it without --resume.")
        if resume or self.is_bare:
            return
        if self.recipe.is_file():
            state = "a finished run" if self.is_finished else "an unfinished run; take it up with --resume"
            raise RunError(f"'{self.path}' already holds {state}; choose another folder with --out.")
        raise RunError(f"'{self.path}' is not empty and holds no run; choose another folder with --out.")


def tell_difference(begun: object, now: object, path: str = "") -> str | None:
    """Tell the first field in which two JSON values differ, and both values.

    Args:
        begun: One value.
        now: The other.
        path: Where they stand, put before the field; of a list the members are called by their `name`.

    Returns:
        `seed = 0, and 5 is asked for`, or None where they are equal.
    """
    if isinstance(begun, Mapping) and isinstance(now, Mapping):
        pairs = [(key, begun.get(key), now.get(key)) for key in sorted(begun.keys() | now.keys())]
    elif isinstance(begun, list | tuple) and isinstance(now, list | tuple) and len(begun) == len(now):
        pairs = [(_call(one, number), one, other) for number, (one, other) in enumerate(zip(begun, now, strict=True))]
    else:
        return None if begun == now else f"{path or 'recipe'} = {_write(begun)}, and {_write(now)} is asked for"
    found = (tell_difference(one, other, f"{path}.{key}" if path else key) for key, one, other in pairs)
    return next((each for each in found if each is not None), None)


def _call(item: object, number: int) -> str:
    return str(item["name"]) if isinstance(item, Mapping) and "name" in item else str(number)


def _write(value: object) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."
