"""What every step of a run works with: recipe, data, teacher, device."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from accelerate import PartialState
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, TaskData, tokenise
from potstill.evaluation import predict_logits
from potstill.hub import Encoder
from potstill.progress import Observer
from potstill.recipe import Recipe

__all__ = ["Guide", "Study"]


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A teacher and what identifies it.

    Attributes:
        encoder: The teacher; its labels have the task's order.
        name: What the user called it.
        fingerprint: Changes with its weights, config or tokenizer.
        dev_logits: Its logits on the development set, [examples, labels].
    """

    encoder: Encoder
    name: str
    fingerprint: str
    dev_logits: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A run in progress.

    Attributes:
        recipe: The resolved recipe, as it runs.
        data: The task and its examples.
        observer: Draws the progress.
    """

    recipe: Recipe
    data: TaskData
    observer: Observer

    @cached_property
    def device(self) -> torch.device:
        """The device of this process."""
        return torch.device(PartialState().device)

    @property
    def precision(self) -> Literal["fp32", "bf16"]:
        """Arithmetic of matrix products; `auto` was resolved when the study began."""
        assert self.recipe.precision != "auto"
        return self.recipe.precision

    def autocast(self) -> torch.autocast:
        """Open the run's arithmetic for a block."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")

    def batches(self, split: Literal["train", "dev"], encoder: Encoder, config: BatchConfig | None = None) -> Batches:
        """Tokenise a split for an encoder and put it into batches.

        Args:
            split: Which examples.
            encoder: Whose tokenizer to use.
            config: How they are put together; absent: the defaults, which evaluation uses.

        Returns:
            The batches; their order depends on the recipe's seed.
        """
        examples = self.data.train if split == "train" else self.data.dev
        tokenised = tokenise(examples, encoder.tokenizer, max_length=self.recipe.data.max_length)
        return Batches(tokenised, config or BatchConfig(), seed=self.recipe.seed)

    def dev_logits(self, encoder: Encoder, batches: Batches | None = None) -> NDArray[np.float32]:
        """Run an encoder over the development set.

        Args:
            encoder: The encoder; it is moved to the device of the run.
            batches: The tokenised development set, where it is at hand.

        Returns:
            Logits, [examples, labels].
        """
        encoder.to(self.device)
        prepared = batches or self.batches("dev", encoder)
        return predict_logits(encoder, prepared, device=self.device, precision=self.precision)
