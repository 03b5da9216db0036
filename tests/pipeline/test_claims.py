"""A run folder belongs to one process at a time, and a name is taken as soon as a command has begun."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from potstill.errors import RunError
from potstill.pipeline import plan_run
from potstill.pipeline.claims import claim
from potstill.run_folder import RunFolder


def elsewhere(call: Callable[[], object]) -> object:
    """Call from another thread, from which a lock looks as from another process."""
    with ThreadPoolExecutor() as pool:
        return pool.submit(call).result()


def take(**options: object) -> str:
    with plan_run("teacher", {}, **options).claimed() as planned:
        return str(planned.folder)


def test_two_that_begin_at_once_take_different_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = plan_run("teacher", {})
    assert first.folder == Path("runs/teacher")
    with first.claimed() as planned:
        assert planned.folder == Path("runs/teacher")
        assert planned.folder.is_dir()
        assert elsewhere(take) == "runs/teacher-2"
    assert list((tmp_path / "runs").iterdir()) == [], "nothing was begun, and nothing stays"
    assert take() == "runs/teacher"


@pytest.mark.parametrize("is_begun", [False, True])
@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_use_is_refused(tmp_path: Path, *, is_begun: bool, resume: bool) -> None:
    folder = RunFolder(path=tmp_path / "run")

    def other() -> None:
        with claim(folder, resume=resume):
            raise AssertionError("it was taken twice")

    with claim(folder, resume=False):
        if is_begun:
            folder.recipe.write_text("{}")
        told = "in use by process" if is_begun or not resume else "nothing to resume"
        with pytest.raises(RunError, match=told):
            elsewhere(other)


def test_what_a_stopped_run_left_before_it_was_begun_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("runs/teacher")
    folder.mkdir(parents=True)
    for name in (".lock", "checksums.json", "environment.json", "begun.json"):
        (folder / name).write_text("{}")
    assert take() == "runs/teacher"
    assert take(out="runs/mine") == "runs/mine"


def test_nothing_is_put_into_a_strangers_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("mine")
    with pytest.raises(RunError, match="is not empty and holds no run"), claim(RunFolder(path=tmp_path), resume=False):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to("nowhere")
    folder = RunFolder(path=tmp_path / "run")
    with pytest.raises(RunError, match="is a link to 'nowhere', which does not exist"), claim(folder, resume=False):
        pass


def test_what_a_kill_left_is_swept_when_the_run_is_taken_up(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path / "run")
    for left in ("checkpoints/.000-000000001.host@12.partial", ".events.jsonl.host@12.partial"):
        (folder.path / left).mkdir(parents=True)
    folder.recipe.write_text("{}")
    with claim(folder, resume=True):
        assert list(folder.path.rglob("*.partial")) == []
