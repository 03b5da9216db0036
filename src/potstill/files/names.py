"""What files are called, and what tells their content."""

import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from potstill.errors import PotstillError, RunError

_SHOWN = 40
"""Characters of a name that is too long."""


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


def follow_link(path: Path) -> Path:
    """Give the file or folder that a link stands for, so that the link stays.

    Args:
        path: A link, or anything else.

    Returns:
        What it stands for; what is no link, as it is.

    Raises:
        RunError: It is a link to nothing.
    """
    if not path.is_symlink():
        return path
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise RunError(
            f"'{path}' is a link to '{os.readlink(path)}', which does not exist; remove the link, or make what it "
            "stands for."
        ) from None


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
