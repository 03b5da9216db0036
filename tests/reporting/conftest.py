"""Run folders as a finished run leaves them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up_runs import write_run

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    def make(name: str = "run", **changes: Any) -> Path:
        return write_run(tmp_path / name, **changes)

    return make


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with everything in it, whose name tries to become markup as well; only to be read."""
    return write_run(tmp_path_factory.mktemp("runs") / "run<script>alert(3)<")
