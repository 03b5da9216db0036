"""A process of its own for one model: how long until its first answer, and how much memory.

`python -m potstill.serving.bench_probe SPECIFICATION` prints one line of JSON.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from potstill.engines import OnnxEngine
from potstill.errors import ModelError
from potstill.serving.bench_batches import random_batch, square_batch
from potstill.serving.bench_report import ProbeReport
from potstill.serving.bench_subjects import Origin, Runner, load_runner
from potstill.serving.classifier import load

_LONGEST_SECONDS = 600


def probe(runner: Runner, *, num_threads: int) -> ProbeReport:
    """Start a model in a process of its own."""
    origin = runner.origin
    specification = json.dumps(
        {
            "name": origin.name,
            "is_shape": origin.is_shape,
            "backend": origin.backend,
            "file": None if runner.file is None else str(runner.file),
            "threads": num_threads,
            "started": time.time(),
        }
    )
    command = [sys.executable, "-m", "potstill.serving.bench_probe", specification]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=True)
    except subprocess.SubprocessError as error:
        output = str(getattr(error, "stderr", "") or error).strip().split("\n")
        raise ModelError(
            f"'{origin.name}' could not be started in a process of its own ({output[-1][:200]}); leave its cold start "
            "and memory out with --no-probe."
        ) from None
    return ProbeReport.parse(json.loads(answer.stdout.strip().split("\n")[-1]))


def _peak_bytes() -> int:
    """Give the most memory that this process has had."""
    # Linux hands getrusage's peak on to the program that a process starts; VmHWM begins anew with it.
    status = Path("/proc/self/status")
    if status.is_file() and (
        found := re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(encoding="utf-8"), re.MULTILINE)
    ):
        return 1024 * int(found[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _main(specification: str) -> None:
    wanted = json.loads(specification)
    torch.set_num_threads(wanted["threads"])
    if wanted["file"]:
        import onnxruntime  # noqa: F401 - so that its import is not counted as the model's
    now, imported, before = time.time(), time.perf_counter(), _peak_bytes()
    _answer(wanted)
    answered = time.perf_counter()
    report = ProbeReport(
        cold_start_seconds=None if wanted["is_shape"] else answered - imported,
        import_seconds=now - wanted["started"],
        peak_bytes=_peak_bytes(),
        model_bytes=_peak_bytes() - before,
    )
    sys.stdout.write(json.dumps(report.model_dump(mode="json")) + "\n")


def _answer(wanted: dict[str, Any]) -> None:
    """Load the model and have it answer once."""
    if not wanted["is_shape"]:
        load(wanted["name"], backend=wanted["backend"])(["A text."])
    elif wanted["file"]:
        OnnxEngine(Path(wanted["file"])).run(random_batch(num_examples=1, num_tokens=16, ids=range(2, 1000)))
    else:
        origin = Origin(name=wanted["name"], is_shape=True, backend=wanted["backend"])
        with tempfile.TemporaryDirectory() as scratch:
            runner = load_runner(origin, scratch=Path(scratch), num_threads=None)
        runner.engine.run(square_batch(runner.encoder, num_examples=1, num_tokens=16))


if __name__ == "__main__":
    _main(sys.argv[1])
