"""Losses on logits: numbers worked out by hand or given by the papers and their code, through the built objectives."""

from typing import Any

import pytest
import torch
from objective_building import build
from random_outputs import encoder_shape, make_batch
from torch import Tensor

from potstill.objectives.soft_labels import soft_label_divergence
from potstill.tensors import EncoderOutputs, EncoderShape

TEACHER_LOGITS = [[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
STUDENT_LOGITS = [[1.0, 0.5, -0.5], [0.2, 0.4, -0.6]]
LABELS = [0, 1]


def shape(layers: int = 1, hidden: int = 4, heads: int = 1, labels: int = 3) -> EncoderShape:
    return encoder_shape(layers=layers, hidden=hidden, heads=heads, labels=labels)


def label_loss(
    kind: str, *, student: Any = STUDENT_LOGITS, teacher: Any = TEACHER_LOGITS, labels: Any = LABELS, **fields: Any
) -> Tensor:
    """Compute a loss on the logits above."""
    student = torch.as_tensor(student)
    objective = build(kind, student=shape(), teacher=shape(), **fields)
    batch = make_batch(torch.ones(len(student), 1, dtype=torch.bool), labels=torch.tensor(labels[: len(student)]))
    return objective(EncoderOutputs(logits=student), EncoderOutputs(logits=torch.as_tensor(teacher)), batch)


def logit_gradient(kind: str, **fields: Any) -> Tensor:
    logits = torch.tensor(STUDENT_LOGITS, requires_grad=True)
    label_loss(kind, student=logits, **fields).backward()
    assert logits.grad is not None
    return logits.grad


@pytest.mark.parametrize(
    ("temperature", "expected"), [(1, 0.1306656078), (2, 0.0426511707), (10, 0.0016759496), (20, 0.0004108500)]
)
def test_kl_at_several_temperatures(temperature: float, expected: float) -> None:
    fields = {"temperature": temperature, "temperature_squared": False}
    assert label_loss("soft_labels", **fields).item() == pytest.approx(expected, rel=3e-4)
    by_class = label_loss("soft_labels", **fields, reduction="reference").item()
    assert by_class == pytest.approx(expected / 3, rel=3e-4)


@pytest.mark.parametrize(
    ("temperature", "expected"), [(1, 0.1306656078), (2, 0.1706046828), (10, 0.1675949609), (20, 0.1643399914)]
)
def test_kl_times_temperature_squared(temperature: float, expected: float) -> None:
    assert label_loss("soft_labels", temperature=temperature).item() == pytest.approx(expected, rel=3e-4)


def test_kl_tends_to_the_distance_of_centred_logits() -> None:
    student, teacher = (torch.tensor(logits, dtype=torch.float64) for logits in (STUDENT_LOGITS, TEACHER_LOGITS))
    kl = soft_label_divergence(student, teacher, temperature=1000.0, divergence="kl").item()
    assert 1000**2 * kl == pytest.approx(0.1606360302, rel=1e-6)
    difference = (student - student.mean(1, keepdim=True)) - (teacher - teacher.mean(1, keepdim=True))
    assert difference.square().sum(1).mean().item() / 6 == pytest.approx(0.1605555556)
    assert 1000**2 * kl == pytest.approx(0.1605555556, rel=1e-3)


def test_the_gradient_keeps_its_size_at_a_high_temperature() -> None:
    expected = torch.tensor([[-0.166764, 0.083424, 0.083340], [0.088886, -0.044465, -0.044421]])
    torch.testing.assert_close(logit_gradient("soft_labels", temperature=1000.0), expected, atol=5e-5, rtol=0)


def test_the_gradient_at_temperature_one_is_the_difference_of_probabilities() -> None:
    teacher = torch.tensor([0.8437947345, 0.1141951994, 0.0420100661])
    student = torch.tensor([-0.6041306053, -1.1041306053, -2.1041306053]).exp()
    torch.testing.assert_close(logit_gradient("soft_labels")[0], (student - teacher) / 2)


@pytest.mark.parametrize(("temperature", "expected"), [(1, 0.8804628308), (2, 1.0298534932)])
def test_soft_cross_entropy(temperature: float, expected: float) -> None:
    fields = {"temperature": temperature, "divergence": "cross_entropy", "temperature_squared": False}
    assert label_loss("soft_labels", **fields).item() == pytest.approx(expected)
    by_class = label_loss("soft_labels", **fields, reduction="reference").item()
    assert by_class == pytest.approx({1: 0.2934876103, 2: 0.3432844977}[temperature])


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.0])
def test_cross_entropy_has_the_gradient_of_kl(temperature: float) -> None:
    gradients = [logit_gradient("soft_labels", temperature=temperature, divergence=d) for d in ("kl", "cross_entropy")]
    torch.testing.assert_close(*gradients)


def test_a_perfect_student_pays_the_entropy_of_its_teacher() -> None:
    assert label_loss("soft_labels", student=TEACHER_LOGITS).item() == pytest.approx(0, abs=1e-7)
    paid = label_loss("soft_labels", student=TEACHER_LOGITS, divergence="cross_entropy").item()
    assert paid == pytest.approx((0.5242666167 + 0.9753278292) / 2)


def test_hard_cross_entropy() -> None:
    assert label_loss("hard_labels").item() == pytest.approx(0.6932415467)
    assert label_loss("hard_labels", student=STUDENT_LOGITS[:1]).item() == pytest.approx(0.6041306053)
    assert pytest.approx(0.7823524882) == 2 * 0.6932415467 - 0.6041306053


def test_logit_distance() -> None:
    assert label_loss("logits_mse", sum_labels=True).item() == pytest.approx(1.13)
    assert label_loss("logits_mse").item() == pytest.approx(0.3766666667)
    one = label_loss("logits_mse", student=STUDENT_LOGITS[:1], teacher=TEACHER_LOGITS[:1], sum_labels=True)
    assert one.item() == pytest.approx(1.5)


def test_a_regression_is_measured_in_squared_units_of_the_score() -> None:
    one = shape(labels=1)
    batch = make_batch(torch.ones(2, 1, dtype=torch.bool), labels=torch.tensor([1.0, 4.0]))
    student, teacher = (EncoderOutputs(logits=torch.tensor(rows)) for rows in ([[2.0], [2.0]], [[2.0], [3.0]]))
    hard, soft = (build(kind, student=one, teacher=one) for kind in ("hard_labels", "logits_mse"))
    assert hard(student, teacher, batch).item() == pytest.approx((1 + 4) / 2)
    assert soft(student, teacher, batch).item() == pytest.approx((0 + 1) / 2)


@pytest.mark.parametrize(
    ("soft_weight", "temperature", "mean", "reference"),
    [(0.7, 10.0, 0.3252889367, 0.2470779549), (0.5, 5.0, 0.4327742245, 0.3753385904)],
)
def test_the_mixture_of_pkd(soft_weight: float, temperature: float, mean: float, reference: float) -> None:
    for reduction, expected in (("mean", mean), ("reference", reference)):
        soft = label_loss("soft_labels", temperature=temperature, reduction=reduction)
        mixture = (1 - soft_weight) * label_loss("hard_labels") + soft_weight * soft
        assert mixture.item() == pytest.approx(expected, rel=1e-4)


def test_the_triple_of_distilbert() -> None:
    shapes = {"student": shape(hidden=2), "teacher": shape(hidden=2)}
    states = [
        torch.tensor([rows]) for rows in ([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [[0.0, 1.0], [1.0, 1.0], [0.0, -1.0]])
    ]
    outputs = [EncoderOutputs(hidden_states={1: tensor}) for tensor in states]
    cosine = build("hidden_cosine", **shapes)(*outputs, make_batch(torch.ones(1, 3, dtype=torch.bool)))
    triple = 5 * label_loss("soft_labels", temperature=2.0) + 2 * label_loss("hard_labels") + 1 * cosine
    assert triple.item() == pytest.approx(3.2395065076)
