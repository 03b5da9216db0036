"""Masking: which tokens of a batch are to be predicted, and what stands in their places."""

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from potstill.config import Config
from potstill.tensors import Batch

_NO_TARGET = -100


class MaskingConfig(Config):
    """Which tokens a stage on a corpus hides; drawn anew every time a text is read.

    Paper:
        Devlin et al. 2019, section 3.1, arXiv:1810.04805; the smoothing is that of the code of DistilBERT.
    """

    rate: float = Field(default=0.15, gt=0.0, lt=1.0)
    """Share of the tokens of a batch that are to be predicted; special tokens never are."""
    mask_share: float = Field(default=0.8, ge=0.0, le=1.0)
    """Share of these that become [MASK]."""
    random_share: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of these that become any token of the vocabulary; the rest stays as it is."""
    smoothing: float = Field(default=0.0, ge=0.0, le=1.0)
    """Favours rare tokens: a token that the corpus has c times is drawn with weight c^-smoothing. 0 draws all alike;
    DistilBERT has 0.7."""

    @model_validator(mode="after")
    def _shares_fit(self) -> "MaskingConfig":
        if self.mask_share + self.random_share > 1.0:
            raise ValueError(
                f"mask_share ({self.mask_share}) and random_share ({self.random_share}) must add up to at most 1"
            )
        return self


class Masker:
    """Hides tokens of batches, with torch's global generator.

    Attributes:
        config: How many, and what stands in their places.
        mask_id: The id of `[MASK]`.
        weights: By token id, the weight with which a token is drawn, [vocab]; 0 for special tokens.
    """

    def __init__(
        self, config: MaskingConfig, *, mask_id: int, special_ids: Collection[int], token_counts: NDArray[np.int64]
    ) -> None:
        """Prepare to mask; `token_counts` says how often the corpus has each token of the vocabulary, [vocab]."""
        self.config = config
        self.mask_id = mask_id
        self.weights = torch.from_numpy(np.maximum(token_counts, 1)).double().pow(-config.smoothing).float()
        self.weights[sorted(special_ids)] = 0.0

    def mask(self, batch: Batch) -> Batch:
        """Hide tokens of a batch.

        Of all the batch's real tokens together, special ones counted, ceil(rate * tokens) are drawn without
        replacement, but never a special one.

        Args:
            batch: On the CPU; unchanged.

        Returns:
            The batch with other `input_ids`, and with `target_ids`.
        """
        ids = batch.input_ids.flatten()
        weights = self.weights[ids] * batch.token_mask.flatten()
        wanted = math.ceil(self.config.rate * int(batch.token_mask.sum()))
        number = min(wanted, int(torch.count_nonzero(weights)))
        targets = torch.full_like(ids, _NO_TARGET)
        hidden = ids.clone()
        if number > 0:
            chosen = torch.multinomial(weights, number)
            targets[chosen] = ids[chosen]
            hidden[chosen] = self._replace(ids[chosen])
        return replace(batch, input_ids=hidden.view_as(batch.input_ids), target_ids=targets.view_as(batch.input_ids))

    def _replace(self, ids: Tensor) -> Tensor:
        """Say what stands in the places of the chosen tokens."""
        fate = torch.rand(len(ids))
        other = torch.randint(len(self.weights), ids.shape)
        masked, drawn = self.config.mask_share, self.config.mask_share + self.config.random_share
        return torch.where(fate < masked, self.mask_id, torch.where(fate < drawn, other, ids))
