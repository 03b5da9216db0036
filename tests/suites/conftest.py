from pathlib import Path

import pytest
from tiny_grid import make_small_suite, make_suite
from tiny_reviews import save_base, write_reviews

from potstill.suites import Suite, run_suite
from potstill.suites.schedule import SilentWatcher
from potstill.suites.workers import InProcess


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reviews(tmp_path_factory.mktemp("data"), count=120)


@pytest.fixture(scope="session")
def suite(base: Path, reviews: Path) -> Suite:
    return make_suite(base, reviews)


@pytest.fixture(scope="session")
def small_suite(base: Path, reviews: Path) -> Suite:
    return make_small_suite(base, reviews)


@pytest.fixture(scope="session")
def finished(small_suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small suite, worked through."""
    out = tmp_path_factory.mktemp("suite") / "tiny"
    run = run_suite(small_suite, out, InProcess(), SilentWatcher())
    assert not run.outcome.failed
    return out
