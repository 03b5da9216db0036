"""The comments of a recipe's file, which a reader of TOML drops."""

import re
from collections.abc import Mapping
from typing import Any

from potstill.recipes.extending import name_items

_KEY = re.compile(r"([\w.-]+)\s*=")
_TABLE = re.compile(r"(\[\[?)([\w.-]+)\]\]?")


def find_comments(text: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Find what stands behind a `#` beside a field, by the field's path; fields of many lines are left out."""
    comments: dict[str, str] = {}
    counts: dict[str, int] = {}
    table = ""
    for line in text.splitlines():
        code, _, comment = _split_comment(line)
        if header := _TABLE.match(code.strip()):
            table = _place(header[2], counts, is_item=header[1] == "[[")
        elif comment and (key := _KEY.match(code.strip())):
            place = f"{table}.{key[1]}" if table else key[1]
            comments[_name_items(place, values)] = comment.strip()
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


def _name_items(place: str, values: Mapping[str, Any]) -> str:
    """Call the items of lists by their names: `stages.distil.objectives.patience`."""
    holder: Any = values
    parts = []
    for part in place.split("."):
        parts.append(name_items(holder)[int(part)] if isinstance(holder, list) else part)
        holder = holder[int(part)] if isinstance(holder, list) else holder.get(part, {})
    return ".".join(parts)
