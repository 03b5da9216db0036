"""The disk: folders that last, what is waited for, and what goes wrong there in words."""

import errno
import os
import re
from pathlib import Path

_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust name an error of the system."""

_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems answer that cannot sync a folder."""


def make_folder(path: Path) -> None:
    """Make a folder with all that are missing above it, on the disk before anything is put there.

    Args:
        path: The folder; one that is there is left as it is.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_names(each)


def sync(path: Path) -> None:
    """Wait until a file, or a folder with all that it holds, is on the disk.

    Args:
        path: The file or folder.
    """
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        _sync(each)


def sync_names(path: Path) -> None:
    """Wait until the folder above knows a file or folder by its name, also after a loss of power."""
    _sync(path.absolute().parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def explain_machine(error: BaseException) -> str | None:
    """Say what the machine refused: no room, no right, no memory.

    Args:
        error: Of Python, or of a library in Rust, which has the number in its text alone.

    Returns:
        Its words, without a stop at their end; None where it is an error of another sort.
    """
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or os.strerror(error.errno)
    if found := _RUST.search(str(error)):
        return os.strerror(int(found[1]))
    is_short = isinstance(error, OSError) and re.search(r"requested and \d+ written", str(error))  # as numpy has it
    return os.strerror(errno.ENOSPC) if is_short else None
