"""What a program gives to a run in memory becomes files beside it, in one place: the run reads files, as ever."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from potstill.data import Given, keep_data, keep_texts
from potstill.errors import RecipeError
from potstill.files import expand_user
from potstill.hub import keep_model, keep_models
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder

RecipeLike = str | Path | Recipe
"""The name of a recipe, its file, or itself."""


def place_for(recipe: RecipeLike, out: str | Path | None) -> Path:
    """Give the folder beside a run that keeps what it was given in memory."""
    file = None if isinstance(recipe, Recipe) else expand_user(str(recipe))
    own = file.parent if file is not None and file.name == "recipe.json" else Path("runs") / "run"
    return RunFolder(path=own if out is None else expand_user(str(out))).given


def name_examples(examples: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """Name where examples are: `data`, `dev` and `test` may be in memory, all else stays."""
    return {
        name: keep_data(each, place, split=_HELD[name]) if name in _HELD else each for name, each in examples.items()
    }


def name_models(
    teacher: object, base: object, general: object, place: Path
) -> tuple[tuple[str, ...], str | None, str | None]:
    """Name where models are."""
    return keep_models(teacher, place), keep_model(base, place), keep_model(general, place)


def name_texts(texts: Given, place: Path, *, column: str | None = None) -> tuple[str, ...]:
    """Name where texts without labels are."""
    return keep_texts(texts, place, column=column)


def name_files(files: object) -> tuple[str, ...]:
    """Name files of plain text, of which there may be one or several."""
    several: Sequence[Any] = files if isinstance(files, list | tuple) else [] if files is None else [files]
    if found := next((each for each in several if not isinstance(each, str | Path)), None):
        raise RecipeError(f"corpus: a {type(found).__name__} is no plain text; give files, folders or data sets.")
    return tuple(str(each) for each in several)


@contextmanager
def held_aside(data: Given) -> Generator[str | None]:
    """Keep examples as a file for a block that reads them once."""
    with TemporaryDirectory() as aside:
        yield keep_data(data, Path(aside))


_HELD = {"data": "train", "dev": "dev", "test": "test"}
