"""Every loss again, slowly, in plain Python on nested lists of floats."""

import math
from collections.abc import Callable

Vector = list[float]
Matrix = list[Vector]


def mean(values: Vector) -> float:
    return sum(values) / len(values)


def softmax(scores: Vector) -> Vector:
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def kl(teacher: Vector, student: Vector) -> float:
    return sum(t * (math.log(t) - math.log(s)) for t, s in zip(teacher, student, strict=True) if t > 0)


def cross_entropy(teacher: Vector, student: Vector) -> float:
    return -sum(t * math.log(s) for t, s in zip(teacher, student, strict=True))


def squares(left: Vector, right: Vector) -> Vector:
    return [(a - b) ** 2 for a, b in zip(left, right, strict=True)]


def dot(left: Vector, right: Vector) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def soft_labels(
    student: Matrix, teacher: Matrix, *, temperature: float, divergence: Callable[[Vector, Vector], float]
) -> float:
    rows = []
    for s, t in zip(student, teacher, strict=True):
        soft_student = softmax([value / temperature for value in s])
        soft_teacher = softmax([value / temperature for value in t])
        rows.append(divergence(soft_teacher, soft_student))
    return mean(rows)


def logits_mse(student: Matrix, teacher: Matrix, *, sum_labels: bool) -> float:
    rows = [squares(s, t) for s, t in zip(student, teacher, strict=True)]
    return mean([sum(row) if sum_labels else mean(row) for row in rows])


def hard_labels(student: Matrix, labels: list[int]) -> float:
    return mean([-math.log(softmax(row)[label]) for row, label in zip(student, labels, strict=True)])


def linear(row: Vector, weight: Matrix, bias: Vector) -> Vector:
    return [dot(row, weights) + b for weights, b in zip(weight, bias, strict=True)]


def hidden_mse(student: list[Matrix], teacher: list[Matrix], mask: list[list[bool]], *, counts_padding: bool) -> float:
    kept = []
    for s, t, m in zip(student, teacher, mask, strict=True):
        for position in range(len(m)):
            if m[position] or counts_padding:
                kept.append(mean(squares(s[position], t[position])))
    return mean(kept)


def cosine_distance(student: list[Matrix], teacher: list[Matrix], mask: list[list[bool]]) -> float:
    kept = []
    for s, t, m in zip(student, teacher, mask, strict=True):
        for left, right, is_real in zip(s, t, m, strict=True):
            if is_real:
                kept.append(1 - dot(left, right) / math.sqrt(dot(left, left) * dot(right, right)))
    return mean(kept)


def patience(student: list[Matrix], teacher: list[Matrix], *, normalise: bool) -> float:
    """Take [batch][layer][width], the first token's states."""

    def unit(vector: Vector) -> Vector:
        length = math.sqrt(dot(vector, vector)) if normalise else 1.0
        return [value / length for value in vector]

    return mean(
        [
            sum(sum(squares(unit(s), unit(t))) for s, t in zip(*example, strict=True))
            for example in zip(student, teacher, strict=True)
        ]
    )


def scores(left: Matrix, right: Matrix) -> Matrix:
    """Score one head of one example."""
    return [[dot(row, column) / math.sqrt(len(row)) for column in right] for row in left]


def score_mse(
    student: list[list[Matrix]], teacher: list[list[Matrix]], mask: list[list[bool]], *, is_reference: bool
) -> float:
    """Take [batch][head] score matrices."""
    kept = []
    for s_heads, t_heads, m in zip(student, teacher, mask, strict=True):
        tokens = range(len(m))
        for s, t in zip(s_heads, t_heads, strict=True):
            for query in tokens:
                for key in tokens:
                    error = (s[query][key] - t[query][key]) ** 2
                    if is_reference:
                        kept.append(error if m[key] else 0.0)
                    elif m[query] and m[key]:
                        kept.append(error)
    return mean(kept)


def probs_on_real_keys(row: Vector, mask: list[bool]) -> Vector:
    return softmax([score for score, is_real in zip(row, mask, strict=True) if is_real])


def prob_mse(student: list[list[Matrix]], teacher: list[list[Matrix]], mask: list[list[bool]]) -> float:
    kept: Vector = []
    for s_heads, t_heads, m in zip(student, teacher, mask, strict=True):
        for s, t in zip(s_heads, t_heads, strict=True):
            for query in range(len(m)):
                if m[query]:
                    kept += squares(probs_on_real_keys(s[query], m), probs_on_real_keys(t[query], m))
    return mean(kept)


def row_kl(
    student: list[list[Matrix]], teacher: list[list[Matrix]], mask: list[list[bool]], *, counts_padding: bool
) -> float:
    examples = []
    for s_heads, t_heads, m in zip(student, teacher, mask, strict=True):
        rows = [
            kl(probs_on_real_keys(t[query], m), probs_on_real_keys(s[query], m))
            for s, t in zip(s_heads, t_heads, strict=True)
            for query in range(len(m))
            if m[query] or counts_padding
        ]
        examples.append(mean(rows))
    return mean(examples)


def split_heads(heads: list[Matrix], num_heads: int) -> list[Matrix]:
    """Take [head][token][size] of one example, join the heads and split them anew."""
    joined = [[value for head in heads for value in head[token]] for token in range(len(heads[0]))]
    size = len(joined[0]) // num_heads
    return [[row[head * size : (head + 1) * size] for row in joined] for head in range(num_heads)]


def vocabulary_rows(features: list[Matrix], weight: Matrix, bias: Vector, chosen: list[list[bool]]) -> Matrix:
    """The logits of the chosen positions, example by example."""
    return [
        linear(row, weight, bias)
        for example, marks in zip(features, chosen, strict=True)
        for row, mark in zip(example, marks, strict=True)
        if mark
    ]
