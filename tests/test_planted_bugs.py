"""The list of planted bugs stays true to the code; `scripts/plant_bugs.py` plants them before a release."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from plant_bugs import check, name_bug  # noqa: E402
from planted_bugs import BUGS, Bug  # noqa: E402


def test_every_planted_bug_can_be_planted():
    for bug in BUGS:
        changed = check(bug, ROOT).replace(bug.old, bug.new)
        compile(changed, bug.file, "exec")
    assert len({name_bug(bug) for bug in BUGS}) == len(BUGS) >= 150


def test_a_bug_that_no_longer_applies_is_refused():
    bug = Bug(file="errors.py", old="no such text", new="", tests=("test_rules.py",))
    with pytest.raises(SystemExit, match="stands 0 times"):
        check(bug, ROOT)
