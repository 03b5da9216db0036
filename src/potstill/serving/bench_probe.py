"""A process of its own for one model: how long until its first answer, and how much memory.

`python -m potstill.serving.bench_probe SPECIFICATION` prints one line of JSON.
"""

import json
import re
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from potstill.engines import Backend, Engine, build_engine
from potstill.errors import ModelError
from potstill.serving.bench_batches import square_batch
from potstill.serving.bench_report import ProbeReport
from potstill.serving.classifier import load_classifier

_LONGEST_SECONDS = 600


def probe(engine: Engine, scratch: Path) -> ProbeReport:
    """Start a model in a process of its own, on as many threads as here."""
    specification = json.dumps(
        {
            "name": engine.name,
            "is_shape": engine.is_shape,
            "backend": engine.backend.name,
            "module": type(engine.backend).__module__,
            "scratch": str(scratch),
            "threads": torch.get_num_threads(),
            "started": time.time(),
        }
    )
    command = [sys.executable, "-m", "potstill.serving.bench_probe", specification]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=True)
    except subprocess.SubprocessError as error:
        output = str(getattr(error, "stderr", "") or error).strip().split("\n")
        raise ModelError(
            f"'{engine.name}' could not be started in a process of its own ({output[-1][:200]}); leave its cold start "
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
    backend = _find_backend(wanted["module"], wanted["backend"])
    backend.check()
    now, imported, before = time.time(), time.perf_counter(), _peak_bytes()
    _answer(backend, wanted)
    answered = time.perf_counter()
    report = ProbeReport(
        cold_start_seconds=None if wanted["is_shape"] else answered - imported,
        import_seconds=now - wanted["started"],
        peak_bytes=_peak_bytes(),
        model_bytes=_peak_bytes() - before,
    )
    sys.stdout.write(json.dumps(report.model_dump(mode="json")) + "\n")


def _find_backend(module: str, name: str) -> Backend:
    """Find a back-end in the module of its class."""
    found = vars(import_module(module)).values()
    return next(each for each in found if isinstance(each, Backend) and each.name == name)


def _answer(backend: Backend, wanted: dict[str, Any]) -> None:
    """Load the model and have it answer once."""
    if wanted["is_shape"]:
        engine = build_engine(wanted["name"], backend, Path(wanted["scratch"]))
        engine.run(square_batch(engine.model, num_examples=1, num_tokens=16))
    else:
        load_classifier(wanted["name"], backend)(["A text."])


if __name__ == "__main__":
    _main(sys.argv[1])
