"""A teacher that runs on every batch."""

from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch

from potstill.hub import Encoder
from potstill.teachers.alignment import OwnTokens
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

    def __init__(self, encoder: Encoder, own: OwnTokens | None = None) -> None:
        """Take an encoder and put it into eval mode for good.

        Args:
            encoder: The teacher.
            own: The examples in its own tokens, where its tokenizer is not the student's.
        """
        self.encoder = encoder.eval().requires_grad_(False)
        self.own = own

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Run the encoder on a batch.

        Args:
            batch: Tokenised examples on the encoder's device.
            needs: What to give; of a teacher with its own tokens logits and hidden states.

        Returns:
            The needed outputs, without gradient; hidden states by the tokens of the batch.
        """
        with torch.no_grad():
            outputs: EncoderOutputs = self.encoder(batch if self.own is None else self.own.collate(batch), needs)
            if self.own is None or not needs.hidden_states:
                return outputs
            pooled = {index: self.own.pool(states, batch) for index, states in outputs.hidden_states.items()}
        return replace(outputs, hidden_states=pooled)
