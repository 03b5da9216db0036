"""The disk: folders that last, what is waited for, and what goes wrong there in words."""

import errno
import os
import re
from pathlib import Path

_NO_MEMORY = ("can't allocate memory", "out of memory", "failed to map segment", "Cannot allocate memory")
"""How libraries say that there is not enough, whatever they raise."""

_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust name an error of the system."""

_OF_THE_MACHINE = frozenset(
    {errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE}
    | {errno.ENOMEM, errno.ENOSPC, errno.EPERM, errno.EROFS, errno.ESTALE}
)
"""What a machine refuses: rights, room, handles, memory, a disk that fails."""

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
    told = str(error)
    if isinstance(error, MemoryError) or any(words in told for words in _NO_MEMORY):
        return "there is not enough memory"
    number = error.errno if isinstance(error, OSError) else None
    if found := _RUST.search(told):
        number = int(found[1])
    elif isinstance(error, OSError) and re.search(r"requested and \d+ written", told):  # as numpy has it
        number = errno.ENOSPC
    return os.strerror(number) if number in _OF_THE_MACHINE else None
