"""Plain values as TOML."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def to_toml(values: Mapping[str, Any]) -> str:
    """Write fields as TOML; what is null is left out, since TOML has no word for it.

    Args:
        values: Fields by name, as JSON has them.

    Returns:
        TOML that ends with a newline.

    Example:
        >>> print(to_toml({"name": "kd", "student": {"kind": "bert"}, "stages": [{"epochs": 3.0}]}), end="")
        name = "kd"
        <BLANKLINE>
        [student]
        kind = "bert"
        <BLANKLINE>
        [[stages]]
        epochs = 3.0
    """
    return "\n".join(_write(values, "")).lstrip("\n") + "\n"


def _write(values: Mapping[str, Any], place: str) -> Iterator[str]:
    """Write a table: its single values, then the tables in it."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict) or _are_tables(value)}
    for key, value in values.items():
        if key not in tables and value is not None:
            written = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # else TOML too
            yield f"{key} = {written}"
    for key, value in tables.items():
        path = f"{place}.{key}" if place else key
        for table in [value] if isinstance(value, dict) else value:
            yield from ("", f"[{path}]" if isinstance(value, dict) else f"[[{path}]]")
            yield from _write(table, path)


def _are_tables(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
