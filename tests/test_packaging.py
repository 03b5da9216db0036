"""What is built holds what an installation needs, and what a reader of the sources needs."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from shutil import copyfile

import pytest

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from setuptools import build_meta
build_meta.build_sdist(sys.argv[1])
build_meta.build_wheel(sys.argv[1])
"""


def committed() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git repository")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.slow
def test_wheel_and_sdist_hold_what_is_needed(tmp_path):
    names, source, made = committed(), tmp_path / "source", tmp_path / "dist"
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(ROOT / name, source / name)
    subprocess.run([sys.executable, "-c", BUILD, str(made)], cwd=source, check=True, capture_output=True)
    (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == {name.removeprefix("src/") for name in names if name.startswith("src/potstill/")}
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    kept = [name for name in names if not name.startswith((".ci/", ".github/")) and name not in BESIDE]
    assert set(kept) <= packed


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
