"""Where files lie that come in packages whose code is never run: texts of tasks, an encoder, word vectors."""

import sys
from importlib.util import find_spec
from pathlib import Path


def find_asset(package: str, *parts: str) -> Path | None:
    """Find a file or a folder that a package holds.

    Args:
        package: The package's name. Its folder may lie unpacked in `share/potstill` of the environment, where `make`
            puts it, or be installed; it is not imported.
        *parts: The way from the package's folder.

    Returns:
        The path; None where the package or this part of it is not there.
    """
    name = package.replace("-", "_")
    spec = find_spec(name)
    installed = (spec.submodule_search_locations or ()) if spec else ()
    places = (Path(sys.prefix, "share", "potstill", name), *map(Path, installed))
    return next((path for place in places if (path := place.joinpath(*parts)).exists()), None)
