"""Look the states of examples up in a store."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from potstill.teachers.rows import Part, list_parts, unpack_rows
from potstill.teachers.states import StateStore
from potstill.tensors import Batch, EncoderOutputs, Needs, send


class StoredStates:
    """Looks the states of a split up by `Batch.example_ids`."""

    def __init__(self, store: StateStore, keys: Sequence[str], *, num_heads: int) -> None:
        """Tie a store to a split.

        Args:
            store: Holds the examples that will be looked up.
            keys: Of the split, by example id.
            num_heads: Of the teacher.
        """
        self.store = store
        self.places = store.locate(keys)
        self.num_heads = num_heads

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Look the batch up.

        Args:
            batch: Examples of the split; their real tokens come before the padding.
            needs: Parts that are stored; no logits.

        Returns:
            The stored states in float32 on the batch's device, rows of padding 0.
        """
        assert not needs.logits, "logits are stored elsewhere"
        device = batch.token_mask.device
        pieces = self._pieces(batch)
        found: dict[str, dict[int, Tensor]] = {"hidden_states": {}, "queries": {}, "keys": {}, "values": {}}
        for part in list_parts(needs):
            states = send(self._gather(part, pieces, batch.token_mask.shape), device)
            if part.kind != "hidden_states":
                states = states.view(*states.shape[:2], self.num_heads, -1).transpose(1, 2)
            found[part.kind][part.layer] = states
        return EncoderOutputs(
            hidden_states=found["hidden_states"], queries=found["queries"], keys=found["keys"], values=found["values"]
        )

    def _pieces(self, batch: Batch) -> list[tuple[int, Tensor, Tensor]]:
        """Say which rows of which shards go to which places of the padded block."""
        host = batch.on_host
        lengths = host.token_mask.sum(dim=1).numpy()
        places = self.places[host.example_ids.numpy()]
        assert (places >= 0).all(), "an example of the batch is not stored"
        columns = np.arange(batch.token_mask.shape[1])
        is_real = columns < lengths[:, None]
        sources = places[:, 1][:, None] + columns
        targets = np.arange(is_real.size).reshape(is_real.shape)
        pieces = []
        for shard in np.unique(places[:, 0]):
            chosen = is_real & (places[:, 0] == shard)[:, None]
            pieces.append((int(shard), torch.from_numpy(sources[chosen]), torch.from_numpy(targets[chosen])))
        return pieces

    def _gather(self, part: Part, pieces: list[tuple[int, Tensor, Tensor]], grid: torch.Size) -> Tensor:
        rows, targets = [], []
        for shard, sources, places in pieces:
            packed = self.store.shards[shard].packed[part]
            rows.append(unpack_rows({name: tensor[sources] for name, tensor in packed.items()}))
            targets.append(places)
        width = rows[0].shape[1]
        block = torch.zeros(grid.numel(), width)
        block[torch.cat(targets)] = torch.cat(rows)
        return block.view(*grid, width)
