"""Plant bugs of `planted_bugs.py` one after another in a copy of the repository, and see whether the tests notice.

    python scripts/plant_bugs.py outcomes.json [--file training/loop.py] [--again survived] [--limit 300]

Outcomes are written after each bug, with the test that noticed it, and a second call goes on where the first ended.
A bug is killed where a test fails, and survives where all pass; where tests take longer than the limit it is `late`,
and wants a look. Begin on a commit whose tests all pass.

Tests run in children of this process, which has imported what Potstill is built on, and without checks of shapes: so a
bug takes seconds.
"""

import argparse
import hashlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
from planted_bugs import BUGS, Bug

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src") / "potstill"
PYTEST = "-q -x -p no:cacheprovider -o addopts= -W ignore::pytest.PytestAssertRewriteWarning"
BUILT_ON = """
import sys
import hypothesis, torch, transformers
from potstill import cli, doctor, pipeline, reporting, serving, suites, training
print(*(name for name in sys.modules if not name.startswith(("potstill", "_"))))
"""


def main() -> None:
    """Plant all bugs that have no outcome yet."""
    asked = _read_arguments()
    outcomes: dict[str, dict[str, str]] = json.loads(asked.outcomes.read_text()) if asked.outcomes.is_file() else {}
    for bug in BUGS:
        check(bug, ROOT)
    with scratch_copy() as copy:
        import_what_it_is_built_on(copy)
        for bug in BUGS:
            known = outcomes.get(name_bug(bug), {}).get("outcome")
            if known in (None, *asked.again) and bug.file.startswith(tuple(asked.file)):
                outcome, by = plant(bug, copy, limit=asked.limit)
                known = {"file": bug.file, "old": bug.old, "new": bug.new, "outcome": outcome, "by": by}
                outcomes[name_bug(bug)] = known
                asked.outcomes.write_text(json.dumps(outcomes, indent=1) + "\n")
                print(f"{outcome:8} {bug.file}: {bug.old.strip()!r} -> {bug.new.strip()!r}", flush=True)
    found = {key: outcomes[key]["outcome"] for key in map(name_bug, BUGS) if key in outcomes}
    print(f"{len(found)} of {len(BUGS)} bugs: {dict(Counter(found.values()))}")


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outcomes", type=Path, help="JSON file of outcomes, which is added to")
    parser.add_argument("--file", nargs="*", default=[""], help="only bugs of files whose names begin so")
    parser.add_argument("--again", nargs="*", default=[], help="outcomes that are tried again, such as survived")
    parser.add_argument("--limit", type=int, default=300, help="seconds for the tests of a bug")
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


def import_what_it_is_built_on(copy: Path) -> None:
    """Import what the package imports of others, so that children need not, and let them find the copy first."""
    os.environ |= {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", BUILT_ON]
    for name in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split():
        with suppress(ImportError):
            importlib.import_module(name)
    assert not any(name.partition(".")[0] == "potstill" for name in sys.modules), "it is to come from the copy"
    sys.path.insert(0, str(copy / "src"))


def plant(bug: Bug, copy: Path, *, limit: int) -> tuple[str, str]:
    """Run the tests of a bug with the bug, and take it away again."""
    path, sound = copy / PACKAGE / bug.file, check(bug, copy)
    _write(path, sound.replace(bug.old, bug.new))
    try:
        return run_tests(bug.tests, copy, limit=limit)
    finally:
        _write(path, sound)


def _write(path: Path, text: str) -> None:
    """Write code, later by whole seconds than any before, for byte code is told apart by them."""
    later = path.stat().st_mtime + 2
    path.write_text(text, encoding="utf-8")
    os.utime(path, (later, later))


def run_tests(tests: tuple[str, ...], copy: Path, *, limit: int) -> tuple[str, str]:
    """Run test files of a copy, and say what came of it, and which test failed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        child = os.fork()
        if child == 0:
            _become_pytest(tests, copy, printed.fileno())
        status = _wait(child, limit)
        printed.seek(0)
        text = printed.read()
    if status is None:
        return "late", ""
    if status not in (0, 1, 2):
        raise SystemExit(f"the tests {' '.join(tests)} cannot be run:\n{text[-2000:]}")
    by = [line for line in text.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return ("survived", "") if status == 0 else ("killed", by[0][:200] if by else "")


def _become_pytest(tests: tuple[str, ...], copy: Path, output: int) -> NoReturn:
    """Run test files in this process, which was forked for that, and end it."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(copy)
    status = 3
    try:
        status = int(pytest.main([*PYTEST.split(), *(f"tests/{name}" for name in tests)]))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, limit: int) -> int | None:
    """Wait for a child to end, and give its status; None where it is ended at the limit of seconds."""
    last = time.monotonic() + limit
    while time.monotonic() < last:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
