"""A recipe: the rooms' configs side by side; load one by name or file, override fields, save it resolved."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from potstill.config import Config
from potstill.data import DataConfig
from potstill.errors import RecipeError, did_you_mean
from potstill.students import AnyStudentConfig
from potstill.teachers import TeacherConfig
from potstill.training import CheckpointConfig, StageConfig, TrackingConfig

__all__ = ["Recipe", "load_recipe", "override_fields", "read_shipped_recipe", "shipped_recipes"]


class Recipe(Config):
    """Everything that decides the outcome of a run, but the folder it goes to."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Names the method in reports."""
    description: str
    """One line for `potstill recipes`."""
    paper: str | None = None
    """Where the method was published."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seeds the student's start, the order of the examples and dropout."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; `auto` takes bf16 where the machine has instructions for it."""
    start_from: Literal["teacher", "base"] = "teacher"
    """The encoder that a student is started from: the fine-tuned teacher or the pre-trained `teacher.base`."""
    data: DataConfig = DataConfig()
    """What the task is and where its examples lie."""
    teacher: TeacherConfig = TeacherConfig()
    """Whom the student follows."""
    student: AnyStudentConfig
    """What is trained."""
    general: str | None = None
    """A student that has been through the stages on a corpus: its folder or run folder. These stages are then left out
    and the others start from it."""
    stages: tuple[StageConfig, ...] = Field(min_length=1)
    """How, one stage after another."""
    checkpoints: CheckpointConfig = CheckpointConfig()
    """When the run is saved."""
    tracking: TrackingConfig = TrackingConfig()
    """Where its figures go."""

    @model_validator(mode="after")
    def _has_distinct_stages(self) -> "Recipe":
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError(f"stages: two stages have the same name ({', '.join(names)}); name each differently")
        return self

    @model_validator(mode="after")
    def _begins_with_its_corpus_stages(self) -> "Recipe":
        for earlier, later in pairwise(self.stages):
            if earlier.data == "task" and later.data == "corpus":
                raise ValueError(
                    f"stages: '{later.name}' with data = 'corpus' comes after '{earlier.name}', which reads the task; "
                    "put the stages on a corpus first"
                )
        return self

    @model_validator(mode="after")
    def _uses_its_corpus(self) -> "Recipe":
        paths = self.data.corpus.paths
        if not self.corpus_stages:
            if paths:
                raise ValueError(
                    f"data.corpus: recipe '{self.name}' has no stage that reads plain text; leave the corpus out, or "
                    "choose a recipe with stages on a corpus"
                )
            if self.general is not None:
                raise ValueError(
                    f"general: recipe '{self.name}' has no stages on a corpus that a general student could stand for; "
                    "set student.init.kind = 'checkpoint' and student.init.path instead"
                )
        if paths and self.general is not None:
            raise ValueError("general: a general student takes the place of the corpus; give one of the two")
        copies = getattr(getattr(self.student, "init", None), "vocabulary_transform", False)
        if copies and not any(objective.reads_vocabulary for stage in self.stages for objective in stage.objectives):
            raise ValueError("student.init.vocabulary_transform: no stage predicts tokens; leave it out")
        return self

    @property
    def corpus_stages(self) -> tuple[StageConfig, ...]:
        """The stages that read plain text; they come first."""
        return tuple(stage for stage in self.stages if stage.data == "corpus")

    @property
    def needs_teacher(self) -> bool:
        """Whether any objective follows a teacher."""
        return any(objective.needs_teacher for stage in self.stages for objective in stage.objectives)

    def for_task(self, kind: Literal["classification", "regression"]) -> "Recipe":
        """Leave out the objectives that are for the other kind of task.

        Args:
            kind: The task's kind.

        Returns:
            The recipe, as it will run.

        Raises:
            RecipeError: A stage has no objective left.
        """
        stages = []
        for stage in self.stages:
            kept = tuple(objective for objective in stage.objectives if objective.when in ("always", kind))
            if not kept:
                raise RecipeError(
                    f"stages.{stage.name}.objectives: none is for a {kind} task; add one whose 'when' fits."
                )
            stages.append(stage.model_copy(update={"objectives": kept}))
        return self.model_copy(update={"stages": tuple(stages)})

    def with_precision(self, precision: Literal["fp32", "bf16"]) -> "Recipe":
        """Fill in what `precision = "auto"` stands for on this machine."""
        return self.model_copy(update={"precision": precision})

    def without_teacher(self) -> "Recipe":
        """Make the control: the same student, start, data and schedule, learning from the labels alone.

        Returns:
            The recipe with `hard_labels` as the only objective of every stage, so that the number of steps is equal.
        """
        values = self.model_dump(mode="json")
        for stage in values["stages"]:
            stage["objectives"] = [{"kind": "hard_labels"}]
        return Recipe.parse(values)

    def with_random_start(self) -> "Recipe":
        """Make the control whose student starts at random.

        Returns:
            The recipe with the same student from random weights.

        Raises:
            RecipeError: The student has no start that could be changed.
        """
        return self.model_copy(update={"student": self.student.with_random_start()})

    def to_json(self) -> dict[str, Any]:
        """Give the resolved recipe, all defaults filled in, as JSON values."""
        return self.model_dump(mode="json")


def shipped_recipes() -> tuple[str, ...]:
    """List the names of the recipes that come with Potstill, sorted."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _folder().iterdir() if path.name.endswith(".toml")))


def read_shipped_recipe(name: str) -> str:
    """Read a shipped recipe as text, comments and all.

    Args:
        name: A name from `shipped_recipes`.

    Returns:
        TOML.

    Raises:
        RecipeError: There is no such recipe.
    """
    if name not in shipped_recipes():
        raise RecipeError(f"recipe '{name}' does not exist.{did_you_mean(name, shipped_recipes())}")
    text: str = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return text


def load_recipe(name: str, *, overrides: Sequence[str] = (), fields: Mapping[str, Any] | None = None) -> Recipe:
    """Load a recipe and change fields of it.

    Args:
        name: A shipped recipe's name, or a .toml or .json file (such as the `recipe.json` of a run).
        overrides: `path=value` texts; the value is TOML (a bare word is a string, `none` is null). Items of a
            list are named by position, by their `name` or by their `kind`: `stages.distil.epochs=2`,
            `stages.0.objectives.soft_labels.temperature=4`. Another `kind` drops the fields of the one before.
        fields: Values by path, laid over the recipe before the overrides.

    Returns:
        The checked recipe.

    Raises:
        RecipeError: The recipe does not exist, is not TOML or JSON, or a field is wrong.
    """
    values = _read(name)
    for path, value in (fields or {}).items():
        _set(values, path, value)
    override_fields(values, overrides)
    return Recipe.parse(values)


def override_fields(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Change fields of plain values in place.

    Args:
        values: Fields by name, as read from TOML or JSON.
        overrides: As for `load_recipe`.

    Raises:
        RecipeError: An override is not written as path=value, or names an item of a list that is not there.
    """
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path.strip():
            raise RecipeError(f"--set {override}: write it as path=value, such as --set seed=1.")
        _set(values, path.strip(), _parse_value(text.strip()))


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable
    return files("potstill") / "recipes"


def _read(name: str) -> dict[str, Any]:
    path = Path(name)
    is_file = path.suffix in (".toml", ".json")
    if is_file and not path.is_file():
        raise RecipeError(f"recipe file '{name}' does not exist.")
    text = path.read_text(encoding="utf-8") if is_file else read_shipped_recipe(name)
    try:
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise RecipeError(f"recipe '{name}' is not valid {path.suffix[1:].upper() or 'TOML'}: {error}.") from None
    if not isinstance(values, dict):
        raise RecipeError(f"recipe '{name}' holds a {type(values).__name__}, not a table of fields.")
    return values


def _parse_value(text: str) -> Any:  # noqa: ANN401 - any TOML value
    if text.lower() in ("none", "null"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _set(values: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - any TOML value
    """Set one field; tables on the way that the recipe leaves to their defaults are made."""
    holder: Any = values
    parts = path.split(".")
    for done, part in enumerate(parts):
        is_last = done == len(parts) - 1
        key: str | int = _position(holder, part, ".".join(parts[: done + 1])) if isinstance(holder, list) else part
        if is_last:
            if key == "kind" and holder.get("kind") != value:
                holder.clear()  # another kind has other fields
            holder[key] = value
        elif isinstance(holder, list):
            holder = holder[int(key)]
        else:
            if holder.get(key) is None:
                holder[key] = {}
            holder = holder[key]
        if not is_last and not isinstance(holder, dict | list):
            raise RecipeError(f"{path}: '{'.'.join(parts[: done + 1])}' is a single value and has no fields.")


def _position(items: list[Any], part: str, path: str) -> int:
    """Find the item of a list that a part of a path names."""
    if part.isdigit() and int(part) < len(items):
        return int(part)
    names = list(_names(items))
    for position, names_of_item in enumerate(names):
        if part in names_of_item:
            return position
    known = [name for names_of_item in names for name in names_of_item]
    raise RecipeError(f"{path}: the list has no item '{part}' (0 .. {len(items) - 1}).{did_you_mean(part, known)}")


def _names(items: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    for item in items:
        yield tuple(item[key] for key in ("name", "kind") if key in item) if isinstance(item, dict) else ()
