"""Objectives on what real (tiny) encoders give, with queries and keys captured on the fast attention path."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from objective_building import build
from random_outputs import make_batch
from transformers import BertConfig, BertTokenizerFast, DistilBertConfig, PretrainedConfig

from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.objectives.attention import log_probs, token_scores
from potstill.tensors import Batch, Needs

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "grain", "is", "warm", "and", "wet"]
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0]], dtype=torch.bool)
EVERY_KIND: list[dict[str, Any]] = [
    {"kind": "soft_labels", "temperature": 2.0},
    {"kind": "logits_mse"},
    {"kind": "hard_labels"},
    {"kind": "hidden_states"},
    {"kind": "embeddings"},
    {"kind": "attention_scores"},
    {"kind": "attention_probs"},
    {"kind": "attention_probs", "divergence": "kl"},
    {"kind": "relations"},
    {"kind": "relations", "num_relation_heads": 4},
]


def make_encoder(config: PretrainedConfig, *, seed: int) -> Encoder:
    torch.manual_seed(seed)
    tokenizer = Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(WORDS)}))
    encoder = build_encoder(config, tokenizer, label_names=("no", "yes"))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return encoder


def tiny_bert(*, layers: int, hidden: int, seed: int) -> Encoder:
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=16,
    )
    return make_encoder(config, seed=seed)


@pytest.fixture(scope="module")
def student() -> Encoder:
    return tiny_bert(layers=2, hidden=8, seed=1)


@pytest.fixture(scope="module")
def teacher() -> Encoder:
    return tiny_bert(layers=4, hidden=12, seed=2)


def make_real_batch(*, extra: int = 0) -> Batch:
    ids = torch.randint(5, len(WORDS), MASK.shape, generator=torch.Generator().manual_seed(3)).masked_fill(~MASK, 0)
    mask = torch.nn.functional.pad(MASK, (0, extra))
    batch = make_batch(mask, labels=torch.tensor([0, 1, 1]))
    return replace(batch, input_ids=torch.nn.functional.pad(ids, (0, extra)))


@pytest.mark.parametrize("fields", EVERY_KIND, ids=lambda fields: "-".join(map(str, fields.values())))
def test_the_length_of_the_batch_does_not_change_the_loss(
    student: Encoder, teacher: Encoder, fields: dict[str, Any]
) -> None:
    objective = build(**fields, student=student.shape, teacher=teacher.shape)
    losses = []
    for batch in (make_real_batch(), make_real_batch(extra=5)):
        outputs = student(batch, objective.student_needs), teacher(batch, objective.teacher_needs)
        losses.append(objective(*outputs, batch))
    assert losses[0] > 1e-4
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("fields", EVERY_KIND, ids=lambda fields: "-".join(map(str, fields.values())))
def test_a_few_steps_bring_the_student_nearer(teacher: Encoder, fields: dict[str, Any]) -> None:
    student = tiny_bert(layers=2, hidden=8, seed=1)
    objective = build(**fields, student=student.shape, teacher=teacher.shape)
    optimizer = torch.optim.Adam([*student.parameters(), *objective.parameters()], lr=1e-2)
    batch = make_real_batch()
    with torch.no_grad():
        target = teacher(batch, objective.teacher_needs)
    losses = []
    for _ in range(6):
        loss = objective(student(batch, objective.student_needs), target, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_captured_queries_and_keys_give_the_attention_of_the_model(family: str) -> None:
    bert = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    distilbert = DistilBertConfig(vocab_size=len(WORDS), dim=8, n_layers=2, n_heads=2, hidden_dim=16)
    encoder = make_encoder({"bert": bert, "distilbert": distilbert}[family], seed=4)
    batch, layers = make_real_batch(), frozenset({1, 2})
    with torch.no_grad():
        outputs = encoder(batch, Needs(queries=layers, keys=layers))
        encoder.model.set_attn_implementation("eager")
        wanted = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask, output_attentions=True)
    for layer in layers:
        probs = log_probs(token_scores(outputs.queries[layer], outputs.keys[layer]), batch.token_mask).exp()
        rows = batch.token_mask[:, None, :, None]
        torch.testing.assert_close(probs * rows, wanted.attentions[layer - 1] * rows)
