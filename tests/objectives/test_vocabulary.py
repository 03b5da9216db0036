"""Losses over the vocabulary: against slow and against whole computations, and the published figures."""

import math
from dataclasses import replace

import pytest
import slow_losses as slow
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from objective_building import Encoders, as_lists, build, encoders
from random_outputs import encoder_shape, make_batch, random_outputs
from torch import Tensor
from torch.nn import functional

from potstill.objectives.vocabulary import sum_over_rows
from potstill.tensors import Batch, EncoderOutputs, VocabularyOutputs

quick = settings(max_examples=25)
positions = st.sampled_from(["tokens", "targets"])
SHAPE = encoder_shape()


def rows_of(outputs: EncoderOutputs, chosen: Tensor) -> slow.Matrix:
    found = outputs.vocabulary
    assert found is not None
    return slow.vocabulary_rows(as_lists(found.features), as_lists(found.weight), as_lists(found.bias), chosen.tolist())


def chosen_by(batch: Batch, positions: str) -> Tensor:
    assert batch.target_ids is not None
    return batch.token_mask if positions == "tokens" else batch.target_ids != -100


@quick
@given(world=encoders())
def test_masked_lm(world: Encoders) -> None:
    chosen = chosen_by(world.batch, "targets")
    targets = world.batch.target_ids[chosen].tolist()
    expected = slow.hard_labels(rows_of(world.student, chosen), targets)
    assert world.loss("masked_lm") == pytest.approx(expected, rel=1e-4)


@quick
@given(world=encoders(), temperature=st.floats(0.5, 8), positions=positions)
def test_vocabulary_soft_labels(world: Encoders, temperature: float, positions: str) -> None:
    chosen = chosen_by(world.batch, positions)
    students, teachers = rows_of(world.student, chosen), rows_of(world.teacher, chosen)
    expected = temperature**2 * slow.soft_labels(students, teachers, temperature=temperature, divergence=slow.kl)
    measured = world.loss("vocabulary_soft_labels", temperature=temperature, positions=positions)
    assert measured == pytest.approx(expected, rel=1e-3, abs=1e-5)


@quick
@given(world=encoders(), positions=positions)
def test_vocabulary_mse(world: Encoders, positions: str) -> None:
    chosen = chosen_by(world.batch, positions)
    expected = slow.logits_mse(rows_of(world.student, chosen), rows_of(world.teacher, chosen), sum_labels=True)
    assert world.loss("vocabulary_mse", positions=positions) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("chunk_elements", [1, 50, 170, 10**9])
def test_chunks_give_the_loss_and_the_gradients_of_the_whole(chunk_elements: int) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(17, 8), torch.randn(50, 8), torch.randn(50)]
    targets = torch.randint(50, (17,))
    whole = [tensor.double().requires_grad_() for tensor in inputs]
    expected = functional.cross_entropy(whole[0] @ whole[1].T + whole[2], targets, reduction="sum")
    (3 * expected).backward()
    chunked = [tensor.clone().requires_grad_() for tensor in inputs]
    loss = sum_over_rows(
        *chunked,
        lambda logits, rows: functional.cross_entropy(logits, targets[rows], reduction="sum"),
        chunk_elements=chunk_elements,
    )
    (3 * loss).backward()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=0)
    for ours, theirs in zip(chunked, whole, strict=True):
        torch.testing.assert_close(ours.grad.double(), theirs.grad, rtol=1e-5, atol=1e-6)


def test_no_more_logits_exist_at_a_time_than_a_chunk_has() -> None:
    seen: list[torch.Size] = []

    def row_loss(logits: Tensor, rows: slice) -> Tensor:
        seen.append(logits.shape)
        return logits.sum()

    features, weight = torch.randn(10, 4), torch.randn(50, 4)
    sum_over_rows(features, weight, torch.zeros(50), row_loss, chunk_elements=199)
    assert seen == [(3, 50), (3, 50), (3, 50), (1, 50)]


def test_a_loss_that_needs_no_gradient_keeps_none() -> None:
    weight = torch.randn(50, 4, requires_grad=True)
    with torch.no_grad():
        loss = sum_over_rows(torch.randn(10, 4), weight, torch.zeros(50), lambda logits, _: logits.exp().sum())
    assert loss > 0
    assert not loss.requires_grad


@pytest.mark.parametrize("kind", ["masked_lm", "vocabulary_soft_labels", "vocabulary_mse"])
def test_a_batch_without_targets_has_no_loss_and_a_finite_gradient(kind: str) -> None:
    mask = torch.tensor([[True, True, False]])
    batch = replace(make_batch(mask), target_ids=torch.full((1, 3), -100))
    student, teacher = random_outputs(SHAPE, mask, seed=0), random_outputs(SHAPE, mask, seed=1)
    assert student.vocabulary is not None
    student.vocabulary.features.requires_grad_()
    fields = {} if kind == "masked_lm" else {"positions": "targets"}
    loss = build(kind, student=SHAPE, teacher=SHAPE, **fields)(student, teacher, batch)
    loss.backward()
    assert loss == 0
    assert not student.vocabulary.features.grad.any()


STUDENT_LOGITS = torch.tensor([[1, 0.5, -0.5], [0.2, 0.4, -0.6]])
TEACHER_LOGITS = torch.tensor([[2.0, 0, -1], [0, 1, 0]])


def as_vocabulary(logits: Tensor) -> EncoderOutputs:
    """A decoder that hands its features on."""
    return EncoderOutputs(vocabulary=VocabularyOutputs(features=logits[None], weight=torch.eye(3), bias=torch.zeros(3)))


def published(kind: str, **fields: object) -> float:
    shape = replace(SHAPE, vocab_size=3)
    mask = torch.ones(1, 2, dtype=torch.bool)
    batch = replace(make_batch(mask), target_ids=torch.tensor([[0, 1]]))
    objective = build(kind, student=shape, teacher=shape, **fields)
    return objective(as_vocabulary(STUDENT_LOGITS), as_vocabulary(TEACHER_LOGITS), batch).item()


def test_the_triple_loss_of_distilbert_adds_up_to_its_figure() -> None:
    soft, hard = published("vocabulary_soft_labels", temperature=2.0), published("masked_lm")
    assert soft == pytest.approx(0.1706046828, abs=1e-6)
    assert hard == pytest.approx(0.6932415467, abs=1e-6)
    assert 5 * soft + 2 * hard + 1 * 1.0 == pytest.approx(3.2395065076, abs=1e-5)
    assert published("vocabulary_mse") == pytest.approx((1.5 + 0.76) / 2, abs=1e-6)


def test_targets_alone_count_where_the_loss_is_restricted_to_them() -> None:
    mask = torch.ones(1, 4, dtype=torch.bool)
    batch = replace(make_batch(mask), target_ids=torch.tensor([[-100, 7, -100, -100]]))
    student, teacher = random_outputs(SHAPE, mask, seed=0), random_outputs(SHAPE, mask, seed=1)
    assert student.vocabulary is not None
    student.vocabulary.features.requires_grad_()
    objective = build("vocabulary_soft_labels", student=SHAPE, teacher=SHAPE, positions="targets")
    objective(student, teacher, batch).backward()
    gradient = student.vocabulary.features.grad
    assert gradient[0, 1].any()
    assert not gradient[0, [0, 2, 3]].any()


def test_a_random_student_predicts_no_better_than_chance() -> None:
    mask = torch.ones(4, 8, dtype=torch.bool)
    student = random_outputs(SHAPE, mask, seed=0, scale=0.0)
    assert student.vocabulary is not None
    flat = replace(student, vocabulary=replace(student.vocabulary, bias=torch.zeros(50)))
    loss = build("masked_lm", student=SHAPE, teacher=None)(flat, EncoderOutputs(), make_batch(mask))
    assert loss.item() == pytest.approx(math.log(50), rel=1e-6)
