"""Confident learning against the equations of its paper, in plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import find_suspects

LABELS = 3


def slow_suspects(shares, given_labels):
    thresholds = []
    for label in range(LABELS):
        own = [row[label] for row, each in zip(shares, given_labels, strict=True) if each == label]
        thresholds.append(sum(own) / len(own) if own else float("inf"))
    joint, found = [[0] * LABELS for _ in range(LABELS)], {}
    for place, (row, label) in enumerate(zip(shares, given_labels, strict=True)):
        above = [other for other in range(LABELS) if row[other] >= thresholds[other]]
        if above:
            likely = max(above, key=lambda other: (row[other], -other))
            joint[label][likely] += 1
            if likely != label:
                found[place] = likely
    return joint, found


rows = st.lists(st.tuples(st.lists(st.integers(1, 50), min_size=3, max_size=3), st.integers(0, 2)), min_size=1)


@given(rows)
def test_suspects_are_those_of_the_paper(drawn):
    shares = np.array([[part / sum(parts) for part in parts] for parts, _ in drawn])
    labels = np.array([label for _, label in drawn])
    found = find_suspects(shares, labels)
    joint, slow = slow_suspects(shares.tolist(), labels.tolist())
    thresholds = [
        shares[labels == label, label].mean() if (labels == label).any() else np.inf for label in range(LABELS)
    ]
    if np.abs(shares - thresholds).min() < 1e-12:  # a sum in another order may fall to either side
        return
    assert found.joint.tolist() == joint
    assert dict(zip(found.rows.tolist(), found.guesses.tolist(), strict=True)) == slow
    assert found.margins.tolist() == sorted(found.margins.tolist(), reverse=True)


def test_planted_mistakes_are_found_and_little_else():
    random = np.random.default_rng(0)
    truth = random.integers(LABELS, size=600)
    logits = 2.5 * np.eye(LABELS)[truth] + random.normal(size=(600, LABELS))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    is_wrong = random.random(600) < 0.08
    labels = np.where(is_wrong, (truth + 1) % LABELS, truth)
    found = find_suspects(shares, labels)
    hits = is_wrong[found.rows].sum()
    assert hits > 0.7 * is_wrong.sum()
    assert hits > 0.6 * len(found.rows)
