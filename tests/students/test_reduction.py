"""The closed forms against what defines them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from potstill.students.reduction import RIDGE, find_basis, fit_linear, fit_norm, split_product


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30)
@given(size=st.integers(2, 12), width=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_basis_is_orthonormal_and_keeps_the_ones(size: int, width: int, seed: int) -> None:
    width = min(width, size)
    basis = find_basis([draw(40, size, seed=seed), draw(30, size, seed=seed + 1)], width=width)
    torch.testing.assert_close(basis.T @ basis, torch.eye(width), atol=1e-5, rtol=0)
    ones = basis @ torch.full((width,), width**-0.5)
    torch.testing.assert_close(ones, torch.full((size,), size**-0.5), atol=1e-5, rtol=0)


def test_layer_norm_loses_the_same_in_the_basis_as_outside_it() -> None:
    states = draw(50, 10)
    basis = find_basis([states], width=6)
    inside = states @ basis @ basis.T
    projected = functional.layer_norm(inside, (10,), eps=0.0) @ basis
    cosine = functional.cosine_similarity(projected, functional.layer_norm(states @ basis, (6,), eps=0.0))
    torch.testing.assert_close(cosine, torch.ones(50), atol=1e-5, rtol=0)


def test_a_basis_spans_the_directions_that_vary_most() -> None:
    plane = torch.linalg.qr(draw(8, 2)).Q
    plane = torch.linalg.qr(plane - plane.mean(0)).Q
    states = draw(200, 2, seed=1) @ plane.T + 0.001 * draw(200, 8, seed=2)
    basis = find_basis([states], width=3)
    torch.testing.assert_close(basis @ basis.T @ plane, plane, atol=1e-3, rtol=0)


def test_a_basis_of_full_width_is_the_identity() -> None:
    assert torch.equal(find_basis([draw(20, 5)], width=5), torch.eye(5))


@settings(max_examples=20)
@given(left=st.integers(4, 9), right=st.integers(4, 9), inner=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_split_product_is_the_nearest_of_its_rank(left: int, right: int, inner: int, seed: int) -> None:
    one, other = draw(2, left, inner, seed=seed), draw(2, right, inner, seed=seed + 1)
    for rank in range(1, inner + 1):
        first, second = split_product(one, other, rank=rank)
        assert first.shape == (2, left, rank)
        assert second.shape == (2, right, rank)
        error = (first @ second.mT - one @ other.mT).square().sum((1, 2))
        dropped = torch.linalg.svdvals(one @ other.mT)[:, rank:].square().sum(1)
        torch.testing.assert_close(error, dropped, atol=1e-4, rtol=1e-3)


def test_a_linear_fit_solves_its_least_squares_problem() -> None:
    inputs, targets, prior = draw(30, 4), draw(30, 3, seed=1), draw(3, 4, seed=2)
    weight, bias = fit_linear(inputs, targets, prior=prior)
    centred = inputs - inputs.mean(0)
    ridge = RIDGE * centred.square().sum() / 4
    found = torch.cat([prior.clone(), torch.zeros(3, 1)], dim=1).double().requires_grad_()
    optimizer = torch.optim.LBFGS([found], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missing = targets - inputs.double() @ found[:, :4].T - found[:, 4]
        total = missing.square().sum() + ridge * (found[:, :4] - prior).square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    torch.testing.assert_close(torch.cat([weight, bias[:, None]], dim=1).double(), found.detach(), atol=1e-4, rtol=1e-4)


def test_a_prior_that_fits_is_kept() -> None:
    inputs, prior = draw(30, 4), draw(3, 4, seed=2)
    weight, bias = fit_linear(inputs, inputs @ prior.T + 2, prior=prior)
    torch.testing.assert_close(weight, prior, atol=1e-5, rtol=0)
    torch.testing.assert_close(bias, torch.full((3,), 2.0), atol=1e-5, rtol=0)


def test_constant_inputs_leave_the_prior() -> None:
    prior = draw(3, 4)
    weight, bias = fit_linear(torch.ones(5, 4), torch.zeros(5, 3), prior=prior)
    torch.testing.assert_close(weight, prior)
    torch.testing.assert_close(bias, -prior.sum(1))


def test_a_norm_fit_is_a_straight_line_through_each_coordinate() -> None:
    sums, targets = draw(60, 4), draw(60, 4, seed=1)
    norm = torch.nn.LayerNorm(4)
    fit_norm(norm, sums, targets)
    normal = functional.layer_norm(sums, (4,))
    for place in range(4):
        line = torch.stack([normal[:, place], torch.ones(60)], dim=1)
        slope, shift = torch.linalg.lstsq(line, targets[:, [place]]).solution[:, 0]
        assert norm.weight[place].item() == pytest.approx(slope.item(), abs=1e-5)
        assert norm.bias[place].item() == pytest.approx(shift.item(), abs=1e-5)
