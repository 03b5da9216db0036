"""Batches of examples of similar length under a budget of tokens, so that little of a batch is padding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from potstill.answers import LabelArray, find_places
from potstill.config import Config
from potstill.data.tokenised import TokenisedSplit
from potstill.tensors import Batch, WordRows

Group: TypeAlias = tuple[NDArray[np.int64], int]
"""Examples, and how many of them an epoch has."""
_POOL_BATCHES = 100
"""Examples are sorted by length within pools of about so many batches: enough to pad little, few enough to mix."""


class BatchConfig(Config):
    """How large a batch may be; what binds first decides."""

    tokens_per_batch: int = Field(default=2048, ge=8, le=2**22)
    """Most tokens of a batch, padding included; a single longer example is a batch of its own."""
    examples_per_batch: int | None = Field(default=64, ge=1)
    """Most examples of a batch; None = as many as the tokens allow."""


class Batches:
    """The batches of a tokenised split, planned anew for every epoch.

    Attributes:
        tokenised: The examples.
        config: How large a batch may be.
    """

    def __init__(
        self,
        tokenised: TokenisedSplit,
        config: BatchConfig,
        *,
        seed: int,
        chosen: NDArray[np.int64] | None = None,
        groups: Sequence[Group] = (),
    ) -> None:
        """Prepare to batch a split, or the `chosen` of it, as often as named; the same seed (>= 0), the same plans.

        Args:
            tokenised: The examples.
            config: How large a batch may be.
            seed: Seeds the plans.
            chosen: Which examples; None = all, each once.
            groups: Where an epoch does not have all of them: how many it has of which.
        """
        self.tokenised = tokenised
        self.config = config
        self._seed = seed
        self._lengths = tokenised.tokens.lengths
        self._chosen = np.arange(len(tokenised), dtype=np.int64) if chosen is None else chosen
        self._groups = tuple(groups)

    @property
    def example_ids(self) -> NDArray[np.int64]:
        """The examples, each once, in their order in the split."""
        return np.unique(self._chosen)

    def only(self, example_ids: NDArray[np.int64]) -> "Batches":
        """Give batches of some of the examples, as often as they are named, which keep their ids."""
        return Batches(self.tokenised, self.config, seed=self._seed, chosen=example_ids)

    def mixed(self, groups: Sequence[Group]) -> "Batches":
        """Give batches of groups of examples, which keep their ids.

        Args:
            groups: Examples, each once, and how many of them an epoch has: they take turns, so that over the epochs all
                of a group come equally often.

        Returns:
            The batches; examples of which an epoch has none are left out.
        """
        kept = [(members, count) for members, count in groups if count and len(members)]
        chosen = np.concatenate([members for members, _ in kept])
        return Batches(self.tokenised, self.config, seed=self._seed, chosen=chosen, groups=kept)

    def with_shared(self, shared: Mapping[int | None, NDArray[np.bool_]]) -> "Batches":
        """Mark the tokens that teachers with other tokenizers have too; see `TokenisedSplit`."""
        tokenised = replace(self.tokenised, shared=shared)
        return Batches(tokenised, self.config, seed=self._seed, chosen=self._chosen, groups=self._groups)

    def plan(self, epoch: int) -> list[NDArray[np.int64]]:
        """Choose the batches of an epoch.

        Examples are shuffled and cut into pools. A pool is sorted by length and cut into batches; its last batch,
        which may be short, joins the next pool, so that an epoch has one short batch at most. Then the batches
        are shuffled.

        Args:
            epoch: Number of the epoch, >= 0.

        Returns:
            The example ids of each batch. Every example, or every one that was named, occurs once, unless groups say
            otherwise. The plan depends on the seed, the epoch, the config and the lengths, and on nothing else.
        """
        random = np.random.default_rng((self._seed, epoch))
        chosen = self._draw(epoch) if self._groups else self._chosen
        order = chosen[random.permutation(len(chosen))]
        size = self._pool_size()
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), size):
            left = [batches.pop()] if batches else []
            batches += self._cut(np.concatenate([*left, order[start : start + size]]))
        return [batches[index] for index in random.permutation(len(batches))]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        """Take the examples of each group whose turn it is."""
        parts = []
        for number, (members, count) in enumerate(self._groups):
            turns = np.random.default_rng((self._seed, number, len(members))).permutation(members)
            parts.append(turns[(epoch * count + np.arange(count)) % len(members)])
        return np.concatenate(parts)

    def ordered(self, example_ids: NDArray[np.int64] | None = None) -> Iterator[Batch]:
        """Go through examples once, the longest first, for evaluation.

        Args:
            example_ids: Which; None = all.

        Yields:
            Batches under the same budget; their `example_ids` tell where results belong.
        """
        for batch in self._cut(self._chosen if example_ids is None else example_ids):
            yield self.collate(batch)

    def restore(self, rows: NDArray[np.float32], example_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Put logits that came batch by batch into the order of the split.

        Args:
            rows: The rows of all examples, [rows, labels].
            example_ids: The examples in the order of their rows; each once.

        Returns:
            The same rows in the split's own order.
        """
        ordered = np.empty_like(rows)
        ordered[find_places(self.tokenised.tokens.row_offsets, example_ids)] = rows
        return ordered

    def collate(self, example_ids: NDArray[np.int64], *, beside: NDArray[np.int64] | None = None) -> Batch:
        """Pad examples to the longest of them.

        Args:
            example_ids: Positions in the split, at least one.
            beside: Examples beside which they stand: to the longest of them they are padded, and which have a label is
                told where one of them has none; None = themselves.

        Returns:
            A batch on the CPU with ids in int64, its rows in the order of `example_ids`.
        """
        tokens = self.tokenised.tokens
        lengths = self._lengths[example_ids]
        columns = np.arange((lengths if beside is None else self._lengths[beside]).max())
        mask = columns < lengths[:, None]
        places = (tokens.offsets[example_ids][:, None] + columns)[mask]
        input_ids = np.full(mask.shape, tokens.padding_id, dtype=np.int64)
        input_ids[mask] = tokens.ids[places]
        type_ids = None
        if tokens.type_ids is not None:
            type_ids = np.zeros(mask.shape, dtype=np.int64)
            type_ids[mask] = tokens.type_ids[places]
        labels, label_mask = self._find_labels(example_ids, example_ids if beside is None else beside)
        shared = {number: np.zeros_like(mask) for number in self.tokenised.shared}
        for number, of_all in self.tokenised.shared.items():
            shared[number][mask] = of_all[places]
        return Batch(
            input_ids=torch.from_numpy(input_ids),
            token_mask=torch.from_numpy(mask),
            token_type_ids=None if type_ids is None else torch.from_numpy(type_ids),
            labels=None if labels is None else torch.from_numpy(labels),
            example_ids=torch.from_numpy(example_ids.astype(np.int64)),
            label_mask=None if label_mask is None else torch.from_numpy(label_mask),
            answer_mask=self._find_answered(example_ids, example_ids if beside is None else beside),
            shared={number: torch.from_numpy(of_batch) for number, of_batch in shared.items()},
            words=self._find_words(example_ids),
        )

    def _find_words(self, example_ids: NDArray[np.int64]) -> WordRows | None:
        """Find the tokens that are read, where rows are words."""
        words = self.tokenised.tokens.words
        if words is None:
            return None
        rows = find_places(words.offsets, example_ids)
        examples = np.repeat(np.arange(len(example_ids)), np.diff(words.offsets)[example_ids])
        parts = (torch.from_numpy(part) for part in (examples, words.places[rows], rows))
        return WordRows(**dict(zip(("examples", "tokens", "row_ids"), parts, strict=True)))

    def _find_answered(self, example_ids: NDArray[np.int64], beside: NDArray[np.int64]) -> Tensor | None:
        """Say which examples the teacher has answered, unless it has answered all beside them."""
        answered = self.tokenised.is_answered
        return None if answered is None or answered[beside].all() else torch.from_numpy(answered[example_ids])

    def _find_labels(
        self, example_ids: NDArray[np.int64], beside: NDArray[np.int64]
    ) -> tuple[LabelArray | None, NDArray[np.bool_] | None]:
        """Find the labels of examples, and which of them have one, unless all beside them have."""
        rows = self.tokenised.labels
        if rows is None:
            return None, None
        if rows.has_rows(beside).all():
            return rows.take(example_ids).values, None
        mask, counts = rows.has_rows(example_ids), np.diff(self.tokenised.tokens.row_offsets)[example_ids]
        labels = np.zeros((counts.sum(), *rows.values.shape[1:]), dtype=rows.values.dtype)
        labels[np.repeat(mask, counts)] = rows.take(example_ids[mask]).values
        return labels, mask

    def _cut(self, example_ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Sort by length, longest first, and cut: the first example of a batch decides how many it holds."""
        lengths = self._lengths[example_ids]
        order = np.argsort(-lengths, kind="stable")
        example_ids, lengths = example_ids[order], lengths[order]
        batches = []
        start = 0
        while start < len(example_ids):
            stop = start + self._capacity(int(lengths[start]))
            batches.append(example_ids[start:stop])
            start = stop
        return batches

    def _capacity(self, length: int) -> int:
        """Count the examples of a length that a batch may hold, at least 1."""
        by_tokens = max(1, self.config.tokens_per_batch // max(1, length))
        cap = self.config.examples_per_batch
        return by_tokens if cap is None else min(cap, by_tokens)

    def _pool_size(self) -> int:
        mean = float(self._lengths.mean()) if len(self._lengths) else 1.0
        return _POOL_BATCHES * self._capacity(round(mean))
