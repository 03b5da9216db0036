"""Which batches make which optimizer step: a pure plan, the same on any number of processes and after every restart."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.data import Batches
from potstill.training.config import BoundedEpochs, StageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One optimizer step.

    Attributes:
        batches: Example ids of its batches; each is shared by all processes.
        epoch_before: Passes over the data before the step, with its fraction.
        epoch_after: The same after it.
    """

    batches: list[NDArray[np.int64]]
    epoch_before: float
    epoch_after: float

    def crosses(self, parts: int) -> bool:
        """Say whether one of `parts` equal parts of the epoch ends with this step."""
        return math.floor(self.epoch_after * parts + 1e-9) > math.floor(self.epoch_before * parts + 1e-9)

    def is_scored(self, stage: StageConfig, number: int, total: int) -> bool:
        """Say whether the student is scored after this step, the `number`th of `total`."""
        if stage.evaluations is None:
            return number == total or self.crosses(stage.evaluations_per_epoch)
        return number * stage.evaluations // total > (number - 1) * stage.evaluations // total


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """The optimizer steps of a stage.

    Attributes:
        batches: The batches of the training split.
        accumulate: Batches in one optimizer step.
    """

    batches: Batches
    accumulate: int

    def epoch(self, epoch: int) -> list[list[NDArray[np.int64]]]:
        """List the example ids of every batch of every step of an epoch.

        Args:
            epoch: Number of the epoch, from 0.

        Returns:
            Steps, each a list of batches; the last step of an epoch may have fewer.
        """
        plan = self.batches.plan(epoch)
        return [plan[start : start + self.accumulate] for start in range(0, len(plan), self.accumulate)]

    def steps(self, start: int, total: int) -> Iterator[Step]:
        """Walk over the steps of a stage.

        Args:
            start: Steps already made.
            total: Steps of the stage.

        Yields:
            Steps start .. total - 1.
        """
        done, epoch = 0, 0
        while done < total:
            plan = self.epoch(epoch)
            for position, batches in enumerate(plan[: total - done]):
                if done + position >= start:
                    yield Step(
                        batches=batches,
                        epoch_before=epoch + position / len(plan),
                        epoch_after=epoch + (position + 1) / len(plan),
                    )
            done += len(plan)
            epoch += 1

    def total(self, stage: StageConfig) -> int:
        """Count the optimizer steps of a stage, at least 1."""
        if stage.steps is not None:
            return stage.steps
        assert stage.epochs is not None
        bounds = stage.epochs if isinstance(stage.epochs, BoundedEpochs) else BoundedEpochs(passes=stage.epochs)
        whole = math.floor(bounds.passes)
        count = sum(len(self.epoch(epoch)) for epoch in range(whole))
        if bounds.passes > whole:
            count += round((bounds.passes - whole) * len(self.epoch(whole)))
        count = max(count, bounds.min_steps)
        return count if bounds.max_steps is None else min(count, bounds.max_steps)
