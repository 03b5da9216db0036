"""Files that are read again: one way to read them, one sentence where that cannot be done."""

import json
from pathlib import Path
from typing import Any

from potstill.files.seals import check_file, say_damaged


def read_json(path: Path, *, remedy: str) -> dict[str, Any]:
    """Read the object in a JSON file that `write_json` wrote.

    Args:
        path: The file.
        remedy: What to do where it cannot be read, as the end of the message.

    Returns:
        The fields of the object.

    Raises:
        RunError: The file is missing, not what was written, or holds something else; one sentence with the path and
            the remedy.
    """
    return _decode(read_text(path, remedy=remedy), path, remedy)


def read_json_lines(path: Path, *, remedy: str) -> list[dict[str, Any]]:
    """Read a file with one JSON object a line.

    Args:
        path: The file.
        remedy: As in `read_json`.

    Returns:
        The fields of each line's object.

    Raises:
        RunError: The file is missing or damaged; the first such line is named.
    """
    lines = read_text(path, remedy=remedy).splitlines()
    return [_decode(line, path, remedy, where=f"line {number}: ") for number, line in enumerate(lines, start=1)]


def read_text(path: Path, *, remedy: str) -> str:
    """Read a file that `write_text` wrote, or a user since.

    Args:
        path: The file.
        remedy: As in `read_json`.

    Returns:
        What stands in it.

    Raises:
        RunError: The file is missing, is sealed and not what was written, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise say_damaged(path, error, remedy=remedy) from None
    check_file(path, remedy=remedy, content=content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise say_damaged(path, "it is not UTF-8", remedy=remedy) from None


def _decode(text: str, path: Path, remedy: str, *, where: str = "") -> dict[str, Any]:
    """Read one object; what cannot be written again, such as half of a character, is damaged."""
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise say_damaged(path, f"{where}it is nested too deep", remedy=remedy) from None
    except ValueError as error:
        raise say_damaged(path, f"{where}it is not JSON: {error}", remedy=remedy) from None
    if not isinstance(value, dict):
        raise say_damaged(path, f"{where}it holds a {type(value).__name__}, not an object", remedy=remedy)
    return value
