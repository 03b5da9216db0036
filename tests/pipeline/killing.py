"""Kill a run with SIGKILL in the middle of its training."""

import signal
import subprocess
import sys
import time
from pathlib import Path


def kill_after_checkpoints(script: str, *args: str, out: Path, count: int) -> None:
    """Run a script that trains into a folder, and kill it as soon as so many checkpoints were seen there."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seen: set[str] = set()
    while process.poll() is None and len(seen) < count:
        seen |= {path.parent.name for path in out.glob("checkpoints/*/position.json") if path.parent.name[0] != "."}
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "results.json").exists(), "the run ended before it could be killed"
