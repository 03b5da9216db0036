"""For all tests: one environment on every machine; modules beside this file and beside any test can be imported."""

import os
import signal

import pytest
import torch
from hypothesis import HealthCheck, settings
from missing_packages import find_lacking, find_reason

# Tiny matrices lose more time to waiting threads than they win, and sums depend on how many there are: a test and the
# processes that it starts must have the same number.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)

# What is printed depends on these, which terminals, shells and services set as they like.
for _name in ("CI", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)
os.environ.update(COLUMNS="80", TERM="xterm-256color", PYTHONUTF8="1")

# What `auto` is must not depend on the processor: float32, unless whoever runs the tests says otherwise.
os.environ.setdefault("POTSTILL_PRECISION", "fp32")

# How long an example takes says nothing about a property; busy machines and those that set CI try the same examples.
settings.register_profile(
    "potstill", settings.get_profile("default"), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("potstill")


_LACKING = find_lacking()


@pytest.fixture(params=["fp32", "bf16"])
def auto_precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the precision `auto` is: a test that depends on it runs under each."""
    monkeypatch.setenv("POTSTILL_PRECISION", request.param)
    return request.param


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the golden loss curves anew; say in the commit why they moved."""
    parser.addoption("--update-golden", action="store_true", help="write the golden loss curves of the recipes anew")


@pytest.fixture(autouse=True, scope="session")
def signals_as_in_a_terminal():
    """Hear the signals that a shell's background, or nohup, has its children ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Skip what ends in the sentence of an optional package that this machine lacks."""
    report = yield
    told = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
    if report.failed and (package := find_reason(told, _LACKING)):
        call.excinfo.value.add_note(told)  # a fixture of several tests raises it once more, and prints nothing
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"needs {package}, which is not installed")
    return report
