"""Which optional package a failed test lacks."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
_TOLD = re.compile(r"""run ["']pip install ["']?(?:potstill\[(?P<extra>\w+)\]|(?P<package>[\w-]+))""")
_IMPORTED = re.compile(r"No module named '(?P<package>\w+)")


def find_lacking() -> dict[str, tuple[str, ...]]:
    """List the packages that this machine lacks, by the extra or the group that names them."""
    groups: Mapping[str, Iterable[str]] = {
        **_PROJECT["project"]["optional-dependencies"],
        **_PROJECT["dependency-groups"],
    }
    names = {group: [re.split(r"[\[><=]", line)[0] for line in lines] for group, lines in groups.items()}
    return {group: lacking for group, all_ in names.items() if (lacking := tuple(n for n in all_ if _is_lacking(n)))}


def find_reason(told: str, lacking: Mapping[str, tuple[str, ...]]) -> str | None:
    """Name what a failed test lacks, if what it told is the sentence of a missing package that is really missing.

    Args:
        told: What the test printed and raised.
        lacking: What `find_lacking` found.
    """
    text = " ".join(told.replace("\\", "").split())  # an assertion writes quotation marks with backslashes
    for found in (*_TOLD.finditer(text), *_IMPORTED.finditer(text)):
        extra, package = found.groupdict().get("extra"), found["package"]
        if extra in lacking:
            return ", ".join(lacking[extra])
        if package and any(package.replace("-", "_") in _modules(name) for some in lacking.values() for name in some):
            return package
    return None


def _is_lacking(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return True
    return False


def _modules(name: str) -> tuple[str, ...]:
    return (name.replace("-", "_"), name.removesuffix("-python").replace("-", "_"))
