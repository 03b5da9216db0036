"""For tests that change what is stored: without its checksums it is taken as it is."""

from pathlib import Path


def unseal(folder: Path) -> Path:
    """Remove all checksums in a folder."""
    for seal in folder.rglob("checksums.json"):
        seal.unlink()
    return folder
