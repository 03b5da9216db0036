"""The loop on Accelerate: stages, optimizer, checkpoints, events."""

from potstill.training.checkpoint import Checkpoints
from potstill.training.choosing import Scores
from potstill.training.config import BoundedEpochs, CheckpointConfig, StageConfig, TrackingConfig, TransferShares
from potstill.training.distiller import Distiller, TeacherNumber
from potstill.training.events import EventLog
from potstill.training.heldout import HeldoutScorer, fill_some
from potstill.training.loop import train_stage
from potstill.training.masking import Masker
from potstill.training.rates import choose_rate
from potstill.training.session import (
    Precision,
    check_trackers,
    close_trackers,
    open_accelerator,
    resolve_precision,
)
from potstill.training.stage_run import Scorer, StageRun
from potstill.training.steps import StepPlan

__all__ = [
    "BoundedEpochs",
    "CheckpointConfig",
    "Checkpoints",
    "Distiller",
    "EventLog",
    "HeldoutScorer",
    "Masker",
    "Precision",
    "Scorer",
    "Scores",
    "StageConfig",
    "StageRun",
    "StepPlan",
    "TeacherNumber",
    "TrackingConfig",
    "TransferShares",
    "check_trackers",
    "choose_rate",
    "close_trackers",
    "fill_some",
    "open_accelerator",
    "resolve_precision",
    "train_stage",
]
