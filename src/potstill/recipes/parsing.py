"""TOML and JSON that people write, as plain values; whatever is wrong with it is one sentence."""

import json
import tomllib
from typing import Any

from potstill.errors import RecipeError, tell_reason

_DEEPEST = 50
"""Tables and lists within each other; nothing that Potstill reads has more than ten."""


def parse_values(content: str | bytes, *, what: str, is_json: bool = False) -> dict[str, Any]:
    """Read the fields of a file.

    Args:
        content: The file; bytes are UTF-8.
        what: What messages call it, such as `recipe 'mine.toml'`.
        is_json: Whether it is JSON, and not TOML.

    Returns:
        The fields.

    Raises:
        RecipeError: It is no such file, holds something else, or is nested too deep.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        values = json.loads(text) if is_json else tomllib.loads(text)
        is_deep = _is_deeper(values, _DEEPEST)
    except RecursionError:
        is_deep = True
    except ValueError as error:
        raise RecipeError(f"{what} is not valid {'JSON' if is_json else 'TOML'}: {tell_reason(error)}.") from None
    if is_deep:
        raise RecipeError(f"{what} has more than {_DEEPEST} tables and lists within each other; write it flatter.")
    if not isinstance(values, dict):
        raise RecipeError(f"{what} holds a {type(values).__name__}, not a table of fields.")
    return values


def _is_deeper(value: Any, most: int) -> bool:  # noqa: ANN401 - plain values
    level = [value]
    for _ in range(most + 1):
        level = [
            each
            for held in level
            if isinstance(held, dict | list)
            for each in (held.values() if isinstance(held, dict) else held)
        ]
    return any(isinstance(each, dict | list) for each in level)
