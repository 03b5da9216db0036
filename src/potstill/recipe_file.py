"""A recipe as a file: its fields, and beside them what is for its readers: ablations, published figures, comments."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Annotated, Any

from pydantic import Field

from potstill.config import Config
from potstill.errors import RecipeError, did_you_mean
from potstill.files import expand_user
from potstill.published import PublishedRows

_KEY = re.compile(r"([\w.-]+)\s*=")
_TABLE = re.compile(r"(\[\[?)([\w.-]+)\]\]?")


class Ablation(Config):
    """A change of a recipe that shows what one of its parts is good for."""

    doc: str
    """One line: what is left out, and which published row it is."""
    set: Annotated[tuple[str, ...], Field(min_length=1)]
    """The change, as `path=value` overrides."""


class _ForReaders(Config):
    """What a recipe's file holds beside the fields of the recipe."""

    ablations: dict[str, Ablation] = {}
    """By name; `--ablation NAME` makes the change."""
    published: tuple[str | PublishedRows, ...] = ()
    """What was published of the method: rows of published tables, or a line of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """What a recipe's file says.

    Attributes:
        name: What the user called it.
        values: The fields of the recipe, as plain values.
        ablations: Changes by name.
        published: What was published of the method, line by line.
        comments: The comment at the end of a line, by the path of the field that it stands beside.
    """

    name: str
    values: dict[str, Any]
    ablations: Mapping[str, Ablation] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)

    def find_ablations(self, names: Sequence[str]) -> dict[str, Sequence[str]]:
        """Look ablations up.

        Args:
            names: What the user asks for.

        Returns:
            By name the changes of each, in this order.

        Raises:
            RecipeError: The recipe has none of that name, or it is asked for twice.
        """
        for position, name in enumerate(names):
            if not self.ablations:
                raise RecipeError(
                    f"--ablation {name}: '{self.name}' has no ablations; name a shipped recipe that has, or write the "
                    "change with --set."
                )
            if name not in self.ablations:
                known = did_you_mean(name, self.ablations)
                raise RecipeError(f"--ablation {name}: recipe '{self.name}' has no such ablation.{known}")
            if name in names[:position]:
                raise RecipeError(f"--ablation {name}: this is given twice; give it once.")
        return {name: self.ablations[name].set for name in names}


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


def read_recipe_file(name: str) -> RecipeFile:
    """Read a recipe without checking its fields.

    Args:
        name: A shipped recipe's name, or a .toml or .json file.

    Returns:
        Its fields and what is for its readers.

    Raises:
        RecipeError: It does not exist, is not TOML or JSON, or its ablations are not written as they should be.
    """
    path = expand_user(name)
    is_file = path.suffix in (".toml", ".json")
    if is_file and not path.is_file():
        raise RecipeError(f"recipe file '{name}' does not exist.")
    text = path.read_text(encoding="utf-8") if is_file else read_shipped_recipe(name)
    is_json = path.suffix == ".json"
    try:
        values = json.loads(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        raise RecipeError(f"recipe '{name}' is not valid {'JSON' if is_json else 'TOML'}: {error}.") from None
    if not isinstance(values, dict):
        raise RecipeError(f"recipe '{name}' holds a {type(values).__name__}, not a table of fields.")
    beside = _ForReaders.parse({key: values.pop(key) for key in _ForReaders.model_fields if key in values})
    return RecipeFile(
        name=name,
        values=values,
        ablations=beside.ablations,
        published=tuple(_write_published(beside.published)),
        comments={} if is_json else _find_comments(text),
    )


def _write_published(items: Sequence[str | PublishedRows]) -> Iterator[str]:
    for item in items:
        yield from (item,) if isinstance(item, str) else item.write()


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable
    return files("potstill") / "recipes"


def _find_comments(text: str) -> dict[str, str]:
    """Find what stands behind a `#` beside a field, which a TOML reader drops; fields of many lines are left out."""
    comments: dict[str, str] = {}
    counts: dict[str, int] = {}
    table = ""
    for line in text.splitlines():
        code, _, comment = _split_comment(line)
        if header := _TABLE.match(code.strip()):
            table = _place(header[2], counts, is_item=header[1] == "[[")
        elif comment and (key := _KEY.match(code.strip())):
            comments[f"{table}.{key[1]}" if table else key[1]] = comment.strip()
    return comments


def _split_comment(line: str) -> tuple[str, str, str]:
    """Cut a line at the first `#` that is not within quotation marks."""
    quote = ""
    for position, character in enumerate(line):
        if character in "\"'" and quote in ("", character):
            quote = "" if quote else character
        elif character == "#" and not quote:
            return line[:position], "#", line[position + 1 :]
    return line, "", ""


def _place(header: str, counts: dict[str, int], *, is_item: bool) -> str:
    """Write a table's path with the positions of the items that it lies in: `stages.1.objectives.0`."""
    place = ""
    parts = header.split(".")
    for depth, part in enumerate(parts):
        place = f"{place}.{part}" if place else part
        if is_item and depth == len(parts) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = f"{place}.{counts[place]}"
    return place
