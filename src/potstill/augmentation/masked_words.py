"""What a masked language model puts in the place of words: whole batches of texts with all their masks at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.hub import AlignedText, Encoder, align_texts, spell_vocabulary
from potstill.tensors import Batch, Needs, TokenBlock

__all__ = ["MaskedWords", "Span"]

Span = tuple[int, int]
"""First character of a word and the one behind its last."""

_TOKENS_PER_BATCH = {"cpu": 4096}
_TOKENS_PER_ACCELERATOR_BATCH = 65_536
_LONGEST = 512
"""Tokens of an input whose model names no limit, as in the reference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Variant:
    """A text in which some words are masked."""

    text: int
    spans: tuple[Span, ...]
    places: tuple[int, ...]


class MaskedWords:
    """Asks a masked language model for candidates."""

    def __init__(
        self,
        encoder: Encoder,
        *,
        count: int,
        context: Literal["pair", "single"],
        masked_together: int,
        precision: str = "fp32",
    ) -> None:
        """Take a masked language model.

        Args:
            encoder: The model, on the device where it runs.
            count: Candidates of a word, before those that are no words are dropped.
            context: As `TinyBertConfig.context`.
            masked_together: As `TinyBertConfig.masked_together`.
            precision: Arithmetic of matrix products, `fp32` or `bf16`.
        """
        self._encoder = encoder.eval().requires_grad_(False)
        self._count, self._together = count, masked_together
        self._is_doubled = context == "pair"
        self._is_half = precision == "bf16"
        self._words = spell_vocabulary(encoder.tokenizer)
        self._mask_id = int(encoder.tokenizer.wrapped.mask_token_id)
        self._longest = encoder.max_tokens or _LONGEST

    def candidates(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[dict[Span, tuple[str, ...]]]:
        """Find candidates for words of texts.

        Args:
            texts: The texts.
            spans: For each text the words in question.

        Returns:
            For each text the candidates of those of its words that are one token of the model, in alphabetical order;
            none for a word that stands behind the longest input of the model.
        """
        aligned = align_texts(self._encoder.tokenizer, texts, is_doubled=self._is_doubled)
        found: list[dict[Span, tuple[str, ...]]] = [
            {span: () for span in wanted if span in text.places} for text, wanted in zip(aligned, spans, strict=True)
        ]
        variants = [
            variant
            for number, text in enumerate(aligned)
            for variant in self._mask(number, text, [span for span in spans[number] if span in text.places])
        ]
        if not variants:
            return found
        batches = Batches(self._tokens(aligned, variants), self._budget(), seed=0)
        for batch in batches.ordered():
            chosen = [variants[number] for number in batch.example_ids.tolist()]
            for variant, tokens in zip(chosen, self._predict(batch, chosen), strict=True):
                for span, ids in zip(variant.spans, tokens, strict=True):
                    found[variant.text][span] = self._spell(ids)
        return found

    def _mask(self, number: int, text: AlignedText, spans: Sequence[Span]) -> list[_Variant]:
        """Share the words of a text out among inputs, so that those masked together stand far apart."""
        within = [span for span in spans if text.places[span] < self._longest]
        count = -(-len(within) // self._together)
        shares = (within[first::count] for first in range(count))
        return [
            _Variant(text=number, spans=tuple(share), places=tuple(text.places[span] for span in share))
            for share in shares
        ]

    def _tokens(self, aligned: Sequence[AlignedText], variants: Sequence[_Variant]) -> TokenisedSplit:
        rows = []
        for variant in variants:
            ids = aligned[variant.text].ids[: self._longest].copy()
            ids[list(variant.places)] = self._mask_id
            rows.append(ids)
        types = [aligned[variant.text].type_ids[: self._longest] for variant in variants]
        tokenizer = self._encoder.tokenizer
        block = TokenBlock(
            ids=np.concatenate(rows),
            type_ids=np.concatenate(types) if tokenizer.has_types else None,
            offsets=np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64),
            padding_id=tokenizer.padding_id,
        )
        return TokenisedSplit(tokens=block, labels=None)

    def _predict(self, batch: Batch, variants: Sequence[_Variant]) -> list[NDArray[np.int64]]:
        """Give the most probable tokens at the masks of each input, [masks, count], and compute no other logits."""
        device = self._encoder.device
        rows = torch.tensor([row for row, variant in enumerate(variants) for _ in variant.places], device=device)
        places = torch.tensor([place for variant in variants for place in variant.places], device=device)
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._is_half):
            outputs = self._encoder(batch.to(device), Needs(vocabulary=True)).vocabulary
            assert outputs is not None
            logits = torch.nn.functional.linear(outputs.features[rows, places], outputs.weight, outputs.bias)
        logits = logits.float()[:, : len(self._words)]
        best = logits.topk(min(self._count, logits.shape[1]), dim=1).indices.cpu().numpy()
        return np.split(best, np.cumsum([len(variant.places) for variant in variants])[:-1])

    def _spell(self, ids: NDArray[np.int64]) -> tuple[str, ...]:
        words = (self._words[int(number)] for number in ids)
        return tuple(sorted({word for word in words if word is not None}))

    def _budget(self) -> BatchConfig:
        tokens = _TOKENS_PER_BATCH.get(self._encoder.device.type, _TOKENS_PER_ACCELERATOR_BATCH)
        return BatchConfig(tokens_per_batch=tokens, examples_per_batch=None)
