"""Each built objective against its slow plain-Python version, on random shapes and masks."""

import math
from typing import Any

import pytest
import slow_losses as slow
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from objective_building import Encoders, as_lists, encoders

from potstill.layer_map import resolve_layer_map
from potstill.objectives import Objective
from potstill.tensors import EncoderOutputs

quick = settings(max_examples=25)
references = st.sampled_from(["mean", "reference"])
strategies = st.sampled_from(["uniform", "top", "bottom", "skip", "last"])


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-4, abs=1e-5)


def pairs_of(world: Encoders, layer_map: str) -> list[tuple[int, int]]:
    shapes = (world.student_shape, world.teacher_shape)
    layers = resolve_layer_map(layer_map, student_layers=shapes[0].num_layers, teacher_layers=shapes[1].num_layers)
    return list(enumerate(layers, start=1))


def scores_of(outputs: EncoderOutputs, layer: int) -> list[list[slow.Matrix]]:
    queries, keys = as_lists(outputs.queries[layer]), as_lists(outputs.keys[layer])
    return [[slow.scores(q, k) for q, k in zip(*heads, strict=True)] for heads in zip(queries, keys, strict=True)]


def project(objective: Objective, position: int, states: torch.Tensor) -> list[slow.Matrix]:
    """Apply the projection that the objective uses at a position, in plain Python."""
    maps = [module for module in objective.modules() if isinstance(module, torch.nn.Linear)]
    if not maps:
        return as_lists(states)
    linear = maps[position] if len(maps) > 1 else maps[0]
    bias = [0.0] * linear.out_features if linear.bias is None else as_lists(linear.bias)
    weight = as_lists(linear.weight)
    return [[slow.linear(row, weight, bias) for row in example] for example in as_lists(states)]


def randomise(objective: Objective) -> None:
    for parameter in objective.parameters():
        torch.nn.init.normal_(parameter)


@quick
@given(
    world=encoders(),
    temperature=st.floats(0.5, 8),
    divergence=st.sampled_from(["kl", "cross_entropy"]),
    temperature_squared=st.booleans(),
    reduction=references,
)
def test_soft_labels(
    world: Encoders, temperature: float, divergence: str, temperature_squared: bool, reduction: str
) -> None:
    expected = slow.soft_labels(
        as_lists(world.student.logits),
        as_lists(world.teacher.logits),
        temperature=temperature,
        divergence={"kl": slow.kl, "cross_entropy": slow.cross_entropy}[divergence],
    )
    expected *= temperature**2 if temperature_squared else 1
    expected /= world.student_shape.num_labels if reduction == "reference" else 1
    measured = world.loss(
        "soft_labels",
        temperature=temperature,
        divergence=divergence,
        temperature_squared=temperature_squared,
        reduction=reduction,
    )
    assert measured == near(expected)


@quick
@given(world=encoders(), sum_labels=st.booleans())
def test_logits_mse(world: Encoders, sum_labels: bool) -> None:
    logits = as_lists(world.student.logits), as_lists(world.teacher.logits)
    assert world.loss("logits_mse", sum_labels=sum_labels) == near(slow.logits_mse(*logits, sum_labels=sum_labels))


@quick
@given(world=encoders())
def test_hard_labels(world: Encoders) -> None:
    assert world.batch.labels is not None
    expected = slow.hard_labels(as_lists(world.student.logits), world.batch.labels.tolist())
    assert world.loss("hard_labels") == near(expected)


@quick
@given(
    world=encoders(),
    layer_map=strategies,
    include_embeddings=st.booleans(),
    projection=st.sampled_from(["shared", "per_layer"]),
    projection_bias=st.booleans(),
    reduction=references,
)
def test_hidden_states(
    world: Encoders, layer_map: str, reduction: str, include_embeddings: bool, **fields: Any
) -> None:
    objective = world.build(
        "hidden_states",
        layer_map=layer_map,
        reduction=reduction,
        include_embeddings=include_embeddings,
        **fields,
    )
    randomise(objective)
    pairs = [(0, 0)] * include_embeddings + pairs_of(world, layer_map)
    expected = sum(
        slow.hidden_mse(
            project(objective, position, world.student.hidden_states[s]),
            as_lists(world.teacher.hidden_states[t]),
            world.mask,
            counts_padding=reduction == "reference",
        )
        for position, (s, t) in enumerate(pairs)
    )
    assert objective(world.student, world.teacher, world.batch).item() == near(expected)


@quick
@given(world=encoders(same_width=True), kind=st.sampled_from(["hidden_states", "embeddings"]), reduction=references)
def test_hidden_states_and_embeddings_without_projection(world: Encoders, kind: str, reduction: str) -> None:
    expected = sum(
        slow.hidden_mse(
            as_lists(world.student.hidden_states[s]),
            as_lists(world.teacher.hidden_states[t]),
            world.mask,
            counts_padding=reduction == "reference",
        )
        for s, t in [(0, 0)] + (pairs_of(world, "uniform") if kind == "hidden_states" else [])
    )
    assert world.loss(kind, projection="none", reduction=reduction) == near(expected)


@quick
@given(world=encoders(), projection_bias=st.booleans(), reduction=references)
def test_embeddings(world: Encoders, projection_bias: bool, reduction: str) -> None:
    objective = world.build("embeddings", projection_bias=projection_bias, reduction=reduction)
    randomise(objective)
    expected = slow.hidden_mse(
        project(objective, 0, world.student.hidden_states[0]),
        as_lists(world.teacher.hidden_states[0]),
        world.mask,
        counts_padding=reduction == "reference",
    )
    assert objective(world.student, world.teacher, world.batch).item() == near(expected)


@quick
@given(
    world=encoders(same_width=True),
    student_layer=st.sampled_from([None, 1, 2]),
    teacher_layer=st.sampled_from([None, 1]),
)
def test_hidden_cosine(world: Encoders, student_layer: int | None, teacher_layer: int | None) -> None:
    expected = slow.cosine_distance(
        as_lists(world.student.hidden_states[student_layer or world.student_shape.num_layers]),
        as_lists(world.teacher.hidden_states[teacher_layer or world.teacher_shape.num_layers]),
        world.mask,
    )
    assert world.loss("hidden_cosine", student_layer=student_layer, teacher_layer=teacher_layer) == near(expected)


@quick
@given(world=encoders(same_width=True), layer_map=strategies, normalise=st.booleans(), reduction=references)
def test_patience(world: Encoders, layer_map: str, normalise: bool, reduction: str) -> None:
    pairs = pairs_of(world, layer_map)
    student = [as_lists(world.student.hidden_states[s][:, 0]) for s, _ in pairs]
    teacher = [as_lists(world.teacher.hidden_states[t][:, 0]) for _, t in pairs]
    by_example = [list(map(list, zip(*layers, strict=True))) for layers in (student, teacher)]
    expected = slow.patience(*by_example, normalise=normalise)
    expected /= len(pairs) * world.student_shape.hidden_size if reduction == "reference" else 1
    measured = world.loss("patience", layer_map=layer_map, normalise=normalise, reduction=reduction)
    assert measured == near(expected)


@quick
@given(world=encoders(), layer_map=strategies, reduction=references)
def test_attention_scores(world: Encoders, layer_map: str, reduction: str) -> None:
    expected = sum(
        slow.score_mse(
            scores_of(world.student, s), scores_of(world.teacher, t), world.mask, is_reference=reduction == "reference"
        )
        for s, t in pairs_of(world, layer_map)
    )
    assert world.loss("attention_scores", layer_map=layer_map, reduction=reduction) == near(expected)


@quick
@given(world=encoders(), layer_map=strategies, divergence=st.sampled_from(["mse", "kl"]))
def test_attention_probs(world: Encoders, layer_map: str, divergence: str) -> None:
    expected = 0.0
    for s, t in pairs_of(world, layer_map):
        scores = scores_of(world.student, s), scores_of(world.teacher, t)
        expected += (
            slow.prob_mse(*scores, world.mask)
            if divergence == "mse"
            else slow.row_kl(*scores, world.mask, counts_padding=False)
        )
    assert world.loss("attention_probs", layer_map=layer_map, divergence=divergence) == near(expected)


@quick
@given(
    world=encoders(),
    pairs=st.lists(
        st.sampled_from(["query-key", "query-query", "key-key", "value-value"]), min_size=1, max_size=4, unique=True
    ),
    data=st.data(),
    student_layer=st.sampled_from([None, 1]),
    teacher_layer=st.sampled_from([None, 2]),
    reduction=references,
)
def test_relations(
    world: Encoders,
    pairs: list[str],
    data: st.DataObject,
    student_layer: int | None,
    teacher_layer: int | None,
    reduction: str,
) -> None:
    own_heads = world.student_shape.num_heads
    shared = math.gcd(world.student_shape.hidden_size, world.teacher_shape.hidden_size)
    num_heads = data.draw(st.sampled_from([None, *(number for number in range(1, shared + 1) if shared % number == 0)]))

    def relate(outputs: EncoderOutputs, pair: str, layer: int) -> list[list[slow.Matrix]]:
        states = {"query": outputs.queries, "key": outputs.keys, "value": outputs.values}
        left, right = (
            [slow.split_heads(example, num_heads or own_heads) for example in as_lists(states[name][layer])]
            for name in pair.split("-")
        )
        return [[slow.scores(a, b) for a, b in zip(*heads, strict=True)] for heads in zip(left, right, strict=True)]

    expected = sum(
        slow.row_kl(
            relate(world.student, pair, student_layer or world.student_shape.num_layers),
            relate(world.teacher, pair, teacher_layer or world.teacher_shape.num_layers),
            world.mask,
            counts_padding=reduction == "reference",
        )
        for pair in pairs
    )
    measured = world.loss(
        "relations",
        pairs=pairs,
        num_relation_heads=num_heads,
        student_layer=student_layer,
        teacher_layer=teacher_layer,
        reduction=reduction,
    )
    assert measured == near(expected)
