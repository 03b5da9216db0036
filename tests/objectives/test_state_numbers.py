"""Losses on states: numbers worked out by hand or given by the papers and their code, through the built objectives."""

import math
from typing import Any

import pytest
import torch
from objective_building import build
from random_outputs import encoder_shape, make_batch

from potstill.objectives.attention import log_probs, token_scores
from potstill.objectives.relations import split_heads
from potstill.tensors import EncoderOutputs, EncoderShape


def shape(layers: int = 1, hidden: int = 4, heads: int = 1) -> EncoderShape:
    return encoder_shape(layers=layers, hidden=hidden, heads=heads)


def hidden_loss(kind: str, student: Any, teacher: Any, mask: list[int], **fields: Any) -> float:
    """Compute a loss on hidden states [tokens][width] of one example, the same at indices 0 and 1."""
    states = [torch.tensor([rows], dtype=torch.float32) for rows in (student, teacher)]
    shapes = [shape(hidden=tensor.shape[2]) for tensor in states]
    objective = build(kind, student=shapes[0], teacher=shapes[1], **fields)
    batch = make_batch(torch.tensor([mask], dtype=torch.bool))
    return objective(*(EncoderOutputs(hidden_states={0: t, 1: t}) for t in states), batch).item()


def score_outputs(scores: list[list[float]]) -> EncoderOutputs:
    """Make queries and keys of one head whose scores are the given ones."""
    tokens = len(scores)
    keys = math.sqrt(tokens) * torch.eye(tokens)
    return EncoderOutputs(queries={1: torch.tensor([[scores]])}, keys={1: keys[None, None]})


def test_cosine_distance_of_real_tokens() -> None:
    student, teacher = [[1, 0], [1, 1], [0, 2]], [[0, 1], [1, 1], [0, -1]]
    assert hidden_loss("hidden_cosine", student, teacher, [1, 1, 1]) == pytest.approx(1.0)
    assert hidden_loss("hidden_cosine", student, teacher, [1, 1, 0]) == pytest.approx(0.5)


def patience_loss(student: list[list[float]], **fields: Any) -> float:
    """Compute the loss of first-token states of two layers against fixed ones of a teacher."""
    teacher = [[0.0, 5.0], [1.0, 1.0]]
    objective = build("patience", student=shape(2, 2), teacher=shape(2, 2), layer_map=(1, 2), **fields)
    outputs = [
        EncoderOutputs(hidden_states={layer: torch.tensor([[row]]) for layer, row in enumerate(rows, start=1)})
        for rows in (student, teacher)
    ]
    return objective(*outputs, make_batch(torch.ones(1, 1, dtype=torch.bool))).item()


def test_patience_on_two_layers() -> None:
    student = [[3.0, 4.0], [1.0, 0.0]]
    assert patience_loss(student) == pytest.approx(0.9857864376)
    assert patience_loss(student, reduction="reference") == pytest.approx(0.2464466094)
    assert patience_loss(student, normalise=False, reduction="reference") == pytest.approx(2.75)


def test_normalised_patience_ignores_the_length_of_a_vector() -> None:
    assert patience_loss([[30.0, 40.0], [0.1, 0.0]]) == pytest.approx(0.9857864376)


def test_a_published_patience_weight_of_500_is_0_13_in_our_mean() -> None:
    student, teacher = shape(6, 768, 12), shape(12, 768, 12)
    first = [torch.randn(2, 1, 768, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]
    outputs = [EncoderOutputs(hidden_states=dict.fromkeys(range(1, 13), states)) for states in first]
    batch = make_batch(torch.ones(2, 1, dtype=torch.bool))
    mean, reference = (
        build("patience", student=student, teacher=teacher, reduction=reduction)(*outputs, batch)
        for reduction in ("mean", "reference")
    )
    torch.testing.assert_close(500 * reference, 0.130208 * mean, rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("layers", "layer_map", "expected"),
    [
        ((6, 12), "skip", {2, 4, 6, 8, 10}),
        ((6, 12), "last", {7, 8, 9, 10, 11}),
        ((4, 12), "skip", {3, 6, 9}),
        ((4, 12), "last", {9, 10, 11}),
        ((3, 12), "skip", {4, 8}),
        ((3, 12), "last", {10, 11}),
        ((6, 24), "skip", {4, 8, 12, 16, 20}),
    ],
)
def test_the_layers_of_patience(layers: tuple[int, int], layer_map: str, expected: set[int]) -> None:
    student, teacher = (shape(count) for count in layers)
    objective = build("patience", student=student, teacher=teacher, layer_map=layer_map)
    assert objective.student_needs.hidden_states == set(range(1, layers[0]))
    assert objective.teacher_needs.hidden_states == expected


@pytest.mark.parametrize(
    ("layers", "layer_map", "expected"),
    [
        (4, "uniform", {3, 6, 9, 12}),
        (4, "top", {9, 10, 11, 12}),
        (4, "bottom", {1, 2, 3, 4}),
        (6, "uniform", {2, 4, 6, 8, 10, 12}),
        (6, "top", {7, 8, 9, 10, 11, 12}),
        (6, "bottom", {1, 2, 3, 4, 5, 6}),
        (3, "uniform", {4, 8, 12}),
    ],
)
def test_the_layers_of_tinybert(layers: int, layer_map: str, expected: set[int]) -> None:
    fields = {"student": shape(layers), "teacher": shape(12), "layer_map": layer_map}
    hidden, attention = build("hidden_states", **fields), build("attention_scores", **fields)
    assert hidden.teacher_needs.hidden_states == {0} | expected
    assert hidden.student_needs.hidden_states == set(range(layers + 1))
    assert attention.teacher_needs.queries == attention.teacher_needs.keys == expected
    assert attention.student_needs.queries == set(range(1, layers + 1))
    assert not attention.teacher_needs.values


STUDENT_SCORES = [[1.0, 2.0, 9.0], [0.0, -1.0, 9.0], [3.0, 1.0, 9.0]]
TEACHER_SCORES = [[0.0, 2.0, -9.0], [1.0, -3.0, -9.0], [1.0, 1.0, -9.0]]


def score_loss(student: list[list[float]], teacher: list[list[float]], mask: list[int], **fields: Any) -> float:
    size = len(student)
    objective = build("attention_scores", student=shape(hidden=size), teacher=shape(hidden=size), **fields)
    batch = make_batch(torch.tensor([mask], dtype=torch.bool))
    return objective(score_outputs(student), score_outputs(teacher), batch).item()


def test_attention_scores_of_real_pairs() -> None:
    assert score_loss(STUDENT_SCORES, TEACHER_SCORES, [1, 1, 0]) == pytest.approx(1.5)
    reference = score_loss(STUDENT_SCORES, TEACHER_SCORES, [1, 1, 0], reduction="reference")
    assert reference == pytest.approx(1.1111111111)


def test_the_published_code_takes_very_low_scores_for_masked_ones() -> None:
    student, teacher = [[-101.0, 0.0], [0.0, 0.0]], [[3.0, 0.0], [0.0, 0.0]]
    assert score_loss(student, teacher, [1, 1], reduction="reference") == pytest.approx(9 / 4)
    assert score_loss(student, teacher, [1, 1]) == pytest.approx(104**2 / 4)


def test_hidden_states_through_a_projection() -> None:
    objective = build("hidden_states", student=shape(hidden=2), teacher=shape(hidden=3), layer_map=(1,))
    (linear,) = (module for module in objective.modules() if isinstance(module, torch.nn.Linear))
    linear.weight.data = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]]).T.contiguous()
    student, teacher = [[1.0, 2.0], [0.0, 1.0], [5.0, 5.0]], [[1.0, 1.0, 0.0], [0.0, 2.0, -1.0], [0.0, 0.0, 0.0]]
    outputs = [EncoderOutputs(hidden_states={0: torch.tensor([s]), 1: torch.tensor([s])}) for s in (student, teacher)]
    batch = make_batch(torch.tensor([[True, True, False]]))
    assert objective(*outputs, batch).item() == pytest.approx(2 * 0.5)  # indices 0 and 1 hold the same states
    objective.reduction = "reference"
    assert objective(*outputs, batch).item() == pytest.approx(2 * 53 / 9)


def pad(rows: list[list[float]], length: int) -> list[list[float]]:
    return [row + [0.0] * (length - len(row)) for row in rows] + [[0.0] * length] * (length - len(rows))


def test_padding_shrinks_only_the_published_attention_loss() -> None:
    student, teacher = ([row[:2] for row in rows[:2]] for rows in (STUDENT_SCORES, TEACHER_SCORES))
    mask = [1, 1, 0, 0, 0, 0]
    padded = pad(student, 6), pad(teacher, 6)
    assert score_loss(*padded, mask) == pytest.approx(score_loss(student, teacher, [1, 1]))
    shrunk = score_loss(*padded, mask, reduction="reference")
    assert shrunk == pytest.approx((2 / 6) ** 2 * score_loss(student, teacher, [1, 1], reduction="reference"))


def test_padding_enters_only_the_published_hidden_loss() -> None:
    student, teacher = [[1.0, 2.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 3.0]]
    longer = [*student, [4.0, 4.0]], [*teacher, [0.0, 0.0]]
    fields = {"projection": "none"}
    assert hidden_loss("embeddings", *longer, [1, 1, 0], **fields) == pytest.approx(5 / 4)
    assert hidden_loss("embeddings", *longer, [1, 1, 0], **fields, reduction="reference") == pytest.approx(37 / 6)


def test_value_relations_of_minilm() -> None:
    objective = build("relations", student=shape(hidden=1), teacher=shape(hidden=2), pairs=["value-value"])
    student = EncoderOutputs(values={1: torch.tensor([[[[1.0], [2.0]]]])})
    teacher = EncoderOutputs(values={1: torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])})
    loss = objective(student, teacher, make_batch(torch.tensor([[True, True]])))
    assert loss.item() == pytest.approx(0.2508667003)


def test_rows_of_value_relations_of_minilm() -> None:
    mask = torch.ones(1, 2, dtype=torch.bool)
    rows = {}
    for name, values in (("teacher", [[1.0, 0.0], [0.0, 1.0]]), ("student", [[1.0], [2.0]])):
        states = split_heads(torch.tensor([[values]]), num_heads=1)
        rows[name] = log_probs(token_scores(states, states), mask).exp()[0, 0].flatten().tolist()
    assert rows["teacher"] == pytest.approx([0.6697615493, 0.3302384507, 0.3302384507, 0.6697615493])
    assert rows["student"] == pytest.approx([0.2689414214, 0.7310585786, 0.1192029220, 0.8807970780])


def test_attention_transfer_of_minilm_is_the_divergence_of_attention_probs() -> None:
    outputs = score_outputs(STUDENT_SCORES), score_outputs(TEACHER_SCORES)
    batch = make_batch(torch.tensor([[True, True, False]]))
    shapes = {"student": shape(hidden=3), "teacher": shape(hidden=3)}
    probs = build("attention_probs", **shapes, divergence="kl")
    relations = build("relations", **shapes, pairs=["query-key"])
    torch.testing.assert_close(probs(*outputs, batch), relations(*outputs, batch))
