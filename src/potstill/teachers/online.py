"""A teacher that runs on every batch."""

from typing import Protocol, runtime_checkable

import torch

from potstill.hub import Encoder
from potstill.tensors import Batch, EncoderOutputs, Needs


@runtime_checkable
class Teacher(Protocol):
    """Gives outputs for a batch; they are constants."""

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Give exactly the needed outputs for a batch.

        Args:
            batch: Tokenised examples.
            needs: What to give.

        Returns:
            The teacher's outputs, without gradient.
        """


class OnlineTeacher:
    """Runs an encoder in eval mode, so that its targets have no dropout noise."""

    def __init__(self, encoder: Encoder) -> None:
        """Take an encoder and put it into eval mode for good."""
        self.encoder = encoder.eval().requires_grad_(False)

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Run the encoder on a batch.

        Args:
            batch: Tokenised examples on the encoder's device.
            needs: What to give.

        Returns:
            The needed outputs, without gradient.
        """
        with torch.no_grad():
            outputs: EncoderOutputs = self.encoder(batch, needs)
        return outputs
