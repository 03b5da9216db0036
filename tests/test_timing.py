"""The one timer waits for the device, and nothing else reads a clock to time what a device does."""

from pathlib import Path

import pytest
import torch

import potstill
from potstill.timing import time_work

SOURCE = Path(potstill.__file__).parent
WALL_CLOCKS = {
    "timing.py",
    "training/loop.py",  # the wall time of a stage, which reads numbers from the device at its end
    "serving/bench_probe.py",  # the start of a process: to wait for its device before would wake it
}


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_the_clock_runs_from_a_device_at_rest_to_a_device_at_rest(monkeypatch, kind):
    seen = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: seen.append(f"wait for {device.type}"))
    assert time_work(lambda: seen.append("work"), device=torch.device(kind)) >= 0
    assert seen == [f"wait for {kind}", "work", f"wait for {kind}"]


def test_a_processor_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: pytest.fail("a CPU is never behind"))
    assert time_work(lambda: torch.ones(8, 8) @ torch.ones(8, 8), device=torch.device("cpu")) > 0


@pytest.mark.parametrize("clock", ["perf_counter", "synchronize("])
def test_whatever_is_timed_is_timed_by_the_one_timer(clock):
    found = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if clock in path.read_text("utf-8")}
    assert found <= WALL_CLOCKS
