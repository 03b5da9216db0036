"""What a masked language model puts in the place of words: whole batches of texts with all their masks at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.hub import (
    AlignedText,
    Encoder,
    Layout,
    align_texts,
    check_layout,
    read_masks,
    score_vocabulary,
    spell_vocabulary,
)
from potstill.tensors import Batch, TokenBlock

Span = tuple[int, int]
"""First character of a word and the one behind its last."""

_TOKENS_PER_BATCH = {"cpu": 256}
"""So few that some hundred texts of any lengths are padded little; a processor is as fast with them as with more."""
_TOKENS_PER_ACCELERATOR_BATCH = 65_536
_MASKS_TOGETHER = 256
"""Masks for which the vocabulary is scored at once."""
_LONGEST = 512
"""Tokens of an input whose model names no limit, as in the reference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Variant:
    """A text in which some words are masked, or have a mask beside them.

    Attributes:
        text: Number of the text.
        spans: The words.
        places: Their tokens in the text.
        columns: Where their masks are in the input; beside the words: behind the text's last token.
    """

    text: int
    spans: tuple[Span, ...]
    places: NDArray[np.int64]
    columns: NDArray[np.int64]


class MaskedWords:
    """Asks a masked language model for candidates."""

    def __init__(
        self,
        encoder: Encoder,
        *,
        count: int,
        context: Literal["pair", "single"],
        masked_together: int | None,
        precision: str = "fp32",
    ) -> None:
        """Take a masked language model."""
        if masked_together is None:
            check_layout(encoder)
        self._encoder = encoder.eval().requires_grad_(False)
        self._count, self._together = count, masked_together
        self._is_doubled = context == "pair"
        self._is_half = precision == "bf16"
        self._words = spell_vocabulary(encoder.tokenizer)
        self._mask_id = int(encoder.tokenizer.wrapped.mask_token_id)
        self._longest = encoder.max_tokens or _LONGEST

    def candidates(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[dict[Span, tuple[str, ...]]]:
        """Find candidates for words of texts."""
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
        order, features = [], []
        with torch.inference_mode(), self._arithmetic():
            for batch in Batches(self._tokens(aligned, variants), self._budget(), seed=0).ordered():
                chosen = [variants[number] for number in batch.example_ids.tolist()]
                features.append(self._read(batch, chosen))
                order += [(variant.text, span) for variant in chosen for span in variant.spans]
            best = [self._choose(block) for block in torch.split(torch.cat(features), _MASKS_TOGETHER)]
        for (number, span), ids in zip(order, np.concatenate(best), strict=True):
            found[number][span] = self._spell(ids)
        return found

    def _mask(self, number: int, text: AlignedText, spans: Sequence[Span]) -> list[_Variant]:
        """Share the words of a text out among inputs, so that those masked together stand far apart."""
        within = [span for span in spans if text.places[span] < self._longest]
        count = min(1, len(within)) if self._together is None else -(-len(within) // self._together)
        end = min(len(text.ids), self._longest)
        variants = []
        for share in (tuple(within[first::count]) for first in range(count)):
            places = np.array([text.places[span] for span in share], dtype=np.int64)
            columns = places if self._together is not None else end + np.arange(len(places))
            variants.append(_Variant(text=number, spans=share, places=places, columns=columns))
        return variants

    def _tokens(self, aligned: Sequence[AlignedText], variants: Sequence[_Variant]) -> TokenisedSplit:
        ids, types = [], []
        for variant in variants:
            text = aligned[variant.text]
            beside = len(variant.places) if self._together is None else 0
            row = np.concatenate([text.ids[: self._longest], np.zeros(beside, dtype=np.int32)])
            row[variant.columns] = self._mask_id
            ids.append(row)
            types.append(np.concatenate([text.type_ids[: self._longest], text.type_ids[variant.places[:beside]]]))
        tokenizer = self._encoder.tokenizer
        block = TokenBlock(
            ids=np.concatenate(ids),
            type_ids=np.concatenate(types) if tokenizer.has_types else None,
            offsets=np.concatenate([[0], np.cumsum([len(row) for row in ids], dtype=np.int64)]).astype(np.int64),
            padding_id=tokenizer.padding_id,
        )
        return TokenisedSplit(tokens=block, labels=None)

    def _read(self, batch: Batch, variants: Sequence[_Variant]) -> Tensor:
        """Give what the model makes of the masks of inputs, [masks, width]."""
        device = self._encoder.device
        counts = torch.tensor([len(variant.places) for variant in variants], device=device)
        rows = torch.arange(len(variants), device=device).repeat_interleave(counts)
        columns = torch.from_numpy(np.concatenate([variant.columns for variant in variants])).to(device)
        batch, layout = batch.to(device), None
        if self._together is None:
            places = torch.from_numpy(np.concatenate([variant.places for variant in variants])).to(device)
            layout = _lay_beside(batch, rows, columns, places)
        return read_masks(self._encoder, batch, rows, columns, layout=layout)

    def _choose(self, features: Tensor) -> NDArray[np.int64]:
        """Give the most probable tokens at masks, [masks, count]."""
        logits = score_vocabulary(self._encoder, features).float()[:, : len(self._words)]
        best: NDArray[np.int64] = logits.topk(min(self._count, logits.shape[1]), dim=1).indices.cpu().numpy()
        return best

    def _arithmetic(self) -> torch.autocast:
        return torch.autocast(self._encoder.device.type, dtype=torch.bfloat16, enabled=self._is_half)

    def _spell(self, ids: NDArray[np.int64]) -> tuple[str, ...]:
        words = (self._words[int(number)] for number in ids)
        return tuple(sorted({word for word in words if word is not None}))

    def _budget(self) -> BatchConfig:
        tokens = _TOKENS_PER_BATCH.get(self._encoder.device.type, _TOKENS_PER_ACCELERATOR_BATCH)
        return BatchConfig(tokens_per_batch=tokens, examples_per_batch=None)


def _lay_beside(batch: Batch, rows: Tensor, columns: Tensor, places: Tensor) -> Layout:
    """Put each mask at its word's position: it sees the text without that word, and itself; nobody else sees it."""
    height, width = batch.input_ids.shape
    is_text = batch.token_mask.clone()
    is_text[rows, columns] = False
    positions = torch.arange(width, device=rows.device).expand(height, width).clone()
    positions[rows, columns] = places
    positions[~batch.token_mask] = 0
    visible = is_text[:, None, :].expand(height, width, width).clone()
    visible[rows, columns, places] = False
    visible[rows, columns, columns] = True
    return Layout(positions=positions, visible=visible)
