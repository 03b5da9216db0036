"""Projections that start from a closed form."""

from typing import Any

import pytest
import torch
from objective_building import build
from pydantic import ValidationError
from random_outputs import encoder_shape, make_batch, random_outputs
from sklearn.linear_model import LinearRegression
from torch import Tensor

from potstill.tensors import EncoderOutputs

STUDENT = encoder_shape(layers=2, hidden=4, heads=2)
TEACHER = encoder_shape(layers=4, hidden=6, heads=2)
MASK = torch.tensor([[1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1]], dtype=torch.bool)
BATCH = make_batch(MASK, labels=torch.tensor([0, 1]))


def outputs(seed: int) -> tuple[EncoderOutputs, EncoderOutputs]:
    return random_outputs(STUDENT, MASK, seed=seed), random_outputs(TEACHER, MASK, seed=seed + 1)


def tokens(outputs: EncoderOutputs, *indices: int) -> Tensor:
    return torch.cat([outputs.hidden_states[index][MASK] for index in indices])


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(
    ("fields", "maps"),
    [
        ({"kind": "hidden_states"}, [((0, 1, 2), (0, 2, 4))]),
        ({"kind": "hidden_states", "include_embeddings": False}, [((1, 2), (2, 4))]),
        ({"kind": "hidden_states", "projection": "per_layer"}, [((0,), (0,)), ((1,), (2,)), ((2,), (4,))]),
        ({"kind": "embeddings"}, [((0,), (0,))]),
    ],
    ids=["shared", "layers alone", "per layer", "embeddings"],
)
def test_the_maps_are_those_of_least_squares_over_real_tokens(
    fields: dict[str, Any], maps: list[tuple[tuple[int, ...], tuple[int, ...]]], has_bias: bool
) -> None:
    objective = build(**fields, student=STUDENT, teacher=TEACHER, projection_bias=has_bias, projection_init="fitted")
    student, teacher = outputs(5)
    objective.fit(student, teacher, BATCH)
    found = [part for part in objective.modules() if isinstance(part, torch.nn.Linear)]
    assert len(found) == len(maps)
    for part, (ours, theirs) in zip(found, maps, strict=True):
        expected = LinearRegression(fit_intercept=has_bias).fit(tokens(student, *ours), tokens(teacher, *theirs))
        torch.testing.assert_close(part.weight.detach().numpy(), expected.coef_, rtol=1e-4, atol=1e-4)
        if has_bias:
            torch.testing.assert_close(part.bias.detach().numpy(), expected.intercept_, rtol=1e-4, atol=1e-4)


def test_a_map_that_there_is_is_found() -> None:
    objective = build("embeddings", student=STUDENT, teacher=TEACHER, projection_init="fitted")
    student, _ = outputs(7)
    weight, bias = torch.randn(4, 6), torch.randn(6)
    teacher = EncoderOutputs(hidden_states={0: student.hidden_states[0] @ weight + bias})
    objective.fit(student, teacher, BATCH)
    assert objective(student, teacher, BATCH).item() < 1e-9


@pytest.mark.parametrize("kind", ["hidden_states", "embeddings"])
def test_no_map_cannot_be_fitted(kind: str) -> None:
    with pytest.raises(ValidationError, match="projection_init = 'fitted' has no effect with projection = 'none'"):
        build(kind, student=STUDENT, teacher=TEACHER, projection="none", projection_init="fitted")
