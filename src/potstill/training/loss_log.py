"""The losses of a stage: added up on the device, and read from it only where they are logged."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from potstill.errors import RunError
from potstill.progress import ProgressTask
from potstill.training.checkpoint import Position
from potstill.training.config import StageConfig
from potstill.training.stage_run import StageRun
from potstill.training.steps import Step


class LossLog:
    """Writes the mean losses of the steps since it last did.

    Attributes:
        sums: The loss and the single losses since then, [1 + objectives].
        logged_step: The step at which it last did.
    """

    def __init__(self, stage: StageConfig, names: Sequence[str], run: StageRun) -> None:
        """Begin a stage with objectives of these names."""
        self._stage, self._names, self._run = stage, names, run
        self.sums = torch.zeros(len(names) + 1, device=run.accelerator.device)
        self.logged_step = 0

    def add(self, loss: Tensor, losses: Tensor) -> None:
        """Add a batch."""
        self.sums += torch.cat([loss.detach()[None], losses])

    def write(self, position: Position, step: Step, rate: float, progress: ProgressTask) -> None:
        """Log what was added up, if anything was; the only place where the loop waits for a number."""
        steps = position.step - self.logged_step
        if steps == 0:
            return
        mean = self._run.accelerator.reduce(self.sums, reduction="mean") / steps
        loss, *losses = mean.tolist()
        self.sums.zero_()
        self.logged_step = position.step
        name = self._stage.name
        values = {
            "stage": name,
            "step": position.step,
            "epoch": round(step.epoch_after, 4),
            "loss": loss,
            "losses": dict(zip(self._names, losses, strict=True)),
            "learning_rate": rate,
            "seconds": round(position.seconds, 2),
        }
        self._run.events.write("step", values)
        flat = {f"{name}/{objective}": value for objective, value in values["losses"].items()}
        self._run.track({f"{name}/loss": loss, **flat}, position.step)
        progress.advance(0, text=f"loss {loss:.4f}")
        if not math.isfinite(loss):
            raise RunError(
                f"stages.{name}: the loss is {loss} at step {position.step}; lower optimizer.learning_rate "
                f"({self._stage.optimizer.rate}) or set a clip_norm ({self._stage.clip_norm})."
            )
