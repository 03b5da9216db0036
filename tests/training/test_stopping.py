"""Ctrl-C in a step waits for its end, and what was done by then is saved: the student goes on as if nothing was."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from test_selection import Training
from tiny_reviews import save_base

from potstill.progress import ProgressTask, SilentCallback
from potstill.training import EventLog, clipping
from potstill.training.checkpoint import Position
from potstill.training.stopping import StepGuard

SCORES = [0.1, 0.3, 0.2]
STEPS_OF_AN_EPOCH = 2


class Counting(SilentCallback):
    """Calls what is given after every step."""

    def __init__(self, after: Callable[[], None]) -> None:
        self.after = after

    @contextmanager
    def task(self, name: str, total: int, *, done: int = 0) -> Iterator[ProgressTask]:
        callback = self

        class Task:
            def advance(self, amount: int = 1, *, text: str | None = None) -> None:
                if amount:
                    callback.after()

        yield Task()


def train(folder: Path, base: Path, start: Position, callback: SilentCallback, scores: list[float]) -> Training:
    folder.mkdir(exist_ok=True)
    torch.manual_seed(5)
    training = Training(folder, base)
    training.callback = callback
    if start.step:
        start = training.checkpoints.newest(EventLog(folder / "events.jsonl"), print)
    training.train(scores, start, epochs=len(SCORES), batches={"examples_per_batch": 1})
    return training


def events(folder: Path) -> list[dict]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


@pytest.mark.parametrize(
    ("moment", "step"),
    [*((moment, step) for moment in ("within", "after") for step in (1, 2, 3)), ("scored", 2)],
)
def test_a_stopped_stage_goes_on_from_the_step_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, step: int
) -> None:
    base = save_base(tmp_path / "base")
    whole = train(tmp_path / "whole", base, Position(), SilentCallback(), SCORES)
    left, clip = step, clipping.clip_gradients

    def stop(at: int = 1) -> None:
        nonlocal left
        left -= at
        if left == 0:
            signal.raise_signal(signal.SIGINT)

    def clip_and_stop(*given) -> None:
        stop()
        clip(*given)

    callback = Counting(stop) if moment == "after" else SilentCallback()
    with monkeypatch.context() as patch:
        if moment == "within":
            patch.setattr("potstill.training.loop.clip_gradients", clip_and_stop)
        if moment == "scored":
            patch.setattr(Training, "_score", lambda *_: stop(at=step))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut", base, Position(), callback, SCORES)
    (checkpoint,) = [path for path in (tmp_path / "cut" / "checkpoints").iterdir() if path.name.endswith(str(step))]
    assert Position.read(checkpoint).step == step
    later = SCORES[(step - 1) // STEPS_OF_AN_EPOCH :]
    again = train(tmp_path / "cut", base, Position(step=step), SilentCallback(), later)
    ours, theirs = again.weights(), whole.weights()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert events(tmp_path / "cut") == events(tmp_path / "whole")


def test_a_second_wish_is_heard_at_once() -> None:
    guard, heard = StepGuard(), []

    def wish_twice() -> None:
        with guard.listening(), guard.whole_step():
            signal.raise_signal(signal.SIGINT)
            heard.append("first")
            signal.raise_signal(signal.SIGINT)
            heard.append("second")

    with pytest.raises(KeyboardInterrupt):
        wish_twice()
    assert heard == ["first"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
