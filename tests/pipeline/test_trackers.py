"""Figures reach an experiment tracker through Accelerate."""

from pathlib import Path

import pytest

from potstill import distill

event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def test_losses_and_scores_reach_tensorboard(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    distill(
        "kd",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=["stages.0.epochs=1", 'tracking.trackers=["tensorboard"]', "tracking.every_steps=1"],
    )
    files = list(out.rglob("events.out.tfevents.*"))
    tags: set[str] = set()
    for file in files:
        events = event_accumulator.EventAccumulator(str(file))
        events.Reload()
        tags |= set(events.Tags()["scalars"])
    assert {"distil/loss", "distil/soft_labels", "dev/accuracy"} <= tags
