"""Runs that several others share are made by one of them, while the others wait."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from potstill.pipeline.shared_runs import make_once
from potstill.progress import SilentCallback
from potstill.run_folder import RunFolder


class Listener(SilentCallback):
    """Keeps what is said, and knows when someone waits."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.waiting = Event()

    def note(self, text: str) -> None:
        self.said.append(text)
        if "waiting" in text:
            self.waiting.set()


def test_a_shared_run_is_made_once_by_two_that_need_it_at_once(tmp_path: Path) -> None:
    folder, first, second = RunFolder(path=tmp_path / "teachers" / "one"), Listener(), Listener()
    made: list[bool] = []

    def make(is_begun: bool) -> None:
        assert second.waiting.wait(timeout=60)
        folder.path.mkdir()
        folder.results.write_text("{}")
        made.append(is_begun)

    with ThreadPoolExecutor() as pool:
        one = pool.submit(make_once, folder, "teacher", make, first)
        while not first.said:
            assert not one.done()
        pool.submit(make_once, folder, "teacher", make, second).result(timeout=60)
        one.result(timeout=60)
    assert made == [False]
    assert [text.split(": ")[1].split(" ")[0] for text in first.said + second.said] == ["making", "waiting", "reusing"]


def test_a_shared_run_that_was_begun_is_resumed(tmp_path: Path) -> None:
    folder, made = RunFolder(path=tmp_path / "one"), []
    folder.path.mkdir()
    folder.recipe.write_text("{}")
    make_once(folder, "teacher", made.append, SilentCallback())
    assert made == [True]
