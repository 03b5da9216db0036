"""The base of every config: frozen, unknown keys refused, and messages that name the path in the recipe."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from potstill.errors import RecipeError, did_you_mean

__all__ = ["Config"]

ConfigType = TypeVar("ConfigType", bound="Config")  # not Self, which runtime type checks do not take


class Config(BaseModel):
    """A frozen group of settings; fields carry their doc as a string below them."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
    )

    @classmethod
    def parse(cls: type[ConfigType], values: Mapping[str, Any], *, path: str = "") -> ConfigType:
        """Make the config from plain values, as read from TOML or JSON.

        Args:
            values: Fields by name.
            path: Where the values stand, put before every field in messages.

        Returns:
            The checked config.

        Raises:
            RecipeError: A field is unknown, missing or out of range; the first such field is named with its
                path, its value and what is allowed.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise RecipeError(_explain(error, cls, path)) from None


def _explain(error: ValidationError, root: type[BaseModel], path: str) -> str:
    """Turn the first finding of pydantic into one sentence."""
    first = error.errors(include_url=False)[0]
    where, model = _follow(first["loc"], root)
    name = ".".join([path, *where] if path else where)
    places = {tuple(_follow(item["loc"], root)[0]) for item in error.errors(include_url=False)}
    others = {place for place in places if place != tuple(where[: len(place)])}  # a holder fails with what it holds
    more = f" ({len(others)} more after this.)" if others else ""
    if first["type"] == "extra_forbidden":
        return f"{name}: no such field.{did_you_mean(where[-1], model.model_fields)}{more}"
    if first["type"] == "union_tag_invalid":
        context = first["ctx"]
        expected = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        return f"{name}.kind: unknown kind '{context['tag']}'.{did_you_mean(context['tag'], expected)}{more}"
    if first["type"] == "union_tag_not_found":
        return f"{name}: the field 'kind' is missing; it says which of the possible sorts this is.{more}"
    if first["type"] == "missing":
        return f"{name}: this field is required and missing.{more}"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    value = "" if isinstance(first["input"], dict) else f", not {first['input']!r}"
    return f"{name}: {message[0].lower()}{message[1:]}{value}.{more}"


def _follow(location: tuple[int | str, ...], root: type[BaseModel]) -> tuple[list[str], type[BaseModel]]:
    """Drop the union tags that pydantic puts in a location, and find the model that holds the last field."""
    where: list[str] = []
    model = root
    annotation: Any = root
    for part in location:
        tagged = _member(annotation, part)
        if tagged is not None:
            model = annotation = tagged
            continue
        holder = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
        if isinstance(part, str) and holder is None:
            continue  # a member of a plain union, such as literal['uniform','top'] or int
        where.append(str(part))
        if holder is not None and part in holder.model_fields:
            model, annotation = holder, _inner(holder.model_fields[str(part)].annotation)
        elif holder is not None:
            model = holder
    return where or ["recipe"], model


def _inner(annotation: Any) -> Any:  # noqa: ANN401 - walks over arbitrary annotations
    """Strip `Annotated`, `tuple[X, ...]` and `X | None` from an annotation."""
    while True:
        arguments = [argument for argument in get_args(annotation) if argument not in (type(None), Ellipsis)]
        if isinstance(annotation, type) and not arguments:
            return annotation
        models = [item for item in arguments if isinstance(item, type) and issubclass(item, BaseModel)]
        if len(models) == 1:
            return models[0]  # also the value of a dict, whose key then stands in the path
        if models or not arguments:
            return annotation
        annotation = arguments[0]


def _member(annotation: Any, part: int | str) -> type[BaseModel] | None:  # noqa: ANN401 - as above
    """Find the member of a discriminated union whose kind is `part`."""
    for member in get_args(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel) and "kind" in member.model_fields:
            kind = member.model_fields["kind"]
            if part in (kind.default, *get_args(kind.annotation)):
                return member
    return None
