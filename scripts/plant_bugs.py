"""Plant bugs of `planted_bugs.py` one after another in a copy of the repository, and see whether the tests notice.

    python scripts/plant_bugs.py outcomes.json [--file training/loop.py] [--again survived] [--command 'pytest -q -x']

Outcomes are written after each bug, with the test that noticed it, and a second call goes on where the first ended.
A bug is killed where a test fails, and survives where all pass. Tests that never end are noticed, so one whose tests
take longer than the limit is killed too. Begin on a commit whose tests all pass.
"""

import argparse
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planted_bugs import BUGS, Bug

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src") / "potstill"


def main() -> None:
    """Plant all bugs that have no outcome yet."""
    asked = _read_arguments()
    outcomes: dict[str, dict[str, str]] = json.loads(asked.outcomes.read_text()) if asked.outcomes.is_file() else {}
    for bug in BUGS:
        check(bug, ROOT)
    with scratch_copy() as copy:
        for bug in BUGS:
            known = outcomes.get(name_bug(bug), {}).get("outcome")
            if known in (None, *asked.again) and bug.file.startswith(asked.file):
                outcome, by = plant(bug, copy, command=shlex.split(asked.command), limit=asked.limit)
                known = {"file": bug.file, "old": bug.old, "new": bug.new, "outcome": outcome, "by": by}
                outcomes[name_bug(bug)] = known
                asked.outcomes.write_text(json.dumps(outcomes, indent=1) + "\n")
                print(f"{outcome:8} {bug.file}: {bug.old.strip()!r} -> {bug.new.strip()!r}", flush=True)
    found = {key: outcomes[key]["outcome"] for key in map(name_bug, BUGS) if key in outcomes}
    print(f"{len(found)} of {len(BUGS)} bugs: {dict(Counter(found.values()))}")


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outcomes", type=Path, help="JSON file of outcomes, which is added to")
    parser.add_argument("--file", default="", help="only bugs of files whose names begin so")
    parser.add_argument("--again", nargs="*", default=[], help="outcomes that are tried again, such as survived")
    parser.add_argument("--limit", type=int, default=300, help="seconds for the tests of a bug")
    parser.add_argument("--command", default=f"{sys.executable} -m pytest -q -p no:cacheprovider", help="runs tests")
    return parser.parse_args()


def name_bug(bug: Bug) -> str:
    """Name a bug by what it is."""
    return hashlib.sha256(f"{bug.file}\0{bug.old}\0{bug.new}".encode()).hexdigest()[:12]


def check(bug: Bug, root: Path) -> str:
    """Give the text of a bug's file, and refuse a bug that cannot be planted."""
    text = (root / PACKAGE / bug.file).read_text(encoding="utf-8")
    if text.count(bug.old) != 1 or bug.old == bug.new:
        raise SystemExit(f"{bug.file}: {bug.old!r} stands {text.count(bug.old)} times, and must stand once")
    if missing := [name for name in bug.tests if not (root / "tests" / name).is_file()]:
        raise SystemExit(f"{bug.file}: there is no test file {missing[0]}")
    return text


@contextmanager
def scratch_copy() -> Iterator[Path]:
    """Check the last commit out into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        subprocess.run(["git", "worktree", "add", "--detach", str(copy)], cwd=ROOT, check=True, capture_output=True)
        try:
            yield copy
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(copy)], cwd=ROOT, check=True)


def plant(bug: Bug, copy: Path, *, command: list[str], limit: int) -> tuple[str, str]:
    """Run the tests of a bug with the bug, and take it away again."""
    path, sound = copy / PACKAGE / bug.file, check(bug, copy)
    path.write_text(sound.replace(bug.old, bug.new), encoding="utf-8")
    try:
        return run_tests(bug.tests, copy, command=command, limit=limit)
    finally:
        path.write_text(sound, encoding="utf-8")


def run_tests(tests: tuple[str, ...], copy: Path, *, command: list[str], limit: int) -> tuple[str, str]:
    """Run test files of a copy, and say what came of it, and which test failed."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    files = [f"tests/{name}" for name in tests]
    process = subprocess.Popen(
        [*command, "-x", *files],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "killed", "the time limit"
    if process.returncode not in (0, 1, 2):
        raise SystemExit(f"the tests {' '.join(files)} cannot be run:\n{printed[-2000:]}")
    by = [line for line in printed.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return ("survived", "") if process.returncode == 0 else ("killed", by[0][:200] if by else "")


if __name__ == "__main__":
    main()
