"""Attention distances without the scores: equal to the direct ones, in value, gradient and rounding."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from potstill.objectives.attention import over_query_blocks, row_divergence
from potstill.objectives.attention_scores import direct_score_mse, gram_score_mse
from potstill.objectives.score_gram import gram_score_distance

QueriesAndKeys = tuple[Tensor, Tensor]
Measure = Callable[[QueriesAndKeys, QueriesAndKeys, Tensor], Tensor]


def draw(tokens: int, *, size: int, seed: int, heads: int = 2, dtype: torch.dtype = torch.float32) -> QueriesAndKeys:
    generator = torch.Generator().manual_seed(seed)
    queries, keys = torch.randn(2, 2, heads, tokens, size, generator=generator, dtype=dtype)
    return queries.requires_grad_(), keys.requires_grad_()


def draw_mask(tokens: int, seed: int) -> Tensor:
    mask = torch.rand(2, tokens, generator=torch.Generator().manual_seed(seed)) < 0.7
    mask[:, 0] = True
    return mask


def value_and_gradients(
    measure: Measure, student: QueriesAndKeys, teacher: QueriesAndKeys, mask: Tensor
) -> tuple[Tensor, ...]:
    loss = measure(student, teacher, mask)
    return loss, *torch.autograd.grad(loss, student)


@settings(max_examples=30)
@given(tokens=st.integers(1, 40), sizes=st.tuples(st.integers(1, 7), st.integers(1, 7)), seed=st.integers(0, 999))
def test_gram_matrices_give_the_mean_squared_error_and_its_gradients(
    tokens: int, sizes: tuple[int, int], seed: int
) -> None:
    student = draw(tokens, size=sizes[0], seed=seed, dtype=torch.float64)
    teacher = draw(tokens, size=sizes[1], seed=seed + 1, dtype=torch.float64)
    mask = draw_mask(tokens, seed)
    direct = value_and_gradients(direct_score_mse, student, teacher, mask)
    gram = value_and_gradients(gram_score_mse, student, teacher, mask)
    for ours, theirs in zip(gram, direct, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_gradient_of_gram_matrices_is_that_of_finite_differences() -> None:
    queries, keys = draw(5, size=3, seed=1, heads=1, dtype=torch.float64)
    teacher = tuple(tensor.detach() for tensor in draw(5, size=2, seed=2, heads=1, dtype=torch.float64))
    mask = draw_mask(5, 3)
    assert torch.autograd.gradcheck(lambda q, k: gram_score_distance((q, k), teacher, mask), (queries, keys))


def near_teacher(kind: str, noise: float) -> tuple[QueriesAndKeys, QueriesAndKeys]:
    """Draw heads of 26 on 128 tokens, and a student whose scores are off by a share of theirs."""
    generator = torch.Generator().manual_seed(5)
    teacher, errors = torch.randn(2, 2, 2, 2, 128, 26, generator=generator, dtype=torch.float64)
    if kind == "far from 0":
        teacher += 5 * torch.randn(2, 1, 1, 1, 26, generator=generator, dtype=torch.float64)
    if kind == "narrower":
        teacher[0, ..., 20:] = 0  # then the teacher's scores need no more of its keys
    student = teacher + noise * errors
    if kind == "turned":
        student @= torch.linalg.qr(torch.randn(26, 26, generator=generator, dtype=torch.float64)).Q
    if kind == "narrower":
        student = student[..., :20] * (20 / 26) ** 0.25
    queries, keys = student.float()
    return (queries.requires_grad_(), keys.requires_grad_()), tuple(teacher.float())


@pytest.mark.parametrize("noise", [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("kind", ["plain", "turned", "narrower", "far from 0"])
def test_near_scores_lose_no_more_to_rounding_than_is_documented(kind: str, noise: float) -> None:
    student, teacher = near_teacher(kind, noise)
    mask = draw_mask(128, 7)
    precise = [tuple(part.detach().double().requires_grad_() for part in pair) for pair in (student, teacher)]
    exact = value_and_gradients(direct_score_mse, *precise, mask)
    nothing = tuple(torch.zeros_like(part) for part in precise[1])
    energy = direct_score_mse(precise[0], nothing, mask) + direct_score_mse(precise[1], nothing, mask)
    bound = 1e-6 + 3e-7 * (energy / exact[0]).sqrt()
    for ours, theirs in zip(value_and_gradients(gram_score_mse, student, teacher, mask), exact, strict=True):
        assert (ours - theirs).norm() <= bound * theirs.norm()


@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
def test_a_student_that_left_its_teacher_a_little_is_measured_exactly(noise: float) -> None:
    student, teacher = near_teacher("plain", noise)
    mask = draw_mask(128, 7)
    precise = [tuple(part.detach().double().requires_grad_() for part in pair) for pair in (student, teacher)]
    exact = value_and_gradients(direct_score_mse, *precise, mask)
    for ours, theirs in zip(value_and_gradients(gram_score_mse, student, teacher, mask), exact, strict=True):
        assert (ours - theirs).norm() <= 1e-6 * theirs.norm()


def test_a_teacher_whose_scores_are_all_zero_gives_a_finite_loss() -> None:
    student = draw(30, size=4, seed=1)
    nothing = tuple(torch.zeros_like(part) for part in student)
    for ours in value_and_gradients(gram_score_mse, student, nothing, draw_mask(30, 1)):
        assert ours.isfinite().all()


def test_equal_attention_is_no_distance() -> None:
    student = draw(30, size=4, seed=1)
    loss = gram_score_mse(student, tuple(tensor.detach() for tensor in student), draw_mask(30, 1))
    assert 0 <= loss.item() < 1e-5


def test_blocks_of_queries_give_the_same_divergence_and_gradients() -> None:
    student, teacher = draw(600, size=3, seed=1), draw(600, size=5, seed=2)
    mask = draw_mask(600, 3)

    def whole(ours: QueriesAndKeys, theirs: QueriesAndKeys, mask: Tensor) -> Tensor:
        scores = [q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 for q, k in (ours, theirs)]
        return row_divergence(*scores, mask).mean()

    def blocks(ours: QueriesAndKeys, theirs: QueriesAndKeys, mask: Tensor) -> Tensor:
        return over_query_blocks(lambda a, b: row_divergence(a, b, mask), ours, theirs).mean()

    wanted = value_and_gradients(whole, student, teacher, mask)
    for ours, theirs in zip(value_and_gradients(blocks, student, teacher, mask), wanted, strict=True):
        torch.testing.assert_close(ours, theirs)
