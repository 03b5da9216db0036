"""Seals: the checksums of what is stored, kept beside it, so that what was damaged is told and never believed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from potstill.errors import RunError

SEAL = "checksums.json"
"""In a folder, the SHA-256 of its files by name. Where a file is being replaced, that of either is right."""

_REASON = 200
"""Most characters of what is wrong with a file."""

_FOR_PEOPLE = frozenset({"README.md", SEAL})


def say_damaged(path: Path, reason: object, *, remedy: str) -> RunError:
    """Say in one sentence that a file of a run cannot be read, or is not what was written.

    Args:
        path: The file.
        reason: What is wrong with it, in words or as the error that was raised; of a long text the beginning is told.
        remedy: What to do.

    Returns:
        The error to raise.
    """
    if isinstance(reason, OSError):
        return RunError(f"'{path}' cannot be read ({reason.strerror or reason}); {remedy}.")
    told = " ".join(str(reason).split()).rstrip(".")
    told = told if len(told) <= _REASON else f"{told[:_REASON]} ..."
    return RunError(f"'{path}' is damaged ({told}); {remedy}.")


def seal_folder(folder: Path) -> None:
    """Write down the checksums of the files of a folder, but for what people may rewrite."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in _FOR_PEOPLE)
    sums = {path.name: [_digest(path)] for path in files}
    (folder / SEAL).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def expect(path: Path, coming: Path, write: Callable[[Path, dict[str, list[str]]], None]) -> None:
    """Write down the checksum that a file will have, beside the one that it has until then."""
    known = _read_seal(path.parent)
    present = _digest(path) if path.is_file() else None
    kept = [each for each in known.get(path.name, ()) if each == present]
    write(path.parent / SEAL, known | {path.name: list(dict.fromkeys([*kept, _digest(coming)]))})


def note_down(path: Path, write: Callable[[Path, dict[str, list[str]]], None]) -> None:
    """Write down the checksum of a file that was written bit by bit and is complete now."""
    write(path.parent / SEAL, _read_seal(path.parent) | {path.name: [_digest(path)]})


def forget(path: Path, write: Callable[[Path, dict[str, list[str]]], None]) -> None:
    """Forget the checksum of a file that is written on."""
    known = _read_seal(path.parent)
    if known.pop(path.name, None) is not None:
        write(path.parent / SEAL, known)


def check_file(path: Path, *, remedy: str, content: bytes | None = None) -> None:
    """Refuse a file that is not what was written; one without a seal is taken as it is.

    Args:
        path: The file.
        remedy: What to do where it is damaged, as the end of the message.
        content: What was read from it; absent: it is read here.

    Raises:
        RunError: The file is missing or damaged.
    """
    known = _read_seal(path.parent).get(path.name)
    if known is None:
        return
    try:
        found = hashlib.sha256(content).hexdigest() if content is not None else _digest(path)
    except OSError as error:
        raise say_damaged(path, error, remedy=remedy) from None
    if found not in known:
        raise say_damaged(path, f"it is not what was written, says {SEAL}", remedy=remedy)


def check_folder(folder: Path, *, remedy: str) -> None:
    """Refuse a folder of which any file is missing or not what was written; one without a seal is taken as it is.

    Args:
        folder: The folder.
        remedy: As in `check_file`.

    Raises:
        RunError: A file is missing or damaged; the first is named.
    """
    for name in _read_seal(folder):
        check_file(folder / name, remedy=remedy)


def is_whole(folder: Path) -> bool:
    """Say whether a folder has a seal and is what was written.

    Args:
        folder: The folder.
    """
    try:
        check_folder(folder, remedy="")
    except RunError:
        return False
    return (folder / SEAL).is_file()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_seal(folder: Path) -> dict[str, list[str]]:
    path = folder / SEAL
    remedy = "delete it if you know the other files to be right"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise say_damaged(path, error, remedy=remedy) from None
    try:
        values: dict[str, list[str]] = json.loads(text)
        assert all(isinstance(sums, list) and Path(name).name == name for name, sums in values.items())
    except (ValueError, AttributeError, AssertionError, RecursionError):
        raise say_damaged(path, "it does not hold checksums", remedy=remedy) from None
    return values
