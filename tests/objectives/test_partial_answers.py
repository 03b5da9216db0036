"""Soft labels of a teacher that tells of some labels only."""

import math

import pytest
import torch
from torch import Tensor

from potstill.objectives import SoftLabelsConfig
from potstill.objectives.soft_labels import soft_label_divergence, told_divergence

STUDENT = torch.randn(5, 4, generator=torch.Generator().manual_seed(1)) * 2
TEACHER = torch.randn(5, 4, generator=torch.Generator().manual_seed(2)) * 2
TOLD = torch.tensor([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0], [1, 1, 1, 0]], dtype=torch.bool)


def shares(logits: Tensor, temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in logits.tolist()]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_labels_that_are_not_told_count_as_one(temperature: float) -> None:
    total = 0.0
    for student, teacher, told in zip(STUDENT, TEACHER, TOLD.tolist(), strict=True):
        ours, theirs = shares(student, temperature), shares(teacher, temperature)
        terms = [(t, s) for t, s, is_told in zip(theirs, ours, told, strict=True) if is_told]
        if not all(told):
            rest = [[p for p, is_told in zip(each, told, strict=True) if not is_told] for each in (theirs, ours)]
            terms.append((sum(rest[0]), sum(rest[1])))
        total += sum(t * math.log(t / s) for t, s in terms)
    config = SoftLabelsConfig(temperature=temperature)
    assert float(told_divergence(STUDENT, TEACHER, TOLD, config=config)) == pytest.approx(total / 5, rel=1e-4)


def test_it_is_the_whole_divergence_where_all_is_told_and_never_more() -> None:
    config = SoftLabelsConfig(temperature=1.0)
    whole = soft_label_divergence(STUDENT, TEACHER, temperature=1.0, divergence="kl")
    assert told_divergence(STUDENT, TEACHER, torch.ones_like(TOLD), config=config).item() == pytest.approx(whole.item())
    assert told_divergence(STUDENT, TEACHER, TOLD, config=config) < whole


@pytest.mark.parametrize("divergence", ["kl", "cross_entropy"])
def test_labels_for_themselves_are_a_mean_over_those_that_are_told(divergence: str) -> None:
    config = SoftLabelsConfig.parse({"temperature": 2.0, "independent": True, "divergence": divergence})
    terms = []
    for place in TOLD.nonzero().tolist():
        student, teacher = (1 / (1 + math.exp(-float(each[*place]) / 2)) for each in (STUDENT, TEACHER))
        pairs = [(teacher, student), (1 - teacher, 1 - student)]
        terms.append(sum(t * ((math.log(t) if divergence == "kl" else 0.0) - math.log(s)) for t, s in pairs))
    found = told_divergence(STUDENT, TEACHER, TOLD, config=config)
    assert float(found) == pytest.approx(sum(terms) / len(terms), rel=1e-4)


def test_what_the_teacher_would_say_of_other_labels_does_not_matter() -> None:
    other = TEACHER.clone()
    other[1, 1:] = other[1, 1:].flip(0)  # the same rest, shared in another way
    config = SoftLabelsConfig(temperature=2.0)
    expected = told_divergence(STUDENT, TEACHER, TOLD, config=config)
    assert float(told_divergence(STUDENT, other, TOLD, config=config)) == pytest.approx(float(expected))
