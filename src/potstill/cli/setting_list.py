"""Every setting of a recipe, as its config tells it: path, values, default, doc."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc, isabstract
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from potstill.config import Config
from potstill.kinds import find_kinds

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_BOUNDS = (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a recipe.

    Attributes:
        path: Where it stands.
        values: What it takes.
        default: What it is where it is left out; empty where it must be given.
        doc: What it means.
    """

    path: str
    values: str
    default: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The fields of one config.

    Attributes:
        path: Where its table stands; empty for the recipe itself.
        kind: Which of several sorts it is; empty where there is one.
        config: The config.
        settings: Its own fields.
    """

    path: str
    kind: str
    config: type[Config]
    settings: tuple[Setting, ...]

    @property
    def doc(self) -> str:
        """What the config says of itself."""
        return getdoc(self.config) or ""


def list_sections() -> list[Section]:
    """List the configs of a recipe, the recipe first, each with its fields."""
    from potstill.recipe import Recipe

    return list(_sections(Recipe, "", ""))


def list_command_sections() -> dict[str, Section]:
    """List the settings that commands have beside those of recipes, by the name of the command."""
    from potstill.serving import BenchConfig, ExportConfig

    return {
        name: next(_sections(config, "", "")) for name, config in (("export", ExportConfig), ("bench", BenchConfig))
    }


def _sections(config: type[Config], path: str, kind: str) -> Iterator[Section]:
    own, inside = [], []
    for name, field in config.model_fields.items():
        place = f"{path}.{name}" if path else name
        configs = list(_configs(field.annotation)) + [each for mark in field.metadata for each in _configs(mark)]
        inside += [(member, _place(place, field, of), of) for member, of in configs]
        if not configs or _is_plain(field.annotation):
            own.append(_setting(place, field))
    yield Section(path=path, kind=kind, config=config, settings=tuple(own))
    for member, place, of in inside:
        yield from _sections(member, place, of)


def _configs(annotation: Any) -> Iterator[tuple[type[Config], str]]:  # noqa: ANN401 - walks over annotations
    """Find the configs that may stand in a field, each with its kind where there are several."""
    if isinstance(annotation, type) and issubclass(annotation, Config) and not get_args(annotation):
        if isabstract(annotation):
            yield from ((member, kind) for kind, member in find_kinds(annotation).items())
        else:
            named = annotation.model_fields.get("kind")
            yield annotation, str(named.default) if named is not None and isinstance(named.default, str) else ""
    for argument in get_args(annotation):
        yield from _configs(argument)


def _place(place: str, field: "FieldInfo", kind: str) -> str:
    is_list = get_origin(field.annotation) is tuple
    return f"{place}.{kind or 'NAME'}" if is_list else place


def _is_plain(annotation: Any) -> bool:  # noqa: ANN401 - walks over annotations
    """Whether a single value may stand in a field, beside a table."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return any(kind in (str, int, float, bool) or get_origin(kind) in (Annotated, Literal) for kind in kinds) and (
        get_origin(annotation) is not tuple
    )


def _setting(path: str, field: "FieldInfo") -> Setting:
    bounds = [words for mark in field.metadata for words in _bounds(mark)]
    default = "" if field.is_required() else _write(field.get_default(call_default_factory=True, validated_data={}))
    doc = " ".join((field.description or "").replace("`", "'").split())
    return Setting(path=path, values=", ".join([_values(field.annotation), *bounds]), default=default, doc=doc)


def _values(annotation: Any) -> str:  # noqa: ANN401 - walks over annotations
    """Say in words what a field takes."""
    names = {str: "text", int: "whole number", float: "number", bool: "true, false", NoneType: "none"}
    if annotation in names:
        return names[annotation]
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return f"list of {_values(get_args(annotation)[0])}"
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        bounds = [
            f" {words}" for mark in marks for each in getattr(mark, "metadata", [mark]) for words in _bounds(each)
        ]
        return _values(inner) + "".join(bounds)
    if isinstance(annotation, type) and not get_args(annotation):
        return "table" if issubclass(annotation, Config) else annotation.__name__
    return " or ".join(dict.fromkeys(map(_values, get_args(annotation)))) or str(annotation)


def _bounds(mark: Any) -> list[str]:  # noqa: ANN401 - what stands beside a type
    least = getattr(mark, "min_length", None) or 0
    length = {0: [], 1: ["not empty"]}.get(least, [f"of length {least} or more"])
    return [*(f"{words} {getattr(mark, name)}" for name, words in _BOUNDS if hasattr(mark, name)), *length]


def _write(value: Any) -> str:  # noqa: ANN401 - any default
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_write, value)) + "]"
    return "a table" if isinstance(value, Config) else str(value)
