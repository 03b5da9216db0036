"""Masking: how many tokens are hidden, which, and what stands in their places; and the stages that may hide them."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.errors import RecipeError
from potstill.recipe import load_recipe
from potstill.tensors import Batch
from potstill.training import Masker, StageConfig
from potstill.training.masking import MaskingConfig

VOCABULARY, MASK = 50, 4
SPECIAL = frozenset(range(5))


def make_batch(lengths: list[int], *, seed: int = 0) -> Batch:
    """Texts between [CLS] (2) and [SEP] (3), padded with 0."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    ids = torch.randint(5, VOCABULARY, mask.shape, generator=generator).masked_fill(~mask, 0)
    ids[:, 0] = 2
    ids[torch.arange(len(lengths)), torch.tensor(lengths) - 1] = 3
    return Batch(
        input_ids=ids, token_mask=mask, token_type_ids=None, labels=None, example_ids=torch.arange(len(lengths))
    )


def make_masker(counts: np.ndarray | None = None, **fields: float) -> Masker:
    known = np.ones(VOCABULARY, dtype=np.int64) if counts is None else counts
    return Masker(MaskingConfig(**fields), mask_id=MASK, special_ids=SPECIAL, token_counts=known)


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(2, 30), min_size=1, max_size=6), rate=st.floats(0.01, 0.99), seed=st.integers(0, 99)
)
def test_the_share_is_taken_of_the_whole_batch_and_special_tokens_are_never_hidden(
    lengths: list[int], rate: float, seed: int
) -> None:
    torch.manual_seed(seed)
    batch = make_batch(lengths, seed=seed)
    masked = make_masker(rate=rate).mask(batch)
    assert masked.target_ids is not None
    chosen = masked.target_ids != -100
    ordinary = batch.token_mask & (batch.input_ids >= 5)
    assert chosen.sum() == min(math.ceil(rate * sum(lengths)), int(ordinary.sum()))
    assert not (chosen & ~ordinary).any()
    assert torch.equal(masked.target_ids[chosen], batch.input_ids[chosen])
    assert torch.equal(masked.input_ids[~chosen], batch.input_ids[~chosen])
    assert torch.equal(masked.token_mask, batch.token_mask)


def test_hidden_tokens_become_masks_random_tokens_or_stay_as_they_are() -> None:
    torch.manual_seed(0)
    batch = make_batch([402] * 50)
    masked = make_masker(rate=0.5).mask(batch)
    chosen = masked.target_ids != -100
    seen, gold = masked.input_ids[chosen], masked.target_ids[chosen]
    assert (seen == MASK).float().mean() == pytest.approx(0.8, abs=0.01)
    assert (seen == gold).float().mean() == pytest.approx(0.1 + 0.1 / VOCABULARY, abs=0.01)
    others = seen[(seen != MASK) & (seen != gold)]
    assert len(others.unique()) == VOCABULARY - 1  # every token but [MASK], which cannot be told apart here


@pytest.mark.parametrize(
    ("fields", "expected"), [({"mask_share": 1.0, "random_share": 0.0}, MASK), ({"mask_share": 0.0}, None)]
)
def test_the_shares_can_be_set(fields: dict[str, float], expected: int | None) -> None:
    torch.manual_seed(0)
    masked = make_masker(**fields).mask(make_batch([40, 40]))
    chosen = masked.target_ids != -100
    share_of_masks = (masked.input_ids[chosen] == MASK).float().mean()
    assert share_of_masks == (1.0 if expected == MASK else 0.0)


def test_rare_tokens_are_favoured_as_in_the_code_of_distilbert() -> None:
    counts = np.full(VOCABULARY, 16, dtype=np.int64)
    counts[[7, 8]] = 1, 0
    weights = make_masker(counts, smoothing=0.7).weights
    assert weights[7] == weights[8] == 1.0
    assert weights[9].item() == pytest.approx(0.1436, abs=5e-5)
    assert not weights[sorted(SPECIAL)].any()
    assert torch.equal(make_masker(counts, smoothing=0.0).weights[5:], torch.ones(VOCABULARY - 5))


def test_the_draw_depends_on_the_global_generator_alone() -> None:
    batch, masker = make_batch([20, 9]), make_masker()
    torch.manual_seed(5)
    first, second = masker.mask(batch), masker.mask(batch)
    torch.manual_seed(5)
    again = masker.mask(batch)
    assert torch.equal(first.input_ids, again.input_ids)
    assert torch.equal(first.target_ids, again.target_ids)
    assert not torch.equal(first.target_ids, second.target_ids)


def test_a_batch_of_special_tokens_alone_hides_nothing() -> None:
    masked = make_masker().mask(replace(make_batch([2, 2]), input_ids=torch.tensor([[2, 3], [2, 3]])))
    assert (masked.target_ids == -100).all()


CORPUS = {"name": "general", "steps": 1, "data": "corpus", "select": "last"}
HIDDEN = [{"kind": "hidden_states"}]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objectives": [{"kind": "masked_lm"}]}, "predicts hidden tokens and none is hidden; add a table 'masking'"),
        (
            {"objectives": [{"kind": "vocabulary_soft_labels", "positions": "targets"}]},
            "'vocabulary_soft_labels' predicts hidden tokens and none is hidden",
        ),
        ({"objectives": HIDDEN, "select": "best"}, "has no score to select by; set select = 'last'"),
        ({"objectives": [{"kind": "hard_labels"}]}, "'hard_labels' needs the labels of a task"),
        ({"objectives": [{"kind": "embeddings", "when": "regression"}]}, "'when' is without effect"),
        ({"objectives": [{"kind": "masked_lm"}], "data": "task"}, "'masked_lm' predicts tokens of plain text"),
        ({"objectives": HIDDEN, "data": "task", "masking": {}}, "masking is for stages with data = 'corpus'"),
        (
            {"objectives": HIDDEN, "masking": {"mask_share": 0.9, "random_share": 0.2}},
            r"mask_share \(0.9\) and random_share \(0.2\) must add up to at most 1",
        ),
    ],
)
def test_a_stage_that_does_not_fit_its_data_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        StageConfig.parse(CORPUS | fields, path="stages.general")


def test_every_corpus_objective_is_allowed_where_tokens_are_hidden() -> None:
    kinds = ["masked_lm", "vocabulary_soft_labels", "vocabulary_mse", "hidden_cosine"]
    stage = StageConfig.parse(CORPUS | {"objectives": [{"kind": kind} for kind in kinds], "masking": {}})
    assert stage.masking == MaskingConfig()


def test_a_corpus_stage_after_a_task_stage_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"'distil' with data = 'corpus' comes after 'intermediate'"):
        load_recipe(
            "kd-hidden",
            overrides=[
                "stages.1.data=corpus",
                "stages.1.select=last",
                "stages.1.objectives=[{kind = 'hidden_states'}]",
            ],
        )
