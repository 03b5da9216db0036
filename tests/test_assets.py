"""Files of packages are found unpacked beside the environment or installed, and nothing of the package is run."""

import sys
from pathlib import Path

import pytest

from potstill.assets import find_asset


def unpack(folder: Path) -> Path:
    """Lay a package whose import fails into a folder, and give the file that it holds."""
    package = folder / "malt_and_barley"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('the package is run')", encoding="utf-8")
    file = package / "data" / "grains.txt"
    file.write_text("barley", encoding="utf-8")
    return file


def test_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = unpack(tmp_path)
    assert find_asset("malt-and-barley", "data", "grains.txt") is None
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_asset("malt-and-barley", "data", "grains.txt") == file
    assert find_asset("malt-and-barley", "data") == file.parent
    assert find_asset("malt-and-barley", "data", "yeast.txt") is None


def test_an_unpacked_package_is_found_before_an_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = unpack(tmp_path / "share" / "potstill")
    unpack(tmp_path / "installed")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert find_asset("malt-and-barley", "data", "grains.txt") == file
