"""A run with torch.compile: its student is like any other, and resumes to the identical weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from potstill import load

SETTINGS = [
    "precision=fp32",
    "compile=true",
    "stages.0.epochs=1",
    "stages.1.epochs=1",
    "checkpoints.every_steps=2",
    "checkpoints.keep=99",
]
BEGIN = """
import sys
from potstill import distill
teacher, data, out, *overrides = sys.argv[1:]
distill("kd-hidden", teacher=teacher, data=data, text="review", label="stars", out=out, overrides=overrides)
"""
RESUME = "import sys; from potstill import distill; distill(sys.argv[1], resume=True)"
has_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="needs a C++ compiler on the machine"
)


@pytest.mark.slow
@has_compiler
def test_a_compiled_run_resumes_to_the_identical_student(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    weights = out / "student" / "model.safetensors"
    run(BEGIN, str(teacher), str(reviews), str(out), *SETTINGS)
    expected = weights.read_bytes()
    assert not any("_orig_mod" in name for name in load_file(weights))
    assert len(load(weights.parent)(["a good film"])) == 1
    checkpoints = sorted(path for path in (out / "checkpoints").iterdir() if (path / "position.json").exists())
    middle = next(path for path in checkpoints if json.loads((path / "position.json").read_text())["step"] > 0)
    for path in checkpoints:
        if path != middle:
            shutil.rmtree(path)
    (out / "results.json").unlink()
    shutil.rmtree(weights.parent)
    run(RESUME, str(out / "recipe.json"))
    assert weights.read_bytes() == expected


def run(script: str, *arguments: str) -> None:
    """Run in a process of its own, where Potstill's functions are not wrapped in checks of shapes."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
