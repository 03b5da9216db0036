"""What a stage works with beside its student and teacher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accelerate import Accelerator

from potstill.hub import Encoder
from potstill.progress import ProgressCallback
from potstill.training.checkpoint import Checkpoints
from potstill.training.choosing import Scores
from potstill.training.config import CheckpointConfig, TrackingConfig
from potstill.training.events import EventLog

Scorer = Callable[[Encoder], Scores]
"""Scores the student on the examples that choose its weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """What a stage works with beside its student and teacher.

    Attributes:
        accelerator: Devices, precision, processes, trackers.
        checkpoints: Where the run is saved.
        checkpoint_config: When it is saved.
        tracking: What is logged when.
        events: The event log.
        callback: Draws the progress.
        score: Scores the student on the examples that choose its weights.
        is_compiled: Whether student and running teachers run as compiled code.
        is_trial: Whether what is trained is thrown away: nothing is saved, and trackers hear nothing of it.
    """

    accelerator: Accelerator
    checkpoints: Checkpoints
    checkpoint_config: CheckpointConfig
    tracking: TrackingConfig
    events: EventLog
    callback: ProgressCallback
    score: Scorer
    is_compiled: bool = False
    is_trial: bool = False

    def track(self, values: Mapping[str, float], step: int) -> None:
        """Hand figures to the experiment trackers."""
        if not self.is_trial:
            self.accelerator.log(dict(values), step=step)
