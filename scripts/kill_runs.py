"""Kill runs at random moments, take them up again, and compare what they leave with an undisturbed run, bit for bit.

    python scripts/kill_runs.py --kills 20 --seconds 900

Each kind of run is made once undisturbed. Then it is started again and again in a new place, killed (SIGKILL, or with
`--gently` also SIGTERM, SIGHUP and SIGINT) after a random part of the time that it takes, and gone on with, several
times in a row; at last it may end. Models are tiny and random. Exits with 1 where anything differs, fails, or is left
lying about.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from tiny_reviews import make_base, save_base, write_reviews  # noqa: E402 - lies beside the tests

_SHORT = ("precision=fp32", "stages.0.epochs=6", "checkpoints.every_steps=3", "tracking.every_steps=5")
_STATES = (
    'stages.0.objectives=[{kind="hidden_states"}, {kind="soft_labels"}]',
    "student.num_layers=2",
    "student.init.kind=random",
    "teacher.states=store",
)
_LONGER = """
extends = "teacher"
name = "longer"
[[stages]]
name = "finetune"
epochs = 12
objectives = [{ kind = "hard_labels" }]
optimizer = { learning_rate = 3e-3 }
"""
_TEXTS = ("stages.0.data=augmented", "augmentation.method.kind=tang", "augmentation.method.replace_probability=0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of work that may be killed.

    Attributes:
        name: What it is called.
        begin: Gives the command, for the folder of a try.
        go_on: Gives the command after a kill.
        outcome: Files that must be equal.
    """

    name: str
    begin: Callable[[Path], list[str]]
    go_on: Callable[[Path], list[str]]
    outcome: tuple[str, ...]


class World:
    """A base, data, a teacher and a student, made once."""

    def __init__(self, folder: Path) -> None:
        """Make them in a folder."""
        self.folder = folder
        self.base = save_base(folder / "base", make_base(num_hidden_layers=3))
        self.data = ["--data", str(write_reviews(folder / "data", count=240)), "--text", "review", "--label", "stars"]
        long = ("stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3")
        run(["finetune", str(self.base), *self.data, "--out", str(folder / "teacher"), *_set("precision=fp32", *long)])
        (folder / "longer.toml").write_text(_LONGER, encoding="utf-8")
        self.teacher = ["--teacher", str(folder / "teacher")]
        run(["distill", "kd", *self.data, *self.teacher, "--out", str(folder / "student"), *_set(*_SHORT)])

    def kinds(self) -> Iterator[Kind]:
        """List all sorts of work."""
        made = ("run/student/model.safetensors", "run/predictions.safetensors")
        yield self._run("train", *self.teacher, *_set(*_SHORT), outcome=made)
        yield self._run("controls", *self.teacher, "--baseline", "hard-labels", *_set(*_SHORT), outcome=made)
        yield self._run("store", *self.teacher, *_set(*_SHORT, *_STATES), outcome=made)
        texts = (*made, "store/augmented-*/texts.parquet")
        yield self._run("augmentation", *self.teacher, *_set(*_SHORT, *_TEXTS), outcome=texts)
        taught = (*made, "teachers/*/student/model.safetensors")
        longer = f"teacher.recipe={self.folder / 'longer.toml'}"
        yield self._run("teacher", "--teacher-base", str(self.base), *_set(*_SHORT, longer), outcome=taught)
        yield Kind(name="export", begin=self._export, go_on=self._export, outcome=("onnx/onnx/model.onnx",))

    def _run(self, name: str, *given: str, outcome: tuple[str, ...]) -> Kind:
        def begin(place: Path) -> list[str]:
            return ["distill", "kd", *self.data, *given, "--out", str(place / "run")]

        def go_on(place: Path) -> list[str]:
            recipe = place / "run" / "recipe.json"
            return ["distill", str(recipe), "--resume"] if recipe.is_file() else begin(place)

        return Kind(name=name, begin=begin, go_on=go_on, outcome=outcome)

    def _export(self, place: Path) -> list[str]:
        return ["export", str(self.folder / "student"), "--out", str(place / "onnx"), "--max-drop", "5"]


def _set(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """Start a command in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-m", "potstill", *arguments], env=environment, start_new_session=True, **pipes
    )


def run(arguments: list[str]) -> None:
    """Run a command to its end."""
    process = start(arguments)
    _, told = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"potstill {' '.join(arguments)} ended with {process.returncode}:\n{told}")


def digest(place: Path, outcome: tuple[str, ...]) -> list[str]:
    """Hash what a try left."""
    files = [file for pattern in outcome for file in sorted(place.glob(pattern))]
    return [hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files] + [str(len(files))]


def leftovers(place: Path) -> list[str]:
    """List what no finished run should leave."""
    return [str(path) for end in (".partial", ".old", ".parts") for path in place.rglob(f".*{end}")]


def kill_and_go_on(kind: Kind, place: Path, seconds: float, kills: int, draw: random.Random, gently: bool) -> int:
    """Make a try with some kills; say how many there were before it ended."""
    signals = [signal.SIGKILL, *([signal.SIGTERM, signal.SIGHUP, signal.SIGINT] if gently else [])]
    command = kind.begin(place)
    for made in range(kills):
        process = start(command)
        try:
            process.wait(timeout=draw.uniform(0.1, 1.0) * seconds)
            return made
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, draw.choice(signals))
            process.communicate()
        command = kind.go_on(place)
    run(command)
    return kills


def main() -> None:
    """Kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=900, help="begin no try after so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="one of train, controls, store, augmentation, teacher, export")
    parser.add_argument("--gently", action="store_true", help="send SIGTERM, SIGHUP and SIGINT too")
    options = parser.parse_args()
    begun, draw, wrong, total = time.monotonic(), random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        world = World(Path(scratch))
        kinds = [kind for kind in world.kinds() if not options.kind or kind.name in options.kind]
        whole: dict[str, tuple[float, list[str]]] = {}
        for kind in kinds:
            place, since = Path(scratch) / f"whole-{kind.name}", time.monotonic()
            run(kind.begin(place))
            whole[kind.name] = (time.monotonic() - since, digest(place, kind.outcome))
        number = 0
        while total < options.kills and time.monotonic() - begun < options.seconds:
            kind, place = kinds[number % len(kinds)], Path(scratch) / f"try-{number}"
            seconds, expected = whole[kind.name]
            made = kill_and_go_on(kind, place, seconds, draw.randint(1, 3), draw, options.gently)
            same, left = digest(place, kind.outcome) == expected, leftovers(place)
            wrong += not same or bool(left)
            total, number = total + made, number + 1
            print(f"{kind.name:13} {made} kills: {'identical' if same else 'DIFFERENT'} {' '.join(left)}", flush=True)
            shutil.rmtree(place, ignore_errors=True)
    print(f"{total} kills in {number} tries, {wrong} of them wrong, {time.monotonic() - begun:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
