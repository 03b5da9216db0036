"""Files and folders that are written whole or not at all: write aside, wait for the disk, then rename."""

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from potstill.errors import RunError
from potstill.files.disk import explain_machine, make_folder, sync, sync_names
from potstill.files.leftovers import clear_leftovers, name_aside, name_old
from potstill.files.names import follow_link
from potstill.files.seals import expect, forget, note_down, seal_folder


@contextmanager
def whole_file(path: Path, *, is_sealed: bool = False) -> Generator[Path]:
    """Write a file that appears under its name only once it is complete and on the disk.

    Args:
        path: The file to make; its folder must exist. An older file is replaced in one step. What is no plain file,
            such as a device or a pipe, is written to when the block has ended.
        is_sealed: Whether its checksum is kept, so that a damaged one is told when it is read again.

    Yields:
        A path to write to; what lies there is removed if the block raises.

    Raises:
        RunError: It cannot be written, because of the disk, rights, or a link to nothing.
    """
    target = follow_link(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        with TemporaryDirectory() as scratch:
            yield Path(scratch) / target.name
            _write_through(Path(scratch) / target.name, path)
        return
    clear_leftovers(target)
    aside = name_aside(target)
    with _naming(path, aside):
        try:
            aside.touch()
            mode = aside.stat().st_mode
            yield aside
            aside.chmod(mode)
            sync(aside)
            if is_sealed:
                expect(target, aside, _write_seal)
            aside.replace(target)
            sync_names(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str, *, is_sealed: bool = False) -> None:
    """Write a text file whole or not at all.

    Args:
        path: The file; its folder must exist. An older file is replaced in one step.
        text: The content, written as UTF-8.
        is_sealed: As in `whole_file`.
    """
    with whole_file(path, is_sealed=is_sealed) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, is_sealed: bool = False) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON file whole or not at all, indented and with its keys in the order given.

    Args:
        path: The file.
        value: What `json.dumps` takes; NaN and infinities are refused.
        is_sealed: As in `whole_file`.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text, is_sealed=is_sealed)


@contextmanager
def whole_folder(path: Path) -> Generator[Path]:
    """Fill a folder that appears under its name only once it is complete, on the disk, and has its checksums.

    Args:
        path: The folder to make; an older one is replaced at the end.

    Yields:
        An empty folder beside it to write into; it is removed if the block raises.

    Raises:
        RunError: It cannot be written, because of the disk, rights, or what has its name.
    """
    target = follow_link(path)
    if target.exists() and not target.is_dir():
        raise RunError(f"'{path}' is a file; give a folder.")
    aside, old = name_aside(target), name_old(target)
    with _naming(path, aside):
        make_folder(target.parent)
        clear_leftovers(target)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
            _open_to_all(aside)
            seal_folder(aside)
            sync(aside)
            if target.exists():
                target.rename(old)
            aside.rename(target)
            sync_names(target)
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            clear_leftovers(target)
            raise


def seal_file(path: Path) -> None:
    """Keep the checksum of a file that was written line by line and is complete now.

    Args:
        path: The file.
    """
    sync(path)
    note_down(path, _write_seal)


def unseal_file(path: Path) -> None:
    """Forget the checksum of a file that is to be written on.

    Args:
        path: The file, if it is there.
    """
    forget(path, _write_seal)


def _write_seal(path: Path, sums: dict[str, list[str]]) -> None:
    write_json(path, sums)


def _write_through(source: Path, path: Path) -> None:
    """Copy to what is no plain file."""
    try:
        with source.open("rb") as written, path.open("wb") as device:
            shutil.copyfileobj(written, device)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RunError(f"'{path}' cannot be written: {explain_machine(error) or error}.") from None


def _open_to_all(folder: Path) -> None:
    """Give files the rights that new files have here; some libraries hide theirs from all others."""
    mode = folder.stat().st_mode
    for file in folder.rglob("*"):
        file.chmod(mode if file.is_dir() else mode & 0o666)


@contextmanager
def _naming(path: Path, aside: Path) -> Generator[None]:
    """Tell what goes wrong on the disk by the name that the user knows."""
    try:
        yield
    except RunError as error:
        raise RunError(str(error).replace(str(aside), str(path))) from None
    except Exception as error:
        named = error.filename if isinstance(error, OSError) else None
        is_ours = str(named).startswith(str(aside))
        reason = error.strerror if isinstance(error, OSError) and is_ours else explain_machine(error)
        if reason is None or not (named is None or is_ours):
            raise
        raise RunError(f"'{path}' cannot be written: {reason}; nothing is left half written.") from None
