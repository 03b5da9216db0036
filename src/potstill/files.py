"""Files and folders that are written whole or not at all: write aside, then rename."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from potstill.errors import PotstillError, RunError

_SHOWN = 40
"""Characters of a name that is too long."""

_REASON = 200
"""Most characters of what is wrong with a file."""


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Write a file that appears under its name only once it is complete.

    Args:
        path: The file to make; its folder must exist. An older file is replaced in one step.

    Yields:
        A path beside it to write to; what lies there is removed if the block raises.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Args:
        path: The file; its folder must exist. An older file is replaced in one step.
        text: The content, written as UTF-8.
    """
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON file whole or not at all, indented and with its keys in the order given.

    Args:
        path: The file.
        value: What `json.dumps` takes; NaN and infinities are refused.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, remedy: str) -> dict[str, Any]:
    """Read the object in a JSON file that `write_json` wrote.

    Args:
        path: The file.
        remedy: What to do where it cannot be read, as the end of the message.

    Returns:
        The fields of the object.

    Raises:
        RunError: The file is missing, damaged, or holds something else; one sentence with the path and the remedy.
    """
    return _decode(_read(path, remedy), path, remedy)


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
    lines = _read(path, remedy).splitlines()
    return [_decode(line, path, remedy, where=f"line {number}: ") for number, line in enumerate(lines, start=1)]


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


def _read(path: Path, remedy: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise say_damaged(path, error, remedy=remedy) from None
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


@contextmanager
def whole_folder(path: Path) -> Generator[Path]:
    """Fill a folder that appears under its name only once it is complete.

    Args:
        path: The folder to make; an older one is replaced at the end.

    Yields:
        An empty folder beside it to write into; it is removed if the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        old = path.with_name(f".{path.name}.{os.getpid()}.old")
        shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            path.rename(old)
        aside.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


@contextmanager
def one_at_a_time(path: Path, waits: Callable[[], None] = lambda: None) -> Generator[None]:
    """Let one process at a time into a block, on all machines that share the file system.

    Args:
        path: A lock file, which is made and stays. A process that ends in any way lets go of it.
        waits: Called once if another process is in the block.

    Yields:
        Nothing, as soon as no other process is in the block.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waits()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def expand_user(path: str | Path) -> Path:
    """Put a home folder in the place of `~` or `~user`, where there is such a user.

    Args:
        path: As the user wrote it.

    Returns:
        The path.

    Raises:
        PotstillError: No file can have this name.
    """
    try:
        place = Path(path).expanduser()
    except RuntimeError:  # no such user: it is a name like any other
        place = Path(path)
    try:
        os.lstat(place)
    except ValueError:
        raise PotstillError(f"{str(path)!r} holds a character that no name of a file can have; leave it out.") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            length = f"it has {len(str(path))} characters"
            raise PotstillError(f"'{str(path)[:_SHOWN]} ...' is too long for the name of a file: {length}.") from None
    return place


def fingerprint_files(paths: Iterable[Path]) -> str:
    """Hash the names and contents of files.

    Args:
        paths: Files, in any order.

    Returns:
        16 hexadecimal digits of a SHA-256 that changes with any name or byte.
    """
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda item: item.name):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        total.update(f"{path.name}\0{content.hexdigest()}\n".encode())
    return total.hexdigest()[:16]
