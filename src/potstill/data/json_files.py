"""JSON files: one object a line, a list of objects, or columns as data frames are written."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from potstill.answers import SHOWN, show
from potstill.data.tables import DataTable
from potstill.data.text_files import read_text
from potstill.errors import DataError

_BLANK = re.compile(r"\s*")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_EXPECTED = "expected one object a line, or a list of objects"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A value of a file, and the line that it begins in."""

    line: int
    value: Any


def read_json_table(path: Path) -> DataTable:
    """Read a JSON or JSON Lines file."""
    text, notes = read_text(path)
    values = list(_decode_all(path, text))
    rows = [each.value for each in values]
    if len(values) == 1:
        rows, form = _rows_of(rows[0])
        notes = (*notes, form) if form else notes
    names: dict[str, None] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"{path}: row {number} is {show(row)}, not an object with named fields; {_EXPECTED}.")
        names.update(dict.fromkeys(row))
    odd = next((name for name in names if _HALF_CHARACTER.search(name)), None)
    if odd is not None:
        raise DataError(f"{path}: the name {show(odd)} of a field has half of a character; mend it.")
    return DataTable(name=str(path), columns={name: [row.get(name) for row in rows] for name in names}, notes=notes)


def _decode_all(path: Path, text: str) -> Iterator[_Value]:
    """Decode one value after another, whatever blanks stand between them."""
    decoder, position, line = json.JSONDecoder(), 0, 1
    for number in count(1):
        start = _end_of_blanks(text, position)
        line += text.count("\n", position, start)
        if start == len(text):
            return
        try:
            value, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            raise DataError(_explain(path, text, start, f"row {number} (line {line})", error)) from None
        yield _Value(line=line, value=value)
        line += text.count("\n", start, position)


def _end_of_blanks(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    assert found is not None
    return found.end()


def _explain(path: Path, text: str, start: int, where: str, error: ValueError | RecursionError) -> str:
    """Say in one sentence what is wrong with a value."""
    if isinstance(error, RecursionError):
        return f"{path}: {where} is nested too deep to be read; {_EXPECTED}."
    if not isinstance(error, json.JSONDecodeError):
        return f"{path}: {where} holds a number with too many digits; write it as a text, between quotation marks."
    if text[start] == "[":
        start, where = text.rfind("\n", 0, error.pos) + 1, f"line {error.lineno}"
    shown = show(text[start : start + 2 * SHOWN].split("\n")[0].strip())
    return f"{path}: {where} is not JSON ({error.msg.lower()}: {shown}); {_EXPECTED}."


def _rows_of(value: Any) -> tuple[list[Any], str | None]:  # noqa: ANN401 - any JSON value
    """Give the rows that a file with one value holds, and in which form where that is not plain."""
    if isinstance(value, list):
        return value, None
    if not isinstance(value, dict) or not value:
        return [value], None
    columns: list[Any] = list(value.values())
    if all(isinstance(column, dict) for column in columns):
        keys = dict.fromkeys(key for column in columns for key in column)
        return [{name: column.get(key) for name, column in value.items()} for key in keys], "by columns"
    names, rows = value.get("columns", []), value.get("data", [])
    if _are(names, str) and _are(rows, list):
        return [dict(zip(names, row, strict=False)) for row in rows], "names of columns apart"
    lists = [name for name, each in value.items() if isinstance(each, list)]
    if len(lists) == 1 and _are(value[lists[0]], dict):
        return value[lists[0]], f"the rows in '{lists[0]}'"
    if len(lists) == len(columns) and len(set(map(len, columns))) == 1:
        return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)], "by columns"
    return [value], None


def _are(value: Any, kind: type) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and len(value) > 0 and all(isinstance(each, kind) for each in value)
