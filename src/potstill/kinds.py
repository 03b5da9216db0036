"""Choices among configs that are told apart by `kind`, to which modules of one's own may add."""

import sys
from functools import lru_cache
from inspect import isabstract
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from potstill.errors import RecipeError
from potstill.plugins import plugin_of

Base = TypeVar("Base", bound=BaseModel)


class AnyKind:
    """Marks the type of a field: one of the classes that derive from it, which the table's `kind` chooses.

    An object of such a class may stand there as it is.

    Example:
        AnyObjectiveConfig: TypeAlias = Annotated[ObjectiveConfig, AnyKind()]
    """

    def __get_pydantic_core_schema__(self, base: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to look for the classes when a value comes, as there may be more of them by then."""
        return core_schema.no_info_plain_validator_function(lambda value: _choose(base, value))


def find_kinds(base: type[Base]) -> dict[str, type[Base]]:
    """List the classes that a table with a `kind` may stand for.

    Args:
        base: The class that they derive from.

    Returns:
        Those that can be built, by their `kind`; one whose file was run twice counts once.

    Raises:
        RecipeError: Two have the same kind, or one has none.
    """
    found: dict[str, type[Base]] = {}
    for member in _descendants(base):
        kind = member.model_fields["kind"].default
        place = f"{member.__qualname__} in {plugin_of(member) or 'Potstill'}"
        if not isinstance(kind, str):
            raise RecipeError(f'class {place}: it has no kind; write kind: Literal["my_kind"] = "my_kind".')
        other = found.get(kind, member)
        if _home(other) != _home(member):
            first = f"{other.__qualname__} in {plugin_of(other) or 'Potstill'}"
            raise RecipeError(f"kind '{kind}' is defined twice, as {first} and {place}; name one of them differently.")
        found[kind] = member
    return found


def _descendants(base: type[Base]) -> list[type[Base]]:
    """Find the classes below one that can be built, in the order in which they were defined."""
    below = [each for child in base.__subclasses__() for each in (child, *_descendants(child))]
    return [each for each in below if not isabstract(each)]


def _home(member: type) -> tuple[str, str]:
    """Say which text a class comes from: a file is one, under whatever names it is imported."""
    module = sys.modules.get(member.__module__)
    return getattr(module, "__file__", None) or member.__module__, member.__qualname__


def _choose(base: type[BaseModel], value: Any) -> BaseModel:  # noqa: ANN401 - whatever a recipe holds
    if isinstance(value, base):
        return value
    chosen: BaseModel = _adapter(tuple(find_kinds(base).values())).validate_python(value)
    return chosen


@lru_cache(maxsize=8)
def _adapter(members: tuple[type[BaseModel], ...]) -> Any:  # noqa: ANN401 - a TypeAdapter, which checks cannot take
    choice: Any = Annotated[Union[members], Field(discriminator="kind")]  # noqa: UP007 - there are as many as there are
    return TypeAdapter(choice)
