"""A recipe as a file: its fields, and beside them what is for its readers: ablations, published figures, comments."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import Field

from potstill.config import Config
from potstill.errors import RecipeError, did_you_mean
from potstill.files import expand_user
from potstill.published import PublishedRows
from potstill.recipes.comments import find_comments
from potstill.recipes.extending import extend, leave_out, list_fields
from potstill.recipes.parsing import parse_values


class Ablation(Config):
    """A change of a recipe that shows what one of its parts is good for, or what was published for one task."""

    doc: str
    """One line: what is changed, and which published row it is."""
    set: Annotated[tuple[str, ...], Field(min_length=1)]
    """The change, as `path=value` overrides."""


class _ForReaders(Config):
    """What a recipe's file holds beside the fields of the recipe."""

    ablations: dict[str, Ablation] = {}
    """By name; `--ablation NAME` makes the change."""
    published: tuple[str | PublishedRows, ...] = ()
    """What was published of the method: rows of published tables, or a line of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """Where a field of a recipe comes from.

    Attributes:
        value: The field, as a file sets it.
        recipe: The recipe whose file that is.
        comment: What stands behind it there, if anything.
    """

    value: Any
    recipe: str
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """What a recipe's file says.

    Attributes:
        name: What the user called it.
        values: The fields of the recipe, as plain values.
        ablations: Changes by name.
        published: What was published of the method, line by line.
        extends: The recipe that it extends, if any.
        sources: Where each field comes from, by its path; an item of a list goes by its name or kind.
    """

    name: str
    values: dict[str, Any]
    ablations: Mapping[str, Ablation] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    extends: str | None = None
    sources: Mapping[str, FieldSource] = field(default_factory=dict)

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
        Its fields, those of the recipe that it extends among them, and what is for its readers.

    Raises:
        RecipeError: It does not exist, is not TOML or JSON, extends what it cannot, or its ablations are not written as
            they should be.
    """
    if _is_file(name):
        return _read(name)
    known = _read_shipped(name)
    return replace(known, values=deepcopy(known.values))


@cache
def _read_shipped(name: str) -> RecipeFile:
    """Read a recipe that cannot change."""
    return _read(name)


def _read(name: str) -> RecipeFile:
    layers = list(_read_layers(name, ()))
    values, sources = layers[0].values, layers[0].list_sources()
    for layer in layers[1:]:
        try:
            for path in layer.without:
                leave_out(values, path)
            values = extend(values, layer.values)
        except RecipeError as error:
            raise RecipeError(f"recipe '{layer.name}' extends '{layer.extends}': {error}") from None
        known = sources | layer.list_sources()
        sources = {path: known[path] for path, _ in list_fields(values)}
    beside = _ForReaders.parse({key: values.pop(key) for key in _ForReaders.model_fields if key in values})
    return RecipeFile(
        name=name,
        values=values,
        ablations=beside.ablations,
        published=tuple(_write_published(beside.published)),
        extends=layers[-1].extends,
        sources=sources,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One file, apart from what it extends."""

    name: str
    values: dict[str, Any]
    comments: Mapping[str, str]
    extends: str | None
    without: tuple[str, ...]

    def list_sources(self) -> dict[str, FieldSource]:
        return {
            path: FieldSource(value=value, recipe=self.name, comment=self.comments.get(path))
            for path, value in list_fields(self.values)
        }


class _Extension(Config):
    """What a recipe's file says of the one that it extends."""

    extends: str | None = None
    """A shipped recipe's name, or a file beside this one; this file then holds what differs."""
    without: tuple[str, ...] = ()
    """What of it is left out, by its path."""


def _read_layers(name: str, above: tuple[str, ...]) -> Iterator[_Layer]:
    """Read a file after the one that it extends."""
    if _identify(name) in map(_identify, above):
        raise RecipeError(f"recipe '{name}' extends itself: {' extends '.join((*above, name))}.")
    values, comments = _read_file(name)
    extension = _Extension.parse({key: values.pop(key) for key in _Extension.model_fields if key in values}, path=name)
    if extension.extends is not None:
        yield from _read_layers(_beside(name, extension.extends), (*above, name))
    elif extension.without:
        raise RecipeError(f"{name}.without: this recipe extends none that it could leave something out of.")
    yield _Layer(name=name, values=values, comments=comments, **dict(extension))


def _beside(name: str, parent: str) -> str:
    """Give the file that a recipe extends, which is named from the recipe's own folder, or the shipped name."""
    return str(expand_user(name).parent / expand_user(parent)) if _is_file(parent) else parent


def _identify(name: str) -> str:
    return str(expand_user(name).resolve()) if _is_file(name) else name


def _is_file(name: str) -> bool:
    return name.endswith((".toml", ".json"))


def _read_file(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the fields of one file and the comments beside them."""
    path, is_json = expand_user(name), name.endswith(".json")
    if _is_file(name) and not path.is_file():
        raise RecipeError(f"recipe file '{name}' does not exist.")
    content = path.read_bytes() if _is_file(name) else read_shipped_recipe(name).encode()
    values = parse_values(content, what=f"recipe '{name}'", is_json=is_json)
    return values, {} if is_json else find_comments(content.decode(), values)


def _write_published(items: Sequence[str | PublishedRows]) -> Iterator[str]:
    for item in items:
        yield from (item,) if isinstance(item, str) else item.write()


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable
    return files("potstill") / "recipes"
