from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.answers import LabelRows
from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.tensors import TokenBlock, WordTokens

PADDING = 7


def make_tokenised(lengths, *, has_types=True, labels=None):
    """Token ids that tell example and position, so that any mix-up shows."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    total = int(offsets[-1])
    return TokenisedSplit(
        tokens=TokenBlock(
            ids=np.arange(100, 100 + total, dtype=np.int32),
            type_ids=(np.arange(total) % 2).astype(np.uint8) if has_types else None,
            offsets=offsets,
            padding_id=PADDING,
        ),
        labels=None if labels is None else LabelRows.one_each(labels),
    )


all_lengths = st.lists(st.integers(1, 60), min_size=0, max_size=400)
budgets = st.integers(8, 200)
caps = st.none() | st.integers(1, 20)


@given(all_lengths, budgets, caps, st.integers(0, 2**32 - 1), st.integers(0, 5))
@settings(max_examples=60)
def test_a_plan_holds_every_example_exactly_once(lengths, budget, cap, seed, epoch):
    config = BatchConfig(tokens_per_batch=budget, examples_per_batch=cap)
    plan = Batches(make_tokenised(lengths), config, seed=seed).plan(epoch)
    found = np.concatenate(plan) if plan else np.zeros(0, dtype=np.int64)
    assert sorted(found.tolist()) == list(range(len(lengths)))
    assert all(len(batch) > 0 and batch.dtype == np.int64 for batch in plan)


@given(all_lengths, budgets, caps)
@settings(max_examples=60)
def test_no_batch_exceeds_the_budget_but_a_single_long_example(lengths, budget, cap):
    config = BatchConfig(tokens_per_batch=budget, examples_per_batch=cap)
    for batch in Batches(make_tokenised(lengths), config, seed=3).plan(0):
        padded = len(batch) * max(lengths[index] for index in batch)
        assert padded <= budget or len(batch) == 1
        assert cap is None or len(batch) <= cap


@given(all_lengths, st.integers(0, 1000), st.integers(0, 50))
@settings(max_examples=30)
def test_a_plan_is_a_function_of_seed_and_epoch(lengths, seed, epoch):
    first = Batches(make_tokenised(lengths), BatchConfig(tokens_per_batch=64), seed=seed)
    first.plan(epoch + 1)
    second = Batches(make_tokenised(lengths), BatchConfig(tokens_per_batch=64), seed=seed)
    assert [batch.tolist() for batch in first.plan(epoch)] == [batch.tolist() for batch in second.plan(epoch)]


def test_seeds_and_epochs_give_different_plans():
    tokenised = make_tokenised([5] * 300)
    plans = [Batches(tokenised, BatchConfig(), seed=seed).plan(epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(plan[0].tolist()) for plan in plans}) == 4


def sst2_like_lengths(count):
    """Long-tailed lengths with mean 13, as WordPiece gives for the film review phrases of SST-2."""
    return np.clip(np.random.default_rng(0).gamma(1.5, 7.5, size=count).astype(int) + 3, 3, 66).tolist()


@pytest.mark.parametrize("cap", [16, 64, None])
def test_padding_stays_under_five_percent_on_short_texts(cap):
    lengths = np.array(sst2_like_lengths(20_000))
    plan = Batches(make_tokenised(lengths), BatchConfig(examples_per_batch=cap), seed=0).plan(0)
    padded = sum(len(batch) * lengths[batch].max() for batch in plan)
    assert 1 - lengths.sum() / padded < 0.05


def test_an_epoch_has_one_short_batch_at_most():
    lengths = np.array(sst2_like_lengths(20_000))
    plan = Batches(make_tokenised(lengths), BatchConfig(), seed=0).plan(0)
    short = [batch for batch in plan if len(batch) < min(64, 2048 // lengths[batch].max())]
    assert len(short) <= 1


def test_the_place_of_a_batch_in_the_epoch_does_not_tell_its_length():
    lengths = np.array(sst2_like_lengths(20_000))
    batches = Batches(make_tokenised(lengths), BatchConfig(), seed=0)
    for epoch in range(3):
        longest = [lengths[batch].max() for batch in batches.plan(epoch)]
        assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.2


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.data(), st.booleans())
@settings(max_examples=60)
def test_unpadding_a_batch_gives_the_original_ids(lengths, data, has_types):
    picked = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=20))
    tokenised = make_tokenised(lengths, has_types=has_types, labels=np.arange(len(lengths), dtype=np.int64))
    batch = Batches(tokenised, BatchConfig(), seed=0).collate(np.array(picked, dtype=np.int64))
    tokens = tokenised.tokens
    assert batch.input_ids.dtype == torch.int64
    assert batch.example_ids.tolist() == picked
    assert batch.labels.tolist() == picked
    assert batch.input_ids.shape[1] == max(lengths[index] for index in picked)
    for row, index in enumerate(picked):
        own = slice(tokens.offsets[index], tokens.offsets[index + 1])
        mask = batch.token_mask[row]
        assert mask.tolist() == [place < lengths[index] for place in range(len(mask))]
        assert batch.input_ids[row][mask].tolist() == tokens.ids[own].tolist()
        assert (batch.input_ids[row][~mask] == PADDING).all()
        if has_types:
            assert batch.token_type_ids[row][mask].tolist() == tokens.type_ids[own].tolist()
            assert (batch.token_type_ids[row][~mask] == 0).all()
    assert has_types or batch.token_type_ids is None


@given(st.lists(st.integers(1, 60), max_size=200), budgets, caps)
@settings(max_examples=30)
def test_evaluation_batches_hold_every_example_once_longest_first(lengths, budget, cap):
    config = BatchConfig(tokens_per_batch=budget, examples_per_batch=cap)
    batches = list(Batches(make_tokenised(lengths), config, seed=0).ordered())
    assert sorted(index for batch in batches for index in batch.example_ids.tolist()) == list(range(len(lengths)))
    widths = [batch.input_ids.shape[1] for batch in batches]
    assert widths == sorted(widths, reverse=True)
    assert all(batch.input_ids.numel() <= budget or len(batch) == 1 for batch in batches)


def test_scores_stay_float32():
    tokenised = make_tokenised([3, 4], labels=np.array([0.5, 2.0], dtype=np.float32))
    batch = Batches(tokenised, BatchConfig(), seed=0).collate(np.array([1, 0]))
    assert batch.labels.dtype == torch.float32
    assert batch.labels.tolist() == [2.0, 0.5]


def test_a_split_without_labels_gives_batches_without_labels():
    assert Batches(make_tokenised([3]), BatchConfig(), seed=0).collate(np.array([0])).labels is None


def test_rows_of_batches_come_back_in_the_order_of_the_split():
    offsets = np.array([0, 2, 3, 6])
    rows = LabelRows(values=np.arange(6, dtype=np.int64), offsets=offsets)
    made = make_tokenised([3, 9, 4])
    words = WordTokens(places=np.zeros(6, dtype=np.int64), offsets=offsets, texts=np.arange(3))
    tokenised = replace(made, tokens=replace(made.tokens, words=words), labels=rows)
    batches = Batches(tokenised, BatchConfig(examples_per_batch=1), seed=0)
    order = list(batches.ordered())
    said = np.concatenate([batch.labels.numpy() for batch in order]).astype(np.float32)[:, None]
    ids = np.concatenate([batch.example_ids.numpy() for batch in order])
    assert ids.tolist() == [1, 2, 0]
    assert batches.restore(said, ids)[:, 0].tolist() == list(range(6))


def test_labels_stay_with_their_examples_where_some_have_none():
    known = LabelRows(values=np.array([5, 6, 7]), offsets=np.array([0, 1, 1, 2, 3]))
    tokenised = replace(make_tokenised([3, 2, 4, 1]), labels=known)
    batch = Batches(tokenised, BatchConfig(), seed=0).collate(np.array([3, 1, 0]))
    assert batch.label_mask.tolist() == [True, False, True]
    assert batch.labels[batch.label_mask].tolist() == [7, 5]
