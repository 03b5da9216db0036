"""Which weights a stage leaves, when it ends, and which checkpoints stay, by scores that are given."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_reviews import save_base
from torch import Tensor

from potstill.answers import LabelRows
from potstill.data import Batches, Split, tokenise
from potstill.hub import Encoder, load_encoder_base
from potstill.progress import SilentCallback
from potstill.training import (
    CheckpointConfig,
    Checkpoints,
    Distiller,
    EventLog,
    Masker,
    Scores,
    StageConfig,
    StageRun,
    TrackingConfig,
    open_accelerator,
    train_stage,
)
from potstill.training.checkpoint import Position
from potstill.training.choosing import Choice

Weights = dict[str, Tensor]


class Training:
    """Trains a student whose scores are given, and remembers its weights at every scoring."""

    def __init__(self, folder: Path, base: Path, *, keep: int = 99) -> None:
        self.folder = folder
        self.student = load_encoder_base(str(base), label_names=("bad", "good"))
        self.accelerator = open_accelerator("fp32", trackers=(), folder=folder)
        self.student.to(self.accelerator.device)
        self.checkpoints = Checkpoints(folder / "checkpoints", keep=keep, accelerator=self.accelerator)
        self.seen: list[Weights] = []
        self.callback = SilentCallback()

    def train(
        self,
        scores: Sequence[float],
        start: Position,
        *,
        every: int | None = None,
        masker: Masker | None = None,
        **stage: object,
    ) -> Position:
        """Go through a stage of one step an epoch, scored after each."""
        config = self.read({"epochs": len(scores), **stage})
        distiller, batches, run = self.prepare(config, scores=scores, every=every)
        return train_stage(config, distiller, {}, batches, run=run, start=start, masker=masker)

    def read(self, fields: dict[str, object]) -> StageConfig:
        """Read a stage that follows gold labels, unless other objectives are named."""
        return StageConfig.parse({"name": "one", "objectives": [{"kind": "hard_labels"}], **fields}, path="stage")

    def prepare(
        self, config: StageConfig, *, scores: Sequence[float] = (), every: int | None = None
    ) -> tuple[Distiller, Batches, StageRun]:
        """Give what a stage works with: two texts, and scores that are given."""
        examples = Split(texts=["good film", "bad plot"], labels=LabelRows.one_each(np.array([1, 0])))
        tokenised = tokenise(examples, self.student.tokenizer, max_length=8)
        given = iter(scores)
        run = StageRun(
            accelerator=self.accelerator,
            checkpoints=self.checkpoints,
            checkpoint_config=CheckpointConfig(every_steps=every),
            tracking=TrackingConfig(),
            events=EventLog(self.folder / "events.jsonl"),
            callback=self.callback,
            score=lambda student: self._score(student, given),
        )
        distiller = Distiller(self.student, (), config.objectives, path="stage")
        return distiller, Batches(tokenised, config.batches, seed=0), run

    def _score(self, student: Encoder, scores: Iterator[float]) -> Scores:
        self.seen.append(self.weights(student))
        return Scores(figures={"accuracy": next(scores)})

    def weights(self, student: Encoder | None = None) -> Weights:
        return {name: value.clone() for name, value in (student or self.student).state_dict().items()}

    def left(self) -> int:
        """Say at which scoring the student had the weights that it has now."""
        now = self.weights()
        (number,) = (
            number
            for number, seen in enumerate(self.seen)
            if all(torch.equal(seen[name], value) for name, value in now.items())
        )
        return number


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base"))


def test_the_seconds_of_a_logged_step_hold_what_the_device_still_had_to_do(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("potstill.training.loop.wait_for", lambda _: time.sleep(0.3))  # as a device does that is behind
    left = Training(tmp_path, base).train([0.5], Position())
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["seconds"] >= 0.3 for event in events if event["event"] in ("step", "stage")] == [True, True]
    assert left.seconds >= 0.3


@pytest.mark.parametrize(
    ("select", "scores", "left"),
    [("best", [0.1, 0.9, 0.3, 0.2], 1), ("best", [0.5, 0.5, 0.4], 1), ("last", [0.1, 0.9, 0.3, 0.2], 3)],
)
def test_a_stage_leaves_the_weights_that_it_selects(
    base: Path, tmp_path: Path, select: str, scores: list[float], left: int
) -> None:
    training = Training(tmp_path, base)
    training.train(scores, Position(), select=select)
    assert training.left() == left
    end = json.loads((tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (end["event"], end["steps"]) == ("stage", len(scores))
    assert select == "last" or (end["best_step"], end["best_score"]) == (left + 1, scores[left])


def test_the_next_stage_selects_by_its_own_scores(base: Path, tmp_path: Path) -> None:
    training = Training(tmp_path, base)
    after = training.train([0.8, 0.9], Position())
    assert (after.stage, after.step, after.choice) == (1, 0, Choice())
    training.train([0.1, 0.3, 0.2], after)
    assert training.left() == 3


def test_a_stage_ends_early_where_it_gets_no_better(base: Path, tmp_path: Path) -> None:
    training = Training(tmp_path, base)
    training.train([0.1, 0.5, 0.4, 0.5, 0.9, 0.9], Position(), patience=2)
    assert len(training.seen) == 4
    assert training.left() == 3


def test_the_newest_checkpoints_stay(base: Path, tmp_path: Path) -> None:
    training = Training(tmp_path, base, keep=2)
    training.train([0.1, 0.2, 0.3, 0.4, 0.5], Position(), every=1)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["000-000000003", "000-000000004"]
    newest = training.checkpoints.newest(EventLog(tmp_path / "events.jsonl"), print)
    assert (newest.stage, newest.step, newest.choice.score) == (0, 4, 0.4)
