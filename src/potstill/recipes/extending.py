"""A recipe that extends another: how the fields of both become one table, and which field is whose."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from potstill.errors import RecipeError, did_you_mean
from potstill.recipes.overrides import is_another_kind


def extend(parent: Mapping[str, Any], own: Mapping[str, Any], *, place: str = "") -> dict[str, Any]:
    """Lay a recipe's own fields over those of the one that it extends; the README of this room states the rules."""
    merged = dict(parent)
    for key, value in own.items():
        path, before = f"{place}.{key}" if place else key, merged.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            is_other = "kind" in value and is_another_kind(key, before, value["kind"])
            merged[key] = value if is_other else extend(before, value, place=path)
        elif isinstance(before, list) and _are_named(before) and isinstance(value, list) and value:
            merged[key] = _extend_items(before, value, path)
        else:
            merged[key] = value
    return merged


def leave_out(values: dict[str, Any], path: str) -> None:
    """Take a field, a table or an item of a list away."""
    holder: Any = values
    *way, last = path.split(".")
    for part in way:
        holder = holder[_key(holder, part, path)]
    del holder[_key(holder, last, path)]


def list_fields(values: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """List every single field with its path, where an item of a list goes by its name or kind.

    Args:
        values: Fields by name.
        place: Where they stand, put before every path.

    Yields:
        Path and value.
    """
    for key, value in values.items():
        path = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            yield from list_fields(value, path)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for name, item in zip(name_items(value), value, strict=True):
                yield from list_fields(item, f"{path}.{name}")
        else:
            yield path, value


def name_items(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Call the tables of a list by their name or kind; by their position where that tells them not apart."""
    names = [_name(item) for item in items]
    counts = Counter(names)
    return [name if name and counts[name] == 1 else str(position) for position, name in enumerate(names)]


def _extend_items(before: Sequence[dict[str, Any]], own: Sequence[Any], place: str) -> list[Any]:
    merged, seen = list(before), set[str]()
    names = [_name(item) for item in before]
    for item in own:
        name = _name(item) if isinstance(item, dict) else None
        if name is None:
            raise RecipeError(f"{place}: an item has neither name nor kind, so nobody knows which one it changes.")
        if name in seen or names.count(name) > 1:
            raise RecipeError(f"{place}: there are two items '{name}', so nobody knows which one is changed.")
        seen.add(name)
        if name in names:
            merged[names.index(name)] = extend(before[names.index(name)], item, place=f"{place}.{name}")
        else:
            merged.append(item)
    return merged


def _are_named(value: Any) -> bool:  # noqa: ANN401 - any TOML value
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and _name(item) for item in value)


def _name(item: Mapping[str, Any]) -> str | None:
    name = item.get("name", item.get("kind"))
    return name if isinstance(name, str) else None


def _key(holder: Any, part: str, path: str) -> Any:  # noqa: ANN401 - a table or a list
    """Find what a part of a path names in a table or a list of tables."""
    known: list[str] = list(holder) if isinstance(holder, dict) else name_items(holder) if _are_named(holder) else []
    if part not in known:
        raise RecipeError(f"without: '{path}' is not there.{did_you_mean(part, known)}")
    return part if isinstance(holder, dict) else known.index(part)
