"""Every shipped recipe trains as it did when its curve was written.

A curve that moves on purpose is written anew by `pytest tests/recipes --update-golden`; the commit says why it moved.
"""

import json
from pathlib import Path

import pytest
from golden_runs import NUM_STEPS, GoldenWorld, draw_curves, make_world

from potstill.recipes import shipped_recipes

GOLDEN = Path(__file__).parent / "golden_curves.json"
TOLERANCE = 2e-3
"""Relative: five steps on another processor differ in the last digits of single precision, and the starts that solve
least squares in some more."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> GoldenWorld:
    return make_world(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", shipped_recipes())
def test_the_first_steps_are_those_of_the_golden_curve(
    name: str, world: GoldenWorld, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    curves = draw_curves(name, world, tmp_path)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    if request.config.getoption("--update-golden", default=False):
        golden[name] = curves
        GOLDEN.write_text(json.dumps(dict(sorted(golden.items())), indent=1) + "\n", encoding="utf-8")
        return
    assert name in golden, "a new recipe needs a curve: pytest tests/recipes --update-golden"
    assert list(curves) == list(golden[name])
    for stage, losses in curves.items():
        assert len(losses) == NUM_STEPS
        assert losses == pytest.approx(golden[name][stage], rel=TOLERANCE), stage


def test_every_curve_belongs_to_a_recipe() -> None:
    assert set(json.loads(GOLDEN.read_text(encoding="utf-8"))) <= set(shipped_recipes())
