import io

import pytest
from rich.console import Console

from potstill import console as console_module
from potstill.console import ConsoleCallback


@pytest.fixture
def plain():
    file = io.StringIO()
    return ConsoleCallback(Console(file=file, force_terminal=False, width=40)), file


def test_a_file_gets_plain_lines(plain):
    callback, file = plain
    callback.note("a [note] that is longer than the console is wide, and stays on one line")
    with callback.task("train", 100) as task:
        task.advance(100, text="loss 0.5")
    assert file.getvalue().splitlines() == [
        "a [note] that is longer than the console is wide, and stays on one line",
        "train: 100 of 100, 0 s, loss 0.5",
    ]


def test_a_slow_task_prints_a_line_for_every_tenth(plain, monkeypatch):
    monkeypatch.setattr(console_module, "_SECONDS_BETWEEN_LINES", 0.0)
    callback, file = plain
    with callback.task("train", 200) as task:
        for _ in range(200):
            task.advance()
    lines = file.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [f"train: {done} of 200" for done in range(20, 201, 20)]


def test_a_quick_task_prints_one_line(plain):
    callback, file = plain
    with callback.task("train", 200) as task:
        for _ in range(200):
            task.advance()
    assert len(file.getvalue().splitlines()) == 1


def test_a_resumed_task_counts_on_and_a_stopped_one_says_where(plain):
    callback, file = plain
    task = callback.task("train", 10, done=4)
    task.__enter__().advance(2)
    with pytest.raises(KeyboardInterrupt):
        task.gen.throw(KeyboardInterrupt())
    assert file.getvalue().startswith("train: 6 of 10, 0 s, about 0 s left")


def test_a_task_of_nothing_is_no_mistake(plain):
    callback, file = plain
    with callback.task("train", 0):
        pass
    assert file.getvalue() == "train: 0 of 0, 0 s\n"


def test_a_terminal_gets_bars_with_notes_above():
    file = io.StringIO()
    callback = ConsoleCallback(Console(file=file, force_terminal=True, width=120))
    with callback.task("outer [x]", 2) as outer:
        callback.note("a note")
        with callback.task("inner", 3, done=1) as inner:
            inner.advance(2, text="score [0.5]")
        outer.advance(2)
    with callback.task("later", 1) as later:
        later.advance()
    drawn = file.getvalue()
    assert "\x1b[" in drawn
    for text in ("outer [x]", "a note", "score [0.5]", "3/3", "later"):
        assert text in drawn
