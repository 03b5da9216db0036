"""Dropout of our own: torch's distribution, repeatable, and the attention of SDPA where nothing is dropped."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import BertConfig, BertTokenizerFast, ModernBertConfig

from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.hub.capture import _recording_sdpa
from potstill.hub.dropout import drop, quicken_dropout
from potstill.tensors import Batch, Needs

TOKENS = 9


@settings(max_examples=30)
@given(
    shape=st.lists(st.integers(0, 7), min_size=1, max_size=4),
    probability=st.floats(0.0, 0.99),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_a_value_becomes_zero_or_is_scaled_up(shape: list[int], probability: float, dtype: torch.dtype) -> None:
    states = torch.ones(shape, dtype=dtype)
    dropped = drop(states, probability)
    assert dropped.shape == states.shape
    assert dropped.dtype == dtype
    kept = dropped[dropped != 0].float()
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - probability)), rtol=1e-2, atol=0.0)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_the_given_share_is_dropped_wherever_a_value_stands(probability: float) -> None:
    torch.manual_seed(0)
    zeros = (drop(torch.ones(4000, 200), probability) == 0).double()
    spread = math.sqrt(probability * (1 - probability))
    assert zeros.mean().item() == pytest.approx(probability, abs=5 * spread / math.sqrt(zeros.numel()))
    by_place = zeros.mean(dim=0)  # four neighbours share a draw of 64 bits
    assert (by_place - probability).abs().max() < 5 * spread / math.sqrt(4000)
    pairs = (zeros[:, :-1] * zeros[:, 1:]).mean().item()
    assert pairs == pytest.approx(probability**2, abs=5 * probability / math.sqrt(zeros.numel()))


def test_the_gradient_is_that_of_the_noise() -> None:
    torch.manual_seed(0)
    states = torch.randn(50, 3, requires_grad=True)
    dropped = drop(states, 0.3)
    dropped.sum().backward()
    assert states.grad is not None
    torch.testing.assert_close(states.grad * states, dropped)


def test_nothing_and_everything_can_be_dropped() -> None:
    states = torch.randn(5)
    assert drop(states, 0.0) is states
    assert not drop(states, 1.0).any()


def test_the_same_seed_drops_the_same() -> None:
    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return drop(torch.ones(64), 0.5)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_every_dropout_of_a_module_is_exchanged_and_drops_in_training_alone() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.ModuleDict({"inner": nn.Dropout(0.5)})["inner"], nn.Dropout(0.25))
    names = list(module.state_dict())
    quicken_dropout(module)
    assert not any(isinstance(part, nn.Dropout) for part in module.modules())
    assert [part.p for part in module.modules() if hasattr(part, "p")] == [0.5, 0.25]
    assert list(module.state_dict()) == names
    states = torch.randn(100, 4)
    assert (module(states) == 0).any()
    module.eval()
    torch.testing.assert_close(module(states), module[0](states), rtol=0.0, atol=0.0)


@pytest.mark.parametrize("is_padded", [True, False])
def test_attention_with_hardly_any_dropout_is_that_of_sdpa(is_padded: bool) -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, TOKENS, 8)
    mask = torch.ones(2, 1, TOKENS, TOKENS, dtype=torch.bool)
    mask[1, :, :, 5:] = False
    given_mask = mask if is_padded else None
    smallest = 1e-5  # below a 2^-16th half: drops nothing, yet takes our path
    ours, _ = _recording_sdpa(nn.Module(), query, key, value, given_mask, dropout=smallest / 2)
    expected = scaled_dot_product_attention(query, key, value, attn_mask=given_mask).transpose(1, 2)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


def test_a_student_in_training_stays_finite_where_a_window_sees_padding_only() -> None:
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4}
    ids = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3, "pad_token_id": 0}
    encoder = make(ModernBertConfig(**sizes, **ids, intermediate_size=48, attention_dropout=0.2, local_attention=2))
    outputs = encoder.train()(make_batch(), Needs(logits=True))
    assert outputs.logits is not None
    outputs.logits.sum().backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in encoder.parameters())


def test_attention_dropout_acts_in_training_alone() -> None:
    config = BertConfig(
        vocab_size=40, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, hidden_dropout_prob=0.0
    )
    encoder, batch, needs = make(config), make_batch(), Needs(logits=True)
    still = [encoder(batch, needs).logits for _ in range(2)]
    assert torch.equal(still[0], still[1])
    encoder.train()
    noisy = [encoder(batch, needs).logits for _ in range(2)]
    assert not torch.equal(noisy[0], noisy[1])


def make(config: BertConfig | ModernBertConfig) -> Encoder:
    torch.manual_seed(0)
    vocabulary = {word: index for index, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"])}
    return build_encoder(config, Tokenizer(BertTokenizerFast(vocab=vocabulary)), label_names=("no", "yes"))


def make_batch() -> Batch:
    mask = torch.ones(2, TOKENS, dtype=torch.bool)
    mask[1, 3:] = False
    ids = torch.randint(5, 40, mask.shape).masked_fill(~mask, 0)
    return Batch(input_ids=ids, token_mask=mask, token_type_ids=None, labels=None, example_ids=torch.arange(2))
