"""Every optimizer against a slow one in plain Python, and the constants of the published code."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from potstill.config import Config
from potstill.errors import RecipeError
from potstill.recipe import load_recipe
from potstill.training.clipping import clip_each_tensor
from potstill.training.config import ScheduleConfig
from potstill.training.optimizer import AdadeltaConfig, AdamWConfig, AnyOptimizerConfig, BertAdamConfig

GRADIENTS = ((0.3, -0.02), (-0.1, 0.5), (0.05, 0.0))
START = (0.7, -1.2)


def run(config: AnyOptimizerConfig, *, is_matrix: bool = True) -> list[float]:
    weight = nn.Parameter(torch.tensor([START] if is_matrix else START, dtype=torch.float64))
    optimizer = config.build([weight])
    for gradient in GRADIENTS:
        weight.grad = torch.tensor([gradient] if is_matrix else gradient, dtype=torch.float64)
        optimizer.step()
    return weight.detach().flatten().tolist()


def slow_bert_adam(place: int, config: BertAdamConfig, decay: float) -> float:
    weight, mean, square = START[place], 0.0, 0.0
    for gradients in GRADIENTS:
        gradient = gradients[place]
        mean = config.betas[0] * mean + (1 - config.betas[0]) * gradient
        square = config.betas[1] * square + (1 - config.betas[1]) * gradient**2
        weight -= config.learning_rate * (mean / (math.sqrt(square) + config.epsilon) + decay * weight)
    return weight


def slow_adadelta(place: int, config: AdadeltaConfig, decay: float) -> float:
    weight, square, moved = START[place], 0.0, 0.0
    for gradients in GRADIENTS:
        gradient = gradients[place] + decay * weight
        square = config.rho * square + (1 - config.rho) * gradient**2
        step = math.sqrt(moved + config.epsilon) / math.sqrt(square + config.epsilon) * gradient
        moved = config.rho * moved + (1 - config.rho) * step**2
        weight -= config.learning_rate * step
    return weight


@pytest.mark.parametrize("is_matrix", [True, False])
def test_berts_adam_is_what_its_formula_says(is_matrix: bool) -> None:
    config = BertAdamConfig(learning_rate=0.1, weight_decay=0.2, betas=(0.8, 0.9), epsilon=1e-3)
    expected = [slow_bert_adam(place, config, 0.2 if is_matrix else 0.0) for place in range(2)]
    assert run(config, is_matrix=is_matrix) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("is_matrix", [True, False])
def test_adadelta_is_what_its_formula_says(is_matrix: bool) -> None:
    config = AdadeltaConfig(learning_rate=0.7, rho=0.9, weight_decay=0.2, epsilon=1e-4)
    expected = [slow_adadelta(place, config, 0.2 if is_matrix else 0.0) for place in range(2)]
    assert run(config, is_matrix=is_matrix) == pytest.approx(expected, rel=1e-12)


def first_step(config: AnyOptimizerConfig) -> float:
    weight = nn.Parameter(torch.zeros(1, 1, dtype=torch.float64))
    optimizer = config.build([weight])
    weight.grad = torch.full_like(weight, 0.01)
    optimizer.step()
    return -weight.item() / config.learning_rate


def test_the_first_step_without_bias_correction_is_three_times_adams() -> None:
    assert first_step(BertAdamConfig(weight_decay=0.0)) == pytest.approx(0.001 / (math.sqrt(1e-7) + 1e-6), rel=1e-9)
    assert first_step(BertAdamConfig(weight_decay=0.0)) == pytest.approx(3.152, abs=5e-4)
    assert first_step(AdamWConfig(weight_decay=0.0)) == pytest.approx(1.0, abs=1e-5)


def test_the_published_schedule_starts_at_zero() -> None:
    schedule = ScheduleConfig(kind="linear_from_zero", warmup=0.1)
    factors = [schedule.multiplier(step, 100) for step in (0, 5, 10, 55)]
    assert factors == pytest.approx([0.0, 0.5, 1.0, 0.5])
    assert schedule.multiplier(99, 100) == pytest.approx(0.01 / 0.9)
    assert ScheduleConfig(kind="linear_from_zero", warmup=0.0).multiplier(3, 4) == 0.25
    assert ScheduleConfig(kind="linear_from_zero", warmup=1.0).multiplier(3, 4) == 0.75


@settings(max_examples=30)
@given(norms=st.lists(st.floats(0.0, 50.0), min_size=1, max_size=4), bound=st.floats(0.1, 10.0))
def test_each_tensor_is_clipped_by_its_own_norm(norms: list[float], bound: float) -> None:
    parameters = [nn.Parameter(torch.zeros(2)) for _ in norms]
    for parameter, norm in zip(parameters, norms, strict=True):
        parameter.grad = torch.tensor([0.6, -0.8]) * norm
    frozen = nn.Parameter(torch.zeros(3))
    clip_each_tensor([*parameters, frozen], bound)
    for parameter, norm in zip(parameters, norms, strict=True):
        assert parameter.grad is not None
        assert parameter.grad.norm().item() == pytest.approx(min(norm, bound), rel=1e-4, abs=1e-6)
        assert parameter.grad[0].item() * -0.8 == pytest.approx(parameter.grad[1].item() * 0.6, abs=1e-5)
    assert frozen.grad is None


@pytest.mark.parametrize("config", [AdamWConfig(), AdadeltaConfig(), BertAdamConfig()], ids=lambda item: item.kind)
def test_every_field_of_an_optimizer_changes_its_steps(config: AnyOptimizerConfig) -> None:
    changed = {"learning_rate": 0.9, "weight_decay": 0.5, "betas": (0.5, 0.6), "epsilon": 0.1, "rho": 0.5}
    plain = run(config)
    for name in type(config).model_fields:
        if name != "kind":
            assert run(config.model_copy(update={name: changed[name]})) != plain, name


@pytest.mark.parametrize("config", [AdamWConfig(), AdadeltaConfig(), BertAdamConfig()], ids=lambda item: item.kind)
def test_a_frozen_weight_is_left_out(config: AnyOptimizerConfig) -> None:
    frozen, free = nn.Parameter(torch.ones(2), requires_grad=False), nn.Parameter(torch.ones(2))
    groups = config.build([frozen, free]).param_groups
    assert [parameter is free for group in groups for parameter in group["params"]] == [True]


def test_an_optimizer_is_chosen_by_its_kind_and_is_adamw_otherwise() -> None:
    plain = load_recipe("kd")
    assert plain.stages[0].optimizer == AdamWConfig(learning_rate=5e-4)
    other = load_recipe("kd", overrides=["stages.0.optimizer.kind=adadelta", "stages.0.optimizer.rho=0.9"])
    assert other.stages[0].optimizer == AdadeltaConfig(rho=0.9)
    assert issubclass(type(other), Config)
    assert type(other).parse(other.to_json()) == other


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["optimizer.kind=adam"], r"^stages\.0\.optimizer\.kind: unknown kind 'adam'\. Did you mean 'adamw'\?$"),
        (["optimizer.rho=0.9"], r"^stages\.0\.optimizer\.rho: no such field\."),
        (["optimizer.kind=adadelta", "optimizer.betas=[0.9, 0.9]"], r"^stages\.0\.optimizer\.betas: no such field\."),
        (["optimizer.kind=adadelta", "optimizer.rho=1"], r"^stages\.0\.optimizer\.rho: must be less than 1"),
        (["clip_norm=none", "clip_scope=tensor"], r"clip_scope = 'tensor' without effect: it needs a clip_norm"),
    ],
)
def test_a_setting_that_an_optimizer_does_not_have_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe("kd", overrides=[f"stages.0.{item}" for item in overrides])
