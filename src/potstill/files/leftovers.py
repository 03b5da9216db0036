"""What a process leaves that is killed while it writes: named after it, and swept by the next."""

import os
import platform
import re
import shutil
from glob import escape
from pathlib import Path

_PARTIAL, _OLD = ".partial", ".old"


def name_aside(path: Path) -> Path:
    """Name what becomes a file or folder, beside it."""
    return path.with_name(f".{path.name}.{_me()}{_PARTIAL}")


def name_old(path: Path) -> Path:
    """Name a folder that is being replaced, beside its place."""
    return path.with_name(f".{path.name}.{_me()}{_OLD}")


def clear_leftovers(path: Path) -> None:
    """Remove what dead processes of this machine left of one file or folder; put it back if it was being replaced."""
    for end in (_OLD, _PARTIAL):
        for found in path.parent.glob(f".{escape(path.name)}.*{end}"):
            if _is_dead(found, path.name):
                _settle(found, path)


def sweep(folder: Path) -> None:
    """Remove all that writers left in a folder and below it; nobody else may write there meanwhile.

    Args:
        folder: The folder.
    """
    for end in (_OLD, _PARTIAL):
        for found in folder.rglob(f".*{end}"):
            if known := re.fullmatch(rf"\.(.+)\.[^.]+@\d+{re.escape(end)}", found.name):
                _settle(found, found.with_name(known[1]))


def _settle(found: Path, path: Path) -> None:
    if found.suffix == _OLD and not path.exists():
        found.rename(path)
    elif found.is_dir():
        shutil.rmtree(found, ignore_errors=True)
    else:
        found.unlink(missing_ok=True)


def _me() -> str:
    return f"{_machine()}@{os.getpid()}"


def _machine() -> str:
    return re.sub(r"[^\w-]", "-", platform.node()) or "machine"


def _is_dead(found: Path, name: str) -> bool:
    writer, _, number = found.name.removeprefix(f".{name}.").removesuffix(found.suffix).partition("@")
    if writer != _machine() or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return found.suffix == _OLD
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
