"""What is built holds what an installation needs, and what a reader of the sources needs."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import pytest

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from setuptools import build_meta
made = sys.argv[1]
build_meta.build_sdist(made)
build_meta.build_wheel(made)
"""
FROM_HERE = """
import sys
from pathlib import Path
import potstill
assert Path(potstill.__file__).is_relative_to(sys.prefix), potstill.__file__
"""
ALL_NAMES = """
import potstill
missing = [name for name in potstill.__all__ if not hasattr(potstill, name)]
assert not missing, missing
"""


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a release consists of, and the names of the files that it was built from."""

    names: list[str]
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Built:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git repository")
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    folder = tmp_path_factory.mktemp("built")
    source, made = folder / "source", folder / "dist"
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(ROOT / name, source / name)
    subprocess.run([sys.executable, "-c", BUILD, str(made)], cwd=source, check=True, capture_output=True)
    (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
    return Built(names=names, wheel=wheel, sdist=sdist)


def test_wheel_and_sdist_hold_what_is_needed(built):
    inside = {name for name in zipfile.ZipFile(built.wheel).namelist() if ".dist-info/" not in name}
    assert inside == {name.removeprefix("src/") for name in built.names if name.startswith("src/potstill/")}
    with tarfile.open(built.sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    kept = [name for name in built.names if not name.startswith((".ci/", ".github/")) and name not in BESIDE]
    assert set(kept) <= packed


@pytest.fixture(scope="module")
def call(built, tmp_path_factory) -> Callable[..., str]:
    """Run a command of an environment that has the wheel, and sees what that needs, so that no network is asked."""
    home, elsewhere = tmp_path_factory.mktemp("env"), tmp_path_factory.mktemp("elsewhere")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    needed = {sysconfig.get_paths()[name] for name in ("purelib", "platlib")}
    (packages / "needed.pth").write_text("\n".join(needed), encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(name: str | Path, *arguments: str | Path) -> str:
        command = [home / "bin" / name, *arguments]
        done = subprocess.run(command, cwd=elsewhere, env=bare, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--python", home / "bin" / "python"]
    run(*pip, "install", "--no-deps", "--no-index", "--no-compile", built.wheel)
    return run


def test_an_installed_wheel_works_without_the_tree(call):
    assert "distill" in call("potstill", "--help")
    call("python", "-c", FROM_HERE)


@pytest.mark.slow
def test_an_installed_wheel_has_all_names_and_what_lies_beside_the_code(call):
    assert "tinybert-4x312" in call("potstill", "recipes")
    call("python", "-c", ALL_NAMES)


BESIDE = (".gitignore", ".pre-commit-config.yaml")
"""What only a clone needs."""


def test_what_extras_and_groups_ask_for_has_a_lower_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    asked += [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    assert [each for each in asked if ">=" not in each] == []


def test_the_citation_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
