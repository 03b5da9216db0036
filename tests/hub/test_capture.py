"""Queries, keys and values come from the fast attention path, for every family that uses transformers' interface."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import (
    AlbertConfig,
    BertConfig,
    BertTokenizerFast,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from potstill.errors import ModelError
from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.tensors import Batch, Needs

NUM_LAYERS, NUM_HEADS, WIDTH, VOCABULARY = 3, 4, 24, 40
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": NUM_HEADS,
    "intermediate_size": 48,
}
MODERN = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3, "pad_token_id": 0}
CAPTURED: dict[str, PreTrainedConfig] = {
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES, pad_token_id=0),
    "xlm-roberta": XLMRobertaConfig(**SIZES, pad_token_id=0),
    "camembert": CamembertConfig(**SIZES, pad_token_id=0),
    "electra": ElectraConfig(**SIZES, embedding_size=WIDTH),
    "distilbert": DistilBertConfig(
        vocab_size=VOCABULARY, dim=WIDTH, n_layers=NUM_LAYERS, n_heads=NUM_HEADS, hidden_dim=48
    ),
    "albert": AlbertConfig(**SIZES, embedding_size=WIDTH),
    "modernbert": ModernBertConfig(**SIZES, **MODERN),
}
REFUSED: dict[str, PreTrainedConfig] = {"mpnet": MPNetConfig(**SIZES), "deberta-v2": DebertaV2Config(**SIZES)}
EVERYTHING = frozenset(range(1, NUM_LAYERS + 1))


def make(config: PreTrainedConfig) -> Encoder:
    torch.manual_seed(0)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
    tokenizer = Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}))
    return build_encoder(config, tokenizer, label_names=("no", "yes"))


@pytest.mark.parametrize("family", CAPTURED)
def test_every_layer_is_captured(family: str, batch: Batch) -> None:
    encoder = make(CAPTURED[family])
    outputs = encoder(batch, Needs(queries=EVERYTHING, keys=EVERYTHING, values=EVERYTHING))
    for captured in (outputs.queries, outputs.keys, outputs.values):
        assert set(captured) == EVERYTHING
        assert all(state.shape == (2, NUM_HEADS, 6, WIDTH // NUM_HEADS) for state in captured.values())
    assert outputs.logits is None
    assert not outputs.hidden_states


@pytest.mark.parametrize("family", CAPTURED)
def test_capturing_changes_no_logit_and_agrees_with_eager_attention(family: str, batch: Batch) -> None:
    encoder = make(CAPTURED[family])
    plain = encoder(batch, Needs(logits=True)).logits
    captured = encoder(batch, Needs(logits=True, queries=frozenset({1}), hidden_states=frozenset({0, 2})))
    encoder.model.set_attn_implementation("eager")
    eager = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    torch.testing.assert_close(captured.logits, plain, rtol=0.0, atol=0.0)
    torch.testing.assert_close(plain, eager, rtol=0.0, atol=1e-6)
    assert set(captured.hidden_states) == {0, 2}


@pytest.mark.parametrize("is_padded", [True, False])
@pytest.mark.parametrize("family", [*CAPTURED, *REFUSED, "modernbert-local"])
def test_masks_that_nobody_looks_into_change_no_logit_and_no_gradient(
    family: str, is_padded: bool, batch: Batch
) -> None:
    local = ModernBertConfig(**SIZES, **MODERN, local_attention=4)
    encoder = make((CAPTURED | REFUSED | {"modernbert-local": local})[family])
    if not is_padded:
        batch = replace(batch, token_mask=torch.ones_like(batch.token_mask))
    ours = encoder(batch, Needs(logits=True)).logits
    if encoder.can_capture:
        encoder.model.set_attn_implementation("sdpa")
    theirs = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    assert torch.equal(ours, theirs)
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    gradients = (torch.autograd.grad(logits[0, 0], weights, allow_unused=True) for logits in (ours, theirs))
    for one, other in zip(*gradients, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


def test_scores_of_captured_states_are_the_attention_of_the_model(batch: Batch) -> None:
    encoder = make(CAPTURED["bert"])
    outputs = encoder(batch, Needs(queries=EVERYTHING, keys=EVERYTHING))
    encoder.model.set_attn_implementation("eager")
    eager = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask, output_attentions=True)
    for layer in EVERYTHING:
        scores = outputs.queries[layer] @ outputs.keys[layer].transpose(2, 3) / (WIDTH // NUM_HEADS) ** 0.5
        scores = scores.masked_fill(~batch.token_mask[:, None, None, :], float("-inf"))
        torch.testing.assert_close(scores.softmax(-1), eager.attentions[layer - 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", CAPTURED)
def test_an_encoder_that_need_not_run_to_its_end_gives_the_same(family: str, batch: Batch) -> None:
    encoder = make(CAPTURED[family])
    runs: list[int] = []
    for number, layer in enumerate(encoder.model.base_model.modules()):
        if type(layer).__name__.endswith(("Layer", "TransformerBlock", "EncoderLayer")):
            layer.register_forward_hook(lambda *_, number=number: runs.append(number))
    short = encoder(batch, Needs(hidden_states=frozenset({0, 2}), queries=frozenset({1})))
    num_short = len(runs)
    full = encoder(batch, Needs(logits=True, hidden_states=frozenset({0, 2, NUM_LAYERS}), queries=frozenset({1})))
    for index, state in short.hidden_states.items():
        torch.testing.assert_close(state, full.hidden_states[index], rtol=0.0, atol=0.0)
    torch.testing.assert_close(short.queries[1], full.queries[1], rtol=0.0, atol=0.0)
    if family not in {"albert", "modernbert"}:  # their layers do not lie in a plain stack
        assert 3 * num_short == 2 * (len(runs) - num_short)


@pytest.mark.parametrize("family", REFUSED)
def test_an_encoder_that_cannot_be_captured_is_refused_and_serves_everything_else(family: str, batch: Batch) -> None:
    encoder = make(REFUSED[family])
    outputs = encoder(batch, Needs(logits=True, hidden_states=frozenset({NUM_LAYERS})))
    assert outputs.logits is not None
    with pytest.raises(ModelError, match=r"cannot be captured.*hidden_states"):
        encoder(batch, Needs(queries=frozenset({1})))
