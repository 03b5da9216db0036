"""Modules of one's own that add kinds of things to a recipe: which were given, and what a recipe asks of them.

A module is imported because its user says so (`--plugin`, `load_plugins`) or has installed it as a plug-in of Potstill;
never because a recipe names it.
"""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from potstill.errors import RecipeError
from potstill.files import expand_user

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_GROUP = "potstill.plugins"
_given: dict[str, str] = {}
"""What was given, by the name that a recipe has for it: a file's path, or the entry point's name."""


def load_plugins(given: Sequence[str]) -> None:
    """Import plug-ins, so that recipes can name what they define.

    Args:
        given: Python files, or names of installed plug-ins (entry points of the group `potstill.plugins`, or the
            distributions that have them).

    Raises:
        RecipeError: There is no such file or plug-in, it cannot be imported, or two have one name.
    """
    for each in given:
        if each.endswith(".py"):
            _load_file(expand_user(each).resolve(), called=each)
        elif each not in _given:
            if not (points := _find_points(each)):
                known = ", ".join(sorted(point.name for point in _points())) or "none"
                raise RecipeError(
                    f"--plugin {each}: no plug-in of this name is installed (installed: {known}); a file ends in .py."
                )
            for point in points:
                _import(point, called=each)


def require_plugins(names: Sequence[str], *, recipe: str) -> None:
    """Refuse a recipe that needs a plug-in which its user has not given.

    Args:
        names: What the recipe says: names of files, or of installed plug-ins.
        recipe: What the user called the recipe.

    Raises:
        RecipeError: One of them was neither given nor is it installed.
    """
    for name in names:
        if _is_there(Path(name).name):
            continue
        if not _find_points(name):
            raise RecipeError(
                f"plugins: recipe '{recipe}' needs the plug-in '{name}', which was not given. A plug-in is code that "
                f"runs: look at it, then pass it with --plugin{' path/to/' if name.endswith('.py') else ' '}"
                f"{Path(name).name}."
            )
        load_plugins([name])


def given_plugins() -> tuple[str, ...]:
    """Say what was given to this process, so that another can load the same.

    Returns:
        Paths of files and names of installed plug-ins.
    """
    return tuple(_given.values())


def plugin_of(member: type) -> str | None:
    """Name the plug-in that a class comes from.

    Args:
        member: The class.

    Returns:
        What was given, or else the name of the class's file or package; None for a class of ours.
    """
    package = _package(member.__module__)
    if package == _package(__name__):
        return None
    installed = (name for name in _given if any(_package(point.module) == package for point in _find_points(name)))
    return next(installed, None) or _call(package)


def fingerprint_plugin(name: str) -> str | None:
    """Hash what a plug-in says.

    Args:
        name: As `plugin_of` gives it, or a recipe.

    Returns:
        The beginning of the SHA-256 of its file, or of all modules of its package; None where it has no file.
    """
    packages = {package for package in _packages() if _call(package) == Path(name).name}
    packages |= {_package(point.module) for point in _find_points(name)}
    places = [getattr(sys.modules.get(package), "__file__", None) for package in sorted(packages)]
    files = [Path(place) for place in places if place is not None]
    parts = [part for file in files for part in (sorted(file.parent.rglob("*.py")) if _is_package(file) else [file])]
    if not parts:
        return None
    return hashlib.sha256(b"".join(hashlib.sha256(part.read_bytes()).digest() for part in parts)).hexdigest()[:16]


def _load_file(path: Path, *, called: str) -> None:
    if _given.get(path.name, str(path)) != str(path):
        raise RecipeError(
            f"--plugin {called}: another plug-in of this name was given, '{_given[path.name]}'; name them differently."
        )
    if not path.is_file():
        raise RecipeError(f"--plugin {called}: there is no such file.")
    if path.name in _given:
        return
    name = f"potstill_plugin_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _broken(called, error) from error
    _given[path.name] = str(path)


def _import(point: "EntryPoint", *, called: str) -> None:
    try:
        point.load()
    except Exception as error:
        raise _broken(called, error) from error
    _given[called] = called


def _broken(called: str, error: Exception) -> RecipeError:
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    return RecipeError(f"--plugin {called}: it cannot be imported ({type(error).__name__}: {reason}).")


def _points() -> "Iterable[EntryPoint]":
    from importlib.metadata import entry_points  # slow to import

    return entry_points(group=_GROUP)


def _find_points(name: str) -> "list[EntryPoint]":
    """Find the installed plug-ins of a name, which may be that of their distribution or of their package."""
    if name.endswith(".py"):
        return []
    return [
        point
        for point in _points()
        if name in (point.name, _package(point.module), point.dist.name if point.dist else None)
    ]


def _is_there(name: str) -> bool:
    return name in _given or any(_call(package) == name for package in _packages())


def _packages() -> list[str]:
    return [name for name in list(sys.modules) if "." not in name]


def _package(module: str) -> str:
    return module.partition(".")[0]


def _call(package: str) -> str:
    """Name a package, or the file of a module that stands alone."""
    file = getattr(sys.modules[package], "__file__", None)
    return package if file is None or _is_package(Path(file)) else Path(file).name


def _is_package(file: Path) -> bool:
    return file.name == "__init__.py"
