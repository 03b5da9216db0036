"""The BERT-like student: its sizes, its reproducibility, and that plain transformers can load it."""

import json
from pathlib import Path

import pytest
import torch
from tiny_sources import LABELS
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from potstill.errors import RecipeError
from potstill.hub import Encoder
from potstill.students import BertStudentConfig, WholeStudentConfig
from potstill.tensors import Batch, EncoderShape, Needs


def build(source: Encoder, *, seed: int = 0, label_names: tuple[str, ...] = LABELS, **fields: object) -> Encoder:
    torch.manual_seed(seed)
    return BertStudentConfig.parse(fields).build(source, label_names)


def test_sizes_that_are_left_out_are_the_sources(tiny_teacher: Encoder) -> None:
    assert build(tiny_teacher).shape == tiny_teacher.shape
    student = build(tiny_teacher, hidden_size=16, num_layers=2, init={"kind": "random"})
    assert student.shape == EncoderShape(
        num_layers=2, hidden_size=16, feed_forward_size=48, num_heads=4, vocab_size=100, num_labels=3
    )
    assert student.model.config.max_position_embeddings == 40


def test_a_fraction_of_1_is_all_and_the_number_1_is_one(tiny_teacher: Encoder) -> None:
    whole = build(tiny_teacher, hidden_size=1.0, num_layers=1, init={"kind": "random"}).shape
    assert (whole.hidden_size, whole.num_layers) == (tiny_teacher.shape.hidden_size, 1)
    for value in (0, 0.0, 1.5, 16.0):
        with pytest.raises(RecipeError, match="hidden_size"):
            BertStudentConfig.parse({"hidden_size": value})


def test_a_regression_student_has_one_output(tiny_teacher: Encoder, batch: Batch) -> None:
    student = build(tiny_teacher, label_names=())
    assert student(batch, Needs(logits=True)).logits.shape == (8, 1)


def test_dropout_is_set_apart_for_states_and_attention(tiny_teacher: Encoder) -> None:
    config = build(tiny_teacher, dropout=0.3, attention_dropout=0.2).model.config
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.3, 0.2)


def test_heads_that_do_not_divide_the_width_are_refused(tiny_teacher: Encoder) -> None:
    with pytest.raises(RecipeError, match=r"^student\.num_heads: 5 heads do not divide hidden_size 24"):
        build(tiny_teacher, num_heads=5)


@pytest.mark.parametrize("kind", ["random", "svd", "teacher_layers"])
def test_building_is_deterministic_under_a_seed(tiny_teacher: Encoder, kind: str) -> None:
    fields = {"num_layers": 2, "init": {"kind": kind}, **({} if kind == "teacher_layers" else {"hidden_size": 16})}
    first, again = build(tiny_teacher, **fields), build(tiny_teacher, **fields)
    for ours, theirs in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_random_start_follows_the_seed(tiny_teacher: Encoder) -> None:
    first = build(tiny_teacher, init={"kind": "random"})
    other = build(tiny_teacher, init={"kind": "random"}, seed=1)
    words = first.model.bert.embeddings.word_embeddings.weight
    assert not torch.equal(words, other.model.bert.embeddings.word_embeddings.weight)
    assert 0.015 < words.std() < 0.025


@pytest.mark.parametrize("kind", ["random", "svd", "teacher_layers"])
def test_the_source_is_not_changed(tiny_teacher: Encoder, kind: str) -> None:
    before = {name: tensor.clone() for name, tensor in tiny_teacher.state_dict().items()}
    student = build(tiny_teacher, init={"kind": kind})
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tiny_teacher.state_dict().items())


def test_plain_transformers_loads_the_saved_student(tiny_teacher: Encoder, batch: Batch, tmp_path: Path) -> None:
    student = build(tiny_teacher, num_layers=2, hidden_size=16, init={"kind": "svd"})
    student.save(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert settings["architectures"] == ["BertForSequenceClassification"]
    assert settings["id2label"] == {"0": "a", "1": "b", "2": "c"}
    assert not any("potstill" in str(value) for value in settings.values())
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert plain.config._attn_implementation == "sdpa"
    logits = plain(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    torch.testing.assert_close(logits, student(batch, Needs(logits=True)).logits)
    ids = AutoTokenizer.from_pretrained(tmp_path)("grain1 grain94")["input_ids"]
    assert ids == student.tokenizer.encode(["grain1 grain94"], None, max_length=16).ids.tolist()


def test_the_whole_source_is_a_copy_that_can_be_trained(tiny_teacher: Encoder, batch: Batch) -> None:
    student = WholeStudentConfig().build(tiny_teacher, LABELS)
    needs = Needs(logits=True)
    assert torch.equal(student(batch, needs).logits, tiny_teacher(batch, needs).logits)
    pairs = zip(student.parameters(), tiny_teacher.parameters(), strict=True)
    assert all(ours.requires_grad and ours.data_ptr() != theirs.data_ptr() for ours, theirs in pairs)
