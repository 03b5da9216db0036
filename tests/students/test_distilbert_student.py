"""The student with DistilBERT's architecture: its published sizes, and what it takes over from BERT."""

import json
from pathlib import Path

import pytest
import torch
from tiny_sources import FAMILIES, LABELS, make_batch, make_teacher, make_tokenizer
from transformers import AutoModelForSequenceClassification, BertConfig, DistilBertForMaskedLM

from potstill.errors import RecipeError
from potstill.hub import Encoder, build_encoder, count_parameters, find_parts
from potstill.students import DistilBertStudentConfig
from potstill.tensors import Batch, EncoderShape, Needs

STATES = Needs(hidden_states=frozenset({0, 1, 2, 3}))


def build(
    source: Encoder, *, label_names: tuple[str, ...] = LABELS, calibration: Batch | None = None, **fields
) -> Encoder:
    torch.manual_seed(0)
    return DistilBertStudentConfig.parse(fields).build(source, label_names, calibration=calibration)


def full_size(**fields: object) -> Encoder:
    """Build a student of BERT-base that has shapes but no weights."""
    with torch.device("meta"):
        source = build_encoder(BertConfig(), make_tokenizer(), label_names=("a", "b"))
        return build(source, label_names=("a", "b"), init={"kind": "random"}, **fields)


def count(model: torch.nn.Module, *, trained: bool = False) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)


def test_sizes_are_the_published_ones() -> None:
    student = full_size(num_layers=6)
    assert count(student.model.base_model) == 66_362_880
    assert count(student) == count_parameters(student).total == 66_955_010
    assert count_parameters(student).embeddings == 23_835_648
    assert count(full_size(num_layers=0.334).model.base_model) == 52_187_136
    with torch.device("meta"):
        masked = DistilBertForMaskedLM(student.model.config)
    assert count(masked) == 66_985_530


def test_frozen_positions_are_not_trained_whatever_the_start(tiny_teacher: Encoder) -> None:
    student = full_size(num_layers=6, freeze_positions=True)
    assert count(student, trained=True) == 66_955_010 - 512 * 768
    assert 66_985_530 - 512 * 768 == 66_592_314, "with the masked-LM head, as published"
    for kind in ("random", "svd", "teacher_layers"):
        frozen = [
            name
            for name, parameter in build(
                tiny_teacher, freeze_positions=True, init={"kind": kind}
            ).model.named_parameters()
            if not parameter.requires_grad
        ]
        assert frozen == ["distilbert.embeddings.position_embeddings.weight"]


def test_it_has_neither_segments_nor_pooler(tiny_teacher: Encoder) -> None:
    student = build(tiny_teacher)
    assert find_parts(student).types is None
    assert count_parameters(student).pooler == 0
    assert student.shape == EncoderShape(
        num_layers=3, hidden_size=24, feed_forward_size=48, num_heads=4, vocab_size=100, num_labels=3
    )


def test_every_dropout_is_set_apart(tiny_teacher: Encoder) -> None:
    config = build(tiny_teacher, dropout=0.3, attention_dropout=0.4, head_dropout=0.5).model.config
    assert (config.dropout, config.attention_dropout, config.seq_classif_dropout) == (0.3, 0.4, 0.5)


@pytest.mark.parametrize("kind", ["svd", "teacher_layers"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_of_every_family_computes_the_same_states_on_single_texts(family: str, kind: str) -> None:
    source = make_teacher(FAMILIES[family])
    batch = make_batch()
    student = build(source, init={"kind": kind}, calibration=batch)
    ours, theirs = student(batch, STATES).hidden_states, source(batch, STATES).hidden_states
    for index in STATES.hidden_states:
        torch.testing.assert_close(ours[index][batch.token_mask], theirs[index][batch.token_mask], atol=1e-4, rtol=1e-4)


def test_layers_are_spread_unless_they_are_named(tiny_teacher: Encoder) -> None:
    theirs = find_parts(tiny_teacher)
    for fields, expected in (({}, (1, 3)), ({"init": {"kind": "teacher_layers", "layers": [2, 1]}}, (2, 1))):
        ours = find_parts(build(tiny_teacher, num_layers=2, **fields))
        for layer, number in zip(ours.layers, expected, strict=True):
            assert torch.equal(layer.query.weight, theirs.layers[number - 1].query.weight)
            assert torch.equal(layer.feed_forward_norm.bias, theirs.layers[number - 1].feed_forward_norm.bias)


def test_a_head_is_taken_from_a_distilbert_and_from_no_other() -> None:
    for family, is_taken in (("bert", False), ("distilbert", True)):
        source = make_teacher(FAMILIES[family])
        ours, theirs = find_parts(build(source)), find_parts(source)
        assert torch.equal(ours.pooler.weight, theirs.pooler.weight) == is_taken
        assert torch.equal(ours.classifier.weight, theirs.classifier.weight) == is_taken


def test_a_checkpoint_gives_all_its_weights(tiny_teacher: Encoder, tmp_path: Path) -> None:
    saved = build(tiny_teacher, num_layers=2, hidden_size=16, init={"kind": "svd"})
    saved.save(tmp_path)
    student = build(tiny_teacher, num_layers=2, hidden_size=16, init={"kind": "checkpoint", "path": str(tmp_path)})
    assert all(torch.equal(a, b) for a, b in zip(student.parameters(), saved.parameters(), strict=True))


def test_a_wider_student_than_its_source_cannot_be_cut_from_it(tiny_teacher: Encoder) -> None:
    with pytest.raises(RecipeError, match=r"'svd' cuts the source down, but student\.hidden_size is 48"):
        build(tiny_teacher, hidden_size=48, init={"kind": "svd"})


def test_plain_transformers_loads_the_saved_student(tiny_teacher: Encoder, batch: Batch, tmp_path: Path) -> None:
    student = build(tiny_teacher, num_layers=2)
    student.save(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert settings["architectures"] == ["DistilBertForSequenceClassification"]
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    logits = plain(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    torch.testing.assert_close(logits, student(batch, Needs(logits=True)).logits)
