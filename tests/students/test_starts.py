"""Starts that copy: chosen layers of the source, or a checkpoint of the student's own sizes."""

from pathlib import Path

import pytest
import torch
from tiny_sources import FAMILIES, LABELS, SIZES, VOCABULARY, make_teacher, make_tokenizer
from transformers import AlbertConfig, BertConfig, ElectraConfig

from potstill.errors import ModelError, RecipeError
from potstill.hub import Encoder, build_encoder, find_parts
from potstill.students import BertStudentConfig
from potstill.tensors import Batch, Needs

PARTS = (
    "query",
    "key",
    "value",
    "attention_output",
    "attention_norm",
    "feed_forward_in",
    "feed_forward_out",
    "feed_forward_norm",
)


def build(source: Encoder, *, label_names: tuple[str, ...] = LABELS, **fields: object) -> Encoder:
    torch.manual_seed(0)
    return BertStudentConfig.parse(fields).build(source, label_names)


def equal(ours: torch.nn.Module, theirs: torch.nn.Module) -> bool:
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return all(torch.equal(mine, other) for mine, other in pairs)


@pytest.mark.parametrize(
    ("layers", "expected"), [("uniform", (2, 3)), ("bottom", (1, 2)), ("top", (2, 3)), ((3, 1), (3, 1))]
)
def test_chosen_layers_are_copied_bit_for_bit(
    tiny_teacher: Encoder, layers: str | tuple[int, ...], expected: tuple[int, ...]
) -> None:
    student = build(tiny_teacher, num_layers=2, init={"kind": "teacher_layers", "layers": layers})
    ours, theirs = find_parts(student), find_parts(tiny_teacher)
    for layer, number in zip(ours.layers, expected, strict=True):
        assert all(equal(getattr(layer, part), getattr(theirs.layers[number - 1], part)) for part in PARTS)
    for part in ("words", "positions", "types", "embedding_norm", "pooler", "classifier"):
        assert equal(getattr(ours, part), getattr(theirs, part)), part


def test_a_classifier_for_other_labels_stays_random(tiny_teacher: Encoder) -> None:
    student = build(tiny_teacher, label_names=("x", "y"))
    ours, theirs = find_parts(student), find_parts(tiny_teacher)
    assert equal(ours.pooler, theirs.pooler)
    assert ours.classifier.weight.std() < 0.05 < theirs.classifier.weight.std()


@pytest.mark.parametrize("kind", ["svd", "teacher_layers"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_of_every_family_computes_the_same_states(family: str, kind: str, batch: Batch) -> None:
    source = make_teacher(FAMILIES[family])
    student = build(source, init={"kind": kind})
    needs = Needs(logits=True, hidden_states=frozenset(range(4)))
    ours, theirs = student(batch, needs), source(batch, needs)
    for index, states in theirs.hidden_states.items():
        torch.testing.assert_close(
            ours.hidden_states[index][batch.token_mask], states[batch.token_mask], atol=1e-4, rtol=1e-4
        )
    has_tanh_pooler = family not in ("electra", "distilbert")
    assert torch.allclose(ours.logits, theirs.logits, atol=1e-4) == has_tanh_pooler


def test_another_width_is_refused_and_svd_named(tiny_teacher: Encoder) -> None:
    with pytest.raises(RecipeError, match=r"student\.hidden_size is 16 and the source's 24; .*'svd'"):
        build(tiny_teacher, hidden_size=16, init={"kind": "teacher_layers"})


@pytest.mark.parametrize("kind", ["svd", "teacher_layers"])
def test_a_map_that_leaves_a_layer_out_is_refused(tiny_teacher: Encoder, kind: str) -> None:
    with pytest.raises(RecipeError, match=r"^student\.init\.layers: skip names 1 of the student's 2 layers"):
        build(tiny_teacher, num_layers=2, init={"kind": kind, "layers": "skip"})


@pytest.mark.parametrize("kind", ["svd", "teacher_layers"])
def test_a_source_that_is_not_built_like_bert_is_refused(kind: str) -> None:
    source = make_teacher(AlbertConfig(**SIZES, embedding_size=24))
    with pytest.raises(ModelError, match=r"model of type 'albert'.*use the start 'random'"):
        build(source, init={"kind": kind})
    assert build(source, init={"kind": "random"}).shape.hidden_size == 24


def test_a_source_with_projected_embeddings_is_refused() -> None:
    source = make_teacher(ElectraConfig(**SIZES, embedding_size=12))
    with pytest.raises(ModelError, match=r"embeddings are 12 wide and its layers 24"):
        build(source)


def save(encoder: Encoder, folder: Path) -> str:
    encoder.save(folder)
    return str(folder)


def test_a_checkpoint_gives_all_its_weights(tiny_teacher: Encoder, tmp_path: Path, batch: Batch) -> None:
    sizes = {"num_layers": 2, "hidden_size": 16}
    saved = build(tiny_teacher, **sizes, init={"kind": "svd"})
    path = save(saved, tmp_path)
    student = build(tiny_teacher, **sizes, init={"kind": "checkpoint", "path": path})
    assert equal(student, saved)
    other = build(tiny_teacher, **sizes, label_names=("x", "y"), init={"kind": "checkpoint", "path": path})
    assert equal(other.model.bert, saved.model.bert)
    assert other(batch, Needs(logits=True)).logits.shape == (8, 2)


def test_a_checkpoint_of_other_sizes_is_refused_naming_both(tiny_teacher: Encoder, tmp_path: Path) -> None:
    path = save(tiny_teacher, tmp_path)
    with pytest.raises(RecipeError, match=r"has num_layers 3, hidden_size 24, the student 2, 16; give"):
        build(tiny_teacher, num_layers=2, hidden_size=16, init={"kind": "checkpoint", "path": path})


def test_a_checkpoint_with_another_activation_is_refused(tiny_teacher: Encoder, tmp_path: Path) -> None:
    path = save(make_teacher(BertConfig(**SIZES, hidden_act="relu")), tmp_path)
    with pytest.raises(RecipeError, match=r"has activation ReLU, the student GELUActivation"):
        build(tiny_teacher, init={"kind": "checkpoint", "path": path})


def test_a_checkpoint_with_another_tokenizer_is_refused(tiny_teacher: Encoder, tmp_path: Path) -> None:
    words = (*VOCABULARY[:-1], "malt")
    path = save(build_encoder(FAMILIES["bert"], make_tokenizer(words), label_names=LABELS), tmp_path)
    with pytest.raises(ModelError, match=r"has another tokenizer than what .* set teacher\.base to it"):
        build(tiny_teacher, init={"kind": "checkpoint", "path": path})
