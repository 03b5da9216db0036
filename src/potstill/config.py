"""The base of every config: frozen, unknown keys refused, and messages that name the path in the recipe."""

import json
from collections.abc import Iterator, Mapping, Sequence
from inspect import isabstract
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from potstill.errors import RecipeError, did_you_mean
from potstill.kinds import find_kinds

ConfigType = TypeVar("ConfigType", bound="Config")  # not Self, which runtime type checks do not take

_MISTAKEN = "mistaken"
"""Type of our own finding: true or false for a number, or the other way round."""
_WRITTEN = 60
"""Most characters of a value that a message repeats."""
_ALLOWED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table of fields",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": "a table of fields",
    "model_type": "a table of fields",
    "string_pattern_mismatch": "a text that the pattern {pattern} fits",
    "string_too_short": "a text of at least {min_length} characters",
    "string_type": "a text",
    "too_short": "a list of {min_length} or more",
    "tuple_type": "a list",
}
"""What pydantic's findings say is allowed, by their type; `{...}` is filled in from their context."""

_MEMBERS = {"constrained-float": "a number ", "constrained-int": "a whole number "}
"""What a bound is a bound of, where each sort of number has its own; pydantic's names for members of a union."""


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

    @model_validator(mode="before")
    @classmethod
    def _tells_numbers_from_truth_values(cls, values: object) -> object:
        """Refuse `true` for a number and 1 for `true`, which pydantic takes for each other."""
        given: dict[str, Any] = values if isinstance(values, dict) else {}
        for name in given.keys() & cls.model_fields.keys():
            kinds = set(_scalars(cls.model_fields[name].annotation))
            for item in _items(given[name]):
                is_truth_value = isinstance(item, bool)
                if is_truth_value and bool not in kinds and kinds & {int, float}:
                    raise PydanticCustomError(_MISTAKEN, "a number", {"field": name, "value": item})
                if isinstance(item, int | float) and not is_truth_value and kinds == {bool}:
                    raise PydanticCustomError(_MISTAKEN, "true or false", {"field": name, "value": item})
        return values

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
    findings = [(item, *_follow(_locate(item), root)) for item in error.errors(include_url=False)]
    first, where, model = findings[0]
    inside = [finding for finding in findings if len(finding[1]) > len(where) and finding[1][: len(where)] == where]
    if inside and first["type"] == "literal_error":  # a list is allowed as well, and it is one that was given
        first, where, model = inside[0]
    elif first["type"] == "float_type" and isinstance(first["input"], dict):  # a table is allowed as well, likewise
        first, where, model = next((each for each in findings[1:] if each[1][: len(where)] == where), findings[0])
    name = ".".join([path, *where] if path else where)
    places = {tuple(place) for _, place, _ in findings}
    others = {place for place in places if place != tuple(where[: len(place)])}  # a holder fails with what it holds
    more = f" ({len(others)} more after this.)" if others else ""
    if first["type"] == "extra_forbidden":
        return f"{name}: no such field.{did_you_mean(where[-1], model.model_fields)}{more}"
    if first["type"] == "union_tag_invalid":
        context = first["ctx"]
        expected = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        kind = _write(first["input"]["kind"] if isinstance(first["input"], dict) else context["tag"])
        return f"{name}.kind: unknown kind {kind}.{did_you_mean(context['tag'], expected)}{more}"
    if first["type"] == "union_tag_not_found":
        return f"{name}: the field 'kind' is missing; it says which of the possible sorts this is.{more}"
    if first["type"] == "missing":
        return f"{name}: this field is required and missing.{more}"
    if first["type"] == "model_attributes_type":
        return (
            f"{name}: must be a table of fields, not {_write(first['input'])}; to choose a sort, set {name}.kind.{more}"
        )
    if first["type"] in _ALLOWED:
        allowed = _list_allowed([item for item, place, _ in findings if place == where])
        return f"{name}: must be {allowed}, not {_write(first['input'])}.{more}"
    if first["type"] == _MISTAKEN:
        return f"{name}: must be {first['msg']}, not {_write(first['ctx']['value'])}.{more}"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    value = "" if isinstance(first["input"], dict) else f", not {_write(first['input'])}"
    said = f"{message[0].lower()}{message[1:]}{value}.{more}"
    return f"{name}: {said}" if name else said  # what is wrong with the whole has no path


def _locate(finding: ErrorDetails) -> tuple[int | str, ...]:
    """Say where a finding is; one that we make ourselves, before the fields are read, names its field."""
    return (*finding["loc"], finding["ctx"]["field"]) if finding["type"] == _MISTAKEN else finding["loc"]


def _list_allowed(findings: Sequence[ErrorDetails]) -> str:
    """Say what may stand in a place, each sort once; a member of a union has a finding of its own."""
    known = [
        (_MEMBERS.get(str(item["loc"][-1]), "") if "than" in item["type"] else "")
        + _ALLOWED[item["type"]].format(**item.get("ctx", {}))
        for item in findings
        if item["type"] in _ALLOWED
    ]
    allowed = [each for each in dict.fromkeys(known) if each != "a whole number" or "a number" not in known]
    return " or ".join(allowed)


def _write(value: object) -> str:
    """Write a value as a recipe does, the beginning of it where it is long."""
    text = (
        "none" if value is None else repr(value) if isinstance(value, str | float) else json.dumps(value, default=str)
    )
    return text if len(text) <= _WRITTEN else f"{text[: _WRITTEN - 4]} ..."


def _scalars(annotation: Any) -> Iterator[type]:  # noqa: ANN401 - walks over arbitrary annotations
    """Find the plain types in an annotation, those in lists and tables too."""
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments:
        yield from (kind for kind in (bool, int, float, str) if annotation is kind)
    for argument in arguments:
        yield from _scalars(argument)


def _items(value: object) -> Iterator[object]:
    """Give a value, or what a list or table holds."""
    if not isinstance(value, list | tuple | dict):
        yield value
        return
    for item in value.values() if isinstance(value, dict) else value:
        yield from _items(item)


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
        if isinstance(part, str) and (holder is None or _names_member(part, holder)):
            continue  # a member of a plain union, such as literal['uniform','top'], int or a table
        where.append(str(part))
        if holder is not None and part in holder.model_fields:
            model, annotation = holder, _inner(holder.model_fields[str(part)].annotation)
        elif holder is not None:
            model = holder
    return where, model


def _names_member(part: str, holder: type[BaseModel]) -> bool:
    """Say whether a part of a location is pydantic's name for a member of a union of numbers and a table."""
    return part in (*_MEMBERS, "float") or part.strip("]").endswith(holder.__name__)


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
    """Find the member of a choice whose kind is `part`."""
    if isinstance(annotation, type) and isabstract(annotation) and isinstance(part, str):
        return find_kinds(annotation).get(part)
    for member in get_args(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel) and "kind" in member.model_fields:
            kind = member.model_fields["kind"]
            if part in (kind.default, *get_args(kind.annotation)):
                return member
    return None
