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


@pytest.mark.parametrize("distance", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("tokens", [64, 512])
def test_rounding_stays_under_the_documented_bound(tokens: int, distance: float) -> None:
    teacher = tuple(tensor.detach().double() for tensor in draw(tokens, size=32, seed=5))
    noise = draw(tokens, size=32, seed=6)
    student = tuple(t + distance * n.detach().double() for t, n in zip(teacher, noise, strict=True))
    mask = draw_mask(tokens, 7)
    exact = gram_score_distance(student, teacher, mask)
    rounded = gram_score_distance(
        tuple(tensor.float() for tensor in student), tuple(tensor.float() for tensor in teacher), mask
    )
    nothing = tuple(torch.zeros_like(tensor) for tensor in teacher)
    energy = gram_score_distance(student, nothing, mask) + gram_score_distance(teacher, nothing, mask)
    assert ((rounded - exact).abs() <= 2e-7 * tokens**0.5 * energy).all()
    assert (rounded >= 0).all()


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
