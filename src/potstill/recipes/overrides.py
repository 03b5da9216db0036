"""Changes of plain values by path, as `--set` makes them: set a field, replace, drop or add an item of a list."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from potstill.errors import RecipeError, did_you_mean
from potstill.recipes.parsing import parse_values

Overrides: TypeAlias = Sequence[str] | Mapping[str, Any]
"""Changes of fields: `path=value` texts, or values by path."""

_NEW_ITEM = "+"
_ONE_SORT = ("data", "schedule")
"""Tables whose `kind` is a field like any other: all kinds have the same fields."""
_UNNAMED = {"optimizer": "adamw"}
"""Kinds of tables that name none."""


def override_fields(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Change fields of plain values in place, one override after another.

        seed=1                                          set a field
        stages.distil.epochs=2                          an item of a list, by its name, its kind or its position
        stages.distil.patience=none                     take a value away
        stages.distil.objectives.soft_labels=none       drop an item of a list
        stages.distil.objectives.0={kind="logits_mse"}  replace it
        stages.distil.objectives.+={kind="logits_mse"}  add one at the end
        student.init.kind=random                        another kind, which drops the fields of the one before

    Args:
        values: Fields by name, as read from TOML or JSON.
        overrides: `path=value` texts; the value is TOML, a bare word is a string, `none` is null.

    Raises:
        RecipeError: An override is not written as path=value, a part of its path is not there, or it chooses another
            kind and so would drop what an earlier one has set.
    """
    earlier: list[str] = []
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path.strip():
            raise RecipeError(f"--set {override}: write it as path=value, such as --set seed=1.")
        path = path.strip()
        if set_field(values, path, _parse_value(text.strip())):
            _check_nothing_lost(override, path, earlier)
        earlier.append(path)


def list_overrides(overrides: Overrides) -> list[str]:
    """Write changes of fields as `path=value` texts.

    Args:
        overrides: Such texts, or values by path; None takes a value away.

    Returns:
        The texts.

    Raises:
        RecipeError: This is neither, or a value has no form in a recipe.
    """
    if isinstance(overrides, str):
        raise RecipeError(f"overrides: '{overrides}' is one text; give a list of path=value texts, or values by path.")
    if not isinstance(overrides, Mapping):
        return list(overrides)
    return [f"{path}={'none' if value is None else _write(value, path)}" for path, value in overrides.items()]


def _write(value: Any, path: str) -> str:  # noqa: ANN401 - any value of a program
    """Write a value as TOML does."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_write(each, path)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_write(each, path) for each in value) + "]"
    plain = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(plain, str | bool | int | float):
        raise RecipeError(f"overrides: {path} is a {type(value).__name__}, which no recipe holds; give a plain value.")
    return json.dumps(plain, ensure_ascii=False)


def _check_nothing_lost(override: str, path: str, earlier: Sequence[str]) -> None:
    """Refuse another kind where a field of the one before was changed on purpose."""
    table = path.removesuffix("kind")
    lost = next((other for other in earlier if other.startswith(table) and other != path), None)
    if lost is not None:
        raise RecipeError(f"--set {override}: drops {lost}, which an earlier --set has changed; choose the kind first.")


def set_field(values: dict[str, Any], path: str, value: Any) -> bool:  # noqa: ANN401 - any TOML value
    """Set one field; tables on the way that are left to their defaults are made.

    Args:
        values: Fields by name; changed in place.
        path: Names with points between them, as for `override_fields`.
        value: What the field becomes; None drops an item of a list.

    Returns:
        Whether it was another kind, which drops the fields of the one before.

    Raises:
        RecipeError: A part of the path is not there.
    """
    holder: Any = values
    parts = path.split(".")
    for done, part in enumerate(parts[:-1], start=1):
        if isinstance(holder, list):
            holder = holder[_position(holder, part, ".".join(parts[:done]))]
        else:
            if holder.get(part) is None:
                holder[part] = {}
            holder = holder[part]
        if not isinstance(holder, dict | list):
            raise RecipeError(f"{path}: '{'.'.join(parts[:done])}' is a single value and has no fields.")
    if isinstance(holder, list):
        _set_item(holder, parts[-1], path, value)
        return False
    is_other = parts[-1] == "kind" and is_another_kind(parts[-2] if len(parts) > 1 else "", holder, value)
    if is_other:
        holder.clear()  # another kind has other fields
    holder[parts[-1]] = value
    return is_other


def is_another_kind(table: str, values: Mapping[str, Any], kind: Any) -> bool:  # noqa: ANN401 - any TOML value
    """Say whether a kind is another than a table's own, and so has other fields."""
    return table not in _ONE_SORT and values.get("kind", _UNNAMED.get(table)) != kind


def _set_item(items: list[Any], part: str, path: str, value: Any) -> None:  # noqa: ANN401 - any TOML value
    if part == _NEW_ITEM and value is not None:
        items.append(value)
        return
    position = _position(items, part, path)
    if value is None:
        del items[position]
    else:
        items[position] = value


def _parse_value(text: str) -> Any:  # noqa: ANN401 - any TOML value
    if text.lower() in ("none", "null"):
        return None
    try:
        return parse_values(f"value = {text}", what="the value")["value"]
    except RecipeError:  # not TOML: a plain text
        return text


def _position(items: list[Any], part: str, path: str) -> int:
    """Find the item of a list that a part of a path names."""
    if part.isdecimal() and int(part) < len(items):
        return int(part)
    names = list(_names(items))
    for position, names_of_item in enumerate(names):
        if part in names_of_item:
            return position
    if not items:
        raise RecipeError(f"{path}: the list is empty, so it has no item '{part}'; '{_NEW_ITEM}' adds one.")
    known = [name for names_of_item in names for name in names_of_item]
    raise RecipeError(f"{path}: the list has no item '{part}' (0 .. {len(items) - 1}).{did_you_mean(part, known)}")


def _names(items: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    for item in items:
        yield tuple(item[key] for key in ("name", "kind") if key in item) if isinstance(item, dict) else ()
