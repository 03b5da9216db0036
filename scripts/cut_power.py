"""Cut the power of a disk on which a run trains, at random moments, and go on from what the disk holds then.

    sudo python scripts/cut_power.py --cuts 20 --seconds 900

The run folder lies on an ext4 in a file, mounted by a loop device. A copy of that file, taken while the run trains, is
what a disk holds when the power goes: what was never flushed may be missing there. The copy is mounted, its journal
replayed, the run gone on with, and its student compared with that of an undisturbed run, bit for bit. Needs root and
Linux. Exits with 1 where anything differs or fails.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kill_runs import Kind, World, digest, run, start

_MEGABYTES = 48


@contextmanager
def mounted(image: Path, place: Path) -> Generator[Path]:
    """Mount an image for a block."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def make_disk(image: Path) -> None:
    """Make an empty disk."""
    with image.open("wb") as file:
        file.truncate(_MEGABYTES * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)


def cut(kind: Kind, scratch: Path, count: int, seconds: float) -> Path:
    """Start a run on a new disk, and take what the disk holds some seconds after so many checkpoints."""
    image, copy = scratch / "disk", scratch / "copy"
    make_disk(image)
    with mounted(image, scratch / "live") as place:
        process = start(kind.begin(place))
        seen: set[str] = set()
        while process.poll() is None and len(seen) < count:
            seen |= {path.name for path in place.glob("run/checkpoints/0*")}
            time.sleep(0.005)
        time.sleep(seconds)
        shutil.copyfile(image, copy)
        process.kill()
        process.communicate()
    return copy


def main() -> None:
    """Cut, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=900, help="begin no cut after so many")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun, draw, wrong, made = time.monotonic(), random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        kind = next(iter(World(scratch).kinds()))
        run(kind.begin(scratch / "whole"))
        expected = digest(scratch / "whole", kind.outcome)
        while made < options.cuts and time.monotonic() - begun < options.seconds:
            copy = cut(kind, scratch, draw.randint(1, 7), draw.uniform(0.0, 0.3))
            with mounted(copy, scratch / "after") as place:
                found = sorted(path.name for path in place.glob("run/checkpoints/*"))
                run(kind.go_on(place))
                same = digest(place, kind.outcome) == expected
            made, wrong = made + 1, wrong + (not same)
            told = " ".join(found) or "no checkpoint"
            print(f"cut {made}: found {told}: {'identical' if same else 'DIFFERENT'}", flush=True)
    print(f"{made} cuts, {wrong} of them wrong, {time.monotonic() - begun:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
