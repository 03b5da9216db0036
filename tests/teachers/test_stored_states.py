"""Teacher states from disk: the same as those of the running teacher up to the rounding of their format."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from random_outputs import encoder_shape, everything, random_outputs

from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.teachers import StateStore, StatesTrial, StoredStates, example_keys, try_states
from potstill.teachers.rows import RowFormat, list_parts, pack_rows, row_bytes, unpack_rows
from potstill.tensors import Batch, EncoderOutputs, Needs, TokenBlock

SHAPE = encoder_shape(layers=2, hidden=6, heads=2)
NEEDS = Needs(hidden_states=frozenset({0, 2}), queries=frozenset({1}), keys=frozenset({1}), values=frozenset({2}))
TOLERANCE: dict[RowFormat, float] = {"fp32": 0.0, "bf16": 2**-8, "int8": 1 / 127}


class Oracle:
    """A teacher whose states depend on the tokens alone."""

    num_examples = 0

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        self.num_examples += len(batch)
        outputs = random_outputs(SHAPE, torch.ones(1, 50, dtype=torch.bool), seed=3, needs=everything(SHAPE))
        ids = batch.input_ids
        return EncoderOutputs(
            hidden_states={index: outputs.hidden_states[index][0][ids] for index in needs.hidden_states},
            queries={layer: outputs.queries[layer][0][:, ids].transpose(0, 1) for layer in needs.queries},
            keys={layer: outputs.keys[layer][0][:, ids].transpose(0, 1) for layer in needs.keys},
            values={layer: outputs.values[layer][0][:, ids].transpose(0, 1) for layer in needs.values},
        )


def make_batches(texts: Sequence[Sequence[int]], per_batch: int | None = None) -> Batches:
    lengths = [len(text) for text in texts]
    tokens = TokenBlock(
        ids=np.concatenate([np.array(text, dtype=np.int32) for text in texts]),
        type_ids=None,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        padding_id=0,
    )
    return Batches(
        TokenisedSplit(tokens=tokens, labels=None),
        BatchConfig(tokens_per_batch=24, examples_per_batch=per_batch),
        seed=0,
    )


TEXTS = [[1, 2, 3], [4, 5, 6, 7, 8], [9], [1, 2, 3], [3, 2, 1], [10, 11, 12, 13]]


def fill(folder: Path, batches: Batches, form: RowFormat = "bf16") -> tuple[StateStore, Oracle, tuple[str, ...]]:
    store, teacher, keys = StateStore(folder, NEEDS, form), Oracle(), example_keys(batches.tokenised.tokens)
    sum(store.fill(teacher, NEEDS, batches.ordered(store.missing(keys)), keys))
    return store, teacher, keys


@pytest.mark.parametrize("form", ["fp32", "bf16", "int8"])
def test_any_shuffle_finds_the_states_that_the_teacher_would_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: RowFormat
) -> None:
    monkeypatch.setattr("potstill.teachers.states._SHARD_EXAMPLES", 2)  # so that a batch reads of several
    batches = make_batches(TEXTS)
    store, _, keys = fill(tmp_path, make_batches(TEXTS, 2), form)
    assert len(store.shards) > 1
    stored = StoredStates(StateStore(tmp_path, NEEDS, form), keys, num_heads=SHAPE.num_heads)
    for epoch in range(3):
        for example_ids in batches.plan(epoch):
            batch = batches.collate(example_ids)
            found, wanted = stored.outputs(batch, NEEDS), Oracle().outputs(batch, NEEDS)
            for part in list_parts(NEEDS):
                ours, theirs = (getattr(outputs, part.kind)[part.layer] for outputs in (found, wanted))
                mask = batch.token_mask[:, :, None] if ours.ndim == 3 else batch.token_mask[:, None, :, None]
                assert ours.shape == theirs.shape
                assert not (ours * ~mask).any(), "padding is 0"
                limit = TOLERANCE[form] * theirs.abs().max()
                assert ((ours - theirs) * mask).abs().max() <= limit
    assert 0 <= store.relative_error <= TOLERANCE[form]
    assert (store.relative_error > 0) == (form != "fp32")


def test_equal_texts_are_stored_once_and_a_second_split_only_adds_what_is_new(tmp_path: Path) -> None:
    _, teacher, _ = fill(tmp_path, make_batches(TEXTS))
    assert teacher.num_examples == 5
    _, again, _ = fill(tmp_path, make_batches(TEXTS))
    assert again.num_examples == 0
    _, more, _ = fill(tmp_path, make_batches([[20, 21], *TEXTS]))
    assert more.num_examples == 1


def test_an_example_is_known_by_its_segments_too() -> None:
    ids, offsets = np.array([1, 2, 1, 2], dtype=np.int32), np.array([0, 2, 4])
    types = np.array([0, 0, 0, 1], dtype=np.uint8)
    keys = example_keys(TokenBlock(ids=ids, type_ids=types, offsets=offsets, padding_id=0))
    assert keys[0] != keys[1]


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign"])
def test_a_damaged_shard_is_found_and_made_anew(tmp_path: Path, damage: str) -> None:
    batches = make_batches(TEXTS)
    store, _, keys = fill(tmp_path, batches)
    (shard,) = store.folder.glob("*.safetensors")
    content = bytearray(shard.read_bytes())
    if damage == "cut":
        content = content[:-5]
    elif damage == "changed":
        content[-3] ^= 1
    shard.write_bytes(b"nothing of ours" if damage == "foreign" else bytes(content))
    reopened, teacher, _ = fill(tmp_path, batches)
    assert reopened.num_damaged == 1
    assert teacher.num_examples == 5
    assert (reopened.locate(keys) >= 0).all()


def test_two_processes_that_fill_the_same_store_leave_it_whole(tmp_path: Path) -> None:
    batches = make_batches(TEXTS)
    keys = example_keys(batches.tokenised.tokens)
    one, other = StateStore(tmp_path, NEEDS, "bf16"), StateStore(tmp_path, NEEDS, "bf16")
    sum(one.fill(Oracle(), NEEDS, batches.ordered(one.missing(keys)), keys))
    sum(other.fill(Oracle(), NEEDS, batches.ordered(other.missing(keys)[:3]), keys))
    reopened = StateStore(tmp_path, NEEDS, "bf16")
    assert reopened.num_damaged == 0
    assert (reopened.locate(keys) >= 0).all()


@pytest.mark.parametrize(("needs", "form"), [(Needs(hidden_states=frozenset({1})), "bf16"), (NEEDS, "fp32")])
def test_other_layers_and_another_format_are_another_store(tmp_path: Path, needs: Needs, form: RowFormat) -> None:
    fill(tmp_path, make_batches(TEXTS), "bf16")
    other = StateStore(tmp_path, needs, form)
    assert len(other.missing(example_keys(make_batches(TEXTS).tokenised.tokens))) == 5


@pytest.mark.parametrize("form", ["fp32", "bf16", "int8"])
def test_packed_rows_take_the_bytes_that_the_estimate_says(form: RowFormat) -> None:
    rows = torch.randn(7, 32, generator=torch.Generator().manual_seed(0))
    packed = pack_rows(rows, form)
    assert sum(tensor.nbytes for tensor in packed.values()) == 7 * row_bytes(32, form)
    assert not unpack_rows(pack_rows(torch.zeros(2, 4), form)).any()


def test_storing_pays_by_the_passes_that_it_spares() -> None:
    trial = StatesTrial(run=10.0, write=12.0, read=1.0, num_bytes=100)
    assert trial.saved(passes=1.0, missing=1.0) == pytest.approx(-3.0)
    assert trial.saved(passes=3.0, missing=1.0) == pytest.approx(15.0)
    assert trial.saved(passes=1.0, missing=0.0) == pytest.approx(9.0)


def test_a_trial_measures_bytes_and_leaves_nothing_behind() -> None:
    batches = make_batches(TEXTS)
    keys = example_keys(batches.tokenised.tokens)
    plan = [batches.collate(example_ids) for example_ids in batches.plan(0)[:2]]
    trial = try_states(Oracle(), NEEDS, plan, keys, form="bf16", num_heads=SHAPE.num_heads)
    assert trial.num_bytes == 2 * 6 * len(list_parts(NEEDS))
    assert min(trial.run, trial.write, trial.read) > 0
