"""The start by truncation: exact where nothing is cut, near the source where something is."""

import pytest
import torch
from tiny_sources import FAMILIES, LABELS, SIZES, make_batch, make_teacher
from transformers import BertConfig

from potstill.errors import RecipeError
from potstill.hub import Encoder, find_parts
from potstill.students import BertStudentConfig
from potstill.students.svd import draw_random_texts
from potstill.tensors import Batch, Needs

LAST = Needs(logits=True, hidden_states=frozenset({3}))
NARROW = {"hidden_size": 16, "feed_forward_size": 32, "num_heads": 4}


def build(source: Encoder, *, kind: str = "svd", calibration: Batch | None = None, **fields: object) -> Encoder:
    torch.manual_seed(0)
    return BertStudentConfig.parse({"init": {"kind": kind}, **fields}).build(source, LABELS, calibration=calibration)


@pytest.fixture(scope="module")
def smooth_teacher() -> Encoder:
    """A teacher whose weights die away along some directions, so that there is something to drop."""
    source = make_teacher(FAMILIES["bert"])
    torch.manual_seed(3)
    directions = torch.linalg.qr(torch.randn(24, 24)).Q
    spectrum = directions @ torch.diag(torch.linspace(1.5, 0, 24) ** 2) @ directions.T
    parts = find_parts(source)
    with torch.no_grad():
        for table in (parts.words, parts.positions, parts.types):
            table.weight.copy_(table.weight @ spectrum)
        for layer in parts.layers:
            for part in (layer.attention_output, layer.feed_forward_out):
                part.weight.copy_(spectrum @ part.weight)
    return source


def correlate(ours: Encoder, theirs: Encoder, batch: Batch) -> float:
    """Give the correlation of the similarities among last states, which no choice of basis changes."""
    grams = []
    for encoder in (ours, theirs):
        states = encoder(batch, LAST).hidden_states[3][batch.token_mask].detach()
        centred = states - states.mean(0)
        grams.append((centred @ centred.T).flatten())
    return float(torch.corrcoef(torch.stack(grams))[0, 1])


def test_nothing_cut_is_nothing_changed(tiny_teacher: Encoder, batch: Batch) -> None:
    student = build(tiny_teacher)
    ours, theirs = student(batch, LAST), tiny_teacher(batch, LAST)
    torch.testing.assert_close(ours.logits, theirs.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.hidden_states[3][batch.token_mask], theirs.hidden_states[3][batch.token_mask])


def test_the_start_is_nearer_to_the_source_than_a_random_one(smooth_teacher: Encoder, batch: Batch) -> None:
    started = correlate(build(smooth_teacher, **NARROW), smooth_teacher, batch)
    random = correlate(build(smooth_teacher, kind="random", **NARROW), smooth_teacher, batch)
    assert started > 0.8 > 0.5 > random


def test_texts_of_the_task_bring_the_start_nearer(smooth_teacher: Encoder) -> None:
    few_words = make_batch(num_texts=64, seed=5)
    few_words.input_ids.remainder_(12)
    test = make_batch(seed=6)
    test.input_ids.remainder_(12)
    informed = correlate(build(smooth_teacher, calibration=few_words, **NARROW), smooth_teacher, test)
    assert informed > correlate(build(smooth_teacher, **NARROW), smooth_teacher, test)


def test_a_wider_student_is_nearer(smooth_teacher: Encoder, batch: Batch) -> None:
    scores = [correlate(build(smooth_teacher, hidden_size=width), smooth_teacher, batch) for width in (8, 16, 20, 24)]
    assert scores == sorted(scores)
    assert scores[-1] > 0.9999


def test_padding_does_not_change_the_start(tiny_teacher: Encoder) -> None:
    short = make_batch(num_tokens=8)
    grown = torch.nn.functional.pad(short.input_ids, (0, 5)), torch.nn.functional.pad(short.token_mask, (0, 5))
    padded = Batch(
        input_ids=grown[0],
        token_mask=grown[1],
        token_type_ids=None,
        labels=None,
        example_ids=short.example_ids,
    )
    first, second = (build(tiny_teacher, calibration=calibration, **NARROW) for calibration in (short, padded))
    torch.testing.assert_close(
        first(short, LAST).hidden_states[3], second(short, LAST).hidden_states[3], atol=1e-3, rtol=1e-3
    )


def test_heads_keep_their_scores_where_their_size_suffices(tiny_teacher: Encoder, batch: Batch) -> None:
    """Half the heads of the same width have twice the head size, into which the source's products fit whole."""
    student = build(tiny_teacher, num_heads=2)
    needs = Needs(queries=frozenset({1}), keys=frozenset({1}))
    mine, other = student(batch, needs), tiny_teacher(batch, needs)

    def probabilities(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        scores = queries @ keys.mT / queries.shape[-1] ** 0.5
        return scores.masked_fill(~batch.token_mask[:, None, None], float("-inf")).softmax(-1)

    mine_probabilities = probabilities(mine.queries[1], mine.keys[1])
    other_probabilities = probabilities(other.queries[1], other.keys[1])
    for head in range(2):
        gaps = (mine_probabilities[:, [head]] - other_probabilities).abs().amax((0, 2, 3))
        assert gaps.min() < 1e-4


def test_what_a_larger_head_adds_has_a_gradient(tiny_teacher: Encoder, batch: Batch) -> None:
    student = build(tiny_teacher, num_heads=2)
    student(batch, LAST).logits.square().sum().backward()
    layer = find_parts(student).layers[1]
    rest = slice(6, 12)
    assert not layer.key.weight[rest].any()
    assert layer.key.weight.grad[rest].abs().amax(1).min() > 0
    assert layer.value.weight.grad[rest].abs().amax(1).min() > 0


@pytest.mark.parametrize(
    ("name", "value", "limit"), [("hidden_size", 32, 24), ("feed_forward_size", 64, 48), ("num_heads", 6, 4)]
)
def test_a_student_that_is_wider_than_its_source_is_refused(
    tiny_teacher: Encoder, name: str, value: int, limit: int
) -> None:
    message = rf"^student\.init\.kind: 'svd' .*student\.{name} is {value} and the source's only {limit}"
    with pytest.raises(RecipeError, match=message):
        build(tiny_teacher, **{name: value})


def test_a_source_in_training_mode_gives_the_same_start(batch: Batch) -> None:
    source = make_teacher(BertConfig(**SIZES, hidden_dropout_prob=0.5))
    calm = build(source, calibration=batch, **NARROW)
    restless = build(source.train(), calibration=batch, **NARROW)
    assert source.training
    for ours, theirs in zip(calm.parameters(), restless.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_random_texts_have_the_frame_of_real_ones(tiny_teacher: Encoder) -> None:
    texts = draw_random_texts(tiny_teacher, 40)
    assert texts.input_ids.shape == (128, 32)
    assert (texts.input_ids[:, 0] == 2).all()
    assert (texts.input_ids[:, -1] == 3).all()
    assert texts.input_ids[:, 1:-1].min() >= 5
    assert texts.input_ids.unique().numel() == 97
