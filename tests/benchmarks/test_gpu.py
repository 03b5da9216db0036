"""The command for a GPU, tried on a CPU in little, so that it works the first time that a GPU is at hand."""

import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
has_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="needs a C++ compiler on the machine"
)


@pytest.fixture
def gpu(monkeypatch):
    """The module `benchmarks/gpu.py`."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("gpu")


@pytest.mark.slow
@has_compiler
def test_all_parts_come_to_their_end_and_onto_the_page(gpu, tmp_path):
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--tiny", "--minutes", "30", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))["parts"]
    assert [*parts] == [*gpu.SHARES]
    assert parts.pop("tests")["counts"]["passed"] > 0
    figures = [value for part in parts.values() for row in part["rows"] for value in row.values()]
    assert all(value > 0 for value in figures if isinstance(value, float))
    assert [row[""] for row in parts["base"]["rows"]][-3:] == ["run", "store", "predict"]
    page = (tmp_path / "gpu.md").read_text(encoding="utf-8")
    assert all(f"**{title}.**" in page for title in gpu.TITLES.values())


def test_a_part_that_takes_longer_than_its_share_is_ended_and_named(gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "WINDING_UP", 0.0)
    missing = gpu.run_part(Path(sys.executable), "gram", tmp_path / "gram.json", 0.0, ["--tiny"])
    assert missing == "ended after 0 s, its share of the time"
    page = gpu.write_page({"date": "now", "command": "gpu.py", "parts": {"gram": {"missing": missing}}})
    assert f"- gram: {missing}" in page


def test_the_page_has_what_was_measured_and_leaves_out_what_was_not(gpu):
    rows = [{"": "run", "tokens/s": 123456.0, "of the peak, %": 41.23, "times TextBrewer": None}]
    part = {"rows": rows, "note": "5 rounds.", "machine": "a GPU", "missing": ""}
    tests = {"counts": {"passed": 9, "failed": 1}, "failed": ["tests/a.py::b"], "notes": [], "missing": ""}
    page = gpu.write_page({"date": "now", "command": "gpu.py", "parts": {"tests": tests, "base": part}})
    assert "| run | 123,456 | 41.2 |  |" in page
    assert "- failed: `tests/a.py::b`" in page
    assert gpu.TITLES["small"] + ".**" not in page


def test_every_test_that_is_chosen_exists(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    parts = import_module("gpu_parts")
    assert [name for name in (*parts.TESTS, parts.PROCESSES) if not (BENCHMARKS.parent / name).is_file()] == []
    assert set(parts.PARTS) == set(import_module("gpu").SHARES)
