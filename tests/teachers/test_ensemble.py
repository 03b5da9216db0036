"""Several teachers with one voice: the mean of logits or of probabilities, as a slow version makes it."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stored_logits import LOGITS
from test_stored_states import make_batches

from potstill.errors import RecipeError
from potstill.teachers import EnsembleTeacher, StoredTeacher, TeacherConfig, combine_logits

MODELS = {"models": ["a", "b"]}
logit_lists = st.lists(st.floats(-8, 8), min_size=3, max_size=3)


def slow_probabilities(rows: list[list[float]], weights: list[float]) -> list[float]:
    total = [0.0] * len(rows[0])
    for row, weight in zip(rows, weights, strict=True):
        exponentials = [math.exp(value) for value in row]
        for place, value in enumerate(exponentials):
            total[place] += weight / sum(weights) * value / sum(exponentials)
    return total


@settings(max_examples=25)
@given(st.lists(st.tuples(logit_lists, st.floats(0.1, 9)), min_size=1, max_size=4))
def test_the_mean_is_that_of_a_slow_version(members: list[tuple[list[float], float]]) -> None:
    rows, weights = [row for row, _ in members], [weight for _, weight in members]
    logits = [torch.tensor([row]) for row in rows]
    mean = [
        sum(weight * row[place] for row, weight in zip(rows, weights, strict=True)) / sum(weights) for place in range(3)
    ]
    combined = combine_logits(logits, combine="logits", weights=weights)
    assert combined[0].tolist() == pytest.approx(mean, abs=1e-4)
    probabilities = combine_logits(logits, combine="probabilities", weights=weights).softmax(dim=-1)
    assert probabilities[0].tolist() == pytest.approx(slow_probabilities(rows, weights), abs=1e-5)


def test_without_weights_all_count_alike() -> None:
    one, other = torch.tensor([[0.0, 2.0]]), torch.tensor([[4.0, 0.0]])
    assert combine_logits([one, other], combine="logits").tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("combine", ["logits", "probabilities"])
def test_an_ensemble_that_runs_says_what_its_stored_logits_say(combine: Any) -> None:
    tables = [torch.randn(4, 3), torch.randn(4, 3)]
    teacher = EnsembleTeacher([StoredTeacher(table) for table in tables], combine=combine, weights=[1.0, 3.0])
    batch = make_batches([[1], [2], [3], [4]]).collate(np.array([3, 1]))
    said = teacher.outputs(batch, LOGITS).logits
    assert torch.equal(said, combine_logits(tables, combine=combine, weights=[1.0, 3.0])[[3, 1]])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "a", **MODELS}, r"both model \('a'\) and models \(2\) are set"),
        ({"models": ["a"]}, r"at least two teachers; set model = 'a'"),
        ({"models": ["a", "a"]}, r"names a teacher twice; .* set weights"),
        ({"models": ["a", ""]}, r"empty name"),
        ({"model": "a", "combine": "probabilities"}, r"without effect for a single teacher"),
        ({"model": "a", "weights": [1.0]}, r"without effect for a single teacher"),
        ({**MODELS, "weights": [1.0]}, r"weights has 1 numbers for 2 models"),
        ({**MODELS, "weights": [1.0, 0.0]}, r"weights.1: must be greater than 0"),
        ({**MODELS, "combine": "mean"}, r"combine: must be 'logits' or 'probabilities'"),
    ],
)
def test_a_wrong_ensemble_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        TeacherConfig.parse(fields)
