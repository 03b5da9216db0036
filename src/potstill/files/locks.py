"""Locks: who works on a run, a store or a teacher, on all machines that share the file system."""

import json
import os
import platform
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from potstill.errors import RunError
from potstill.files.disk import make_folder

LOCK = ".lock"
"""The lock of a folder, within it."""


@contextmanager
def one_at_a_time(path: Path, waits: Callable[[str], None] = lambda _: None) -> Generator[None]:
    """Let one process at a time into a block.

    Args:
        path: A lock file, which is made and stays. A process that ends in any way lets go of it.
        waits: Told who is in the block, once, if there is another process.

    Yields:
        Nothing, as soon as no other process is in the block.
    """
    from filelock import FileLock, Timeout  # slow to import

    make_folder(path.parent)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waits(_tell_holder(path))
        lock.acquire()
    try:
        _sign(path)
        yield
    finally:
        lock.release()


@contextmanager
def held(folder: Path, *, called: Path | None = None) -> Generator[None]:
    """Keep all others out of a folder for a block; the thread that has it may take it again.

    Args:
        folder: The folder, made where there is none, and removed again where nothing was written into it.
        called: What is made there, in messages; absent: the folder itself.

    Yields:
        Nothing.

    Raises:
        RunError: Another process, or another thread, works there; the message says who and since when.
    """
    from filelock import FileLock, Timeout

    was_there = folder.exists()
    make_folder(folder)
    path = (folder / LOCK).absolute()
    lock = FileLock(path, is_singleton=True)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise RunError(
            f"'{called or folder}' is in use by {_tell_holder(path)}; wait for its end, or choose another name."
        ) from None
    try:
        _sign(path)
        yield
    finally:
        if not was_there and folder.is_dir() and [each.name for each in folder.iterdir()] == [LOCK]:
            shutil.rmtree(folder, ignore_errors=True)  # nothing was begun, and nobody else is there
        lock.release()


def _sign(path: Path) -> None:
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
    path.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since}), encoding="utf-8")


def _tell_holder(path: Path) -> str:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return f"process {told['pid']} on {told['host']}, since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has the lock and has not signed yet
        return "another process"
