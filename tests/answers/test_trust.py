"""What is promised of answers: exact bounds, a search that costs nothing, and how often a promise is broken."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.answers import OneClass, Score, SeveralLabels, find_promise, measure_trust
from potstill.answers.trust import fewest_texts, lower_bound


def tail(agreed: int, answered: int, share: float) -> float:
    """P(Binomial(answered, share) >= agreed), term by term."""
    terms = (
        math.comb(answered, number) * share**number * (1 - share) ** (answered - number)
        for number in range(agreed, answered + 1)
    )
    return math.fsum(terms)


def slow_promise(confidence, agrees, *, target, level):
    """The same search in plain Python: test the thresholds in their order, by the binomial tail at the target."""
    rows = sorted(zip(confidence, agrees, strict=True), reverse=True)
    count, best = len(rows), None
    first = max(math.ceil(math.log(level) / math.log(target)), math.ceil(count / 4))
    for step in range(1, 51):
        threshold = rows[math.ceil(count * step / 50) - 1][0]
        above = [agreed for sure, agreed in rows if sure >= threshold]
        if len(above) < first:
            continue
        if tail(sum(above), len(above), target) > level:
            break
        best = (threshold, len(above))
    return best


def trust_of(confidence, agrees, **more):
    return measure_trust(np.array(confidence), np.array(agrees), reference="teacher", split="test", **more)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.05, 0.004]))
def test_the_bound_is_where_the_tail_of_the_binomial_is_the_level(counts, level):
    agreed, answered = counts
    bound = float(lower_bound(np.array([agreed]), np.array([answered]), level=level)[0])
    if agreed == 0:
        assert bound == 0.0
    else:
        assert tail(agreed, answered, bound) == pytest.approx(level, rel=1e-6)
    assert bound <= agreed / answered


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.75, 0.9, 0.99, 1.0]), st.booleans()), min_size=1, max_size=120),
    st.sampled_from([0.3, 0.6, 0.9]),
    st.sampled_from([1, 4]),
)
def test_the_promise_is_that_of_a_slow_search(rows, target, choices):
    confidence, agrees = zip(*rows, strict=True)
    found = find_promise(trust_of(confidence, agrees, num_choices=choices), target=target)
    slow = slow_promise(confidence, agrees, target=target, level=0.05 / choices)
    assert (None if found.threshold is None else (found.threshold, round(found.coverage * len(rows)))) == slow


@given(st.integers(1, 2000), st.integers(0, 2**32 - 1), st.sampled_from([1, 20]))
@settings(max_examples=25)
def test_curves_are_ordered_and_texts_in_another_order_give_the_same(count, seed, choices):
    random = np.random.default_rng(seed)
    confidence, agrees = random.random(count).round(2), random.random(count) < 0.97
    trust = trust_of(confidence, agrees, num_choices=choices)
    order = random.permutation(count)
    assert trust == trust_of(confidence[order], agrees[order], num_choices=choices)
    answered = [step.num_answered for step in trust.steps]
    assert answered == sorted(set(answered))
    assert answered[-1] == count
    for step in trust.steps:
        above = confidence >= step.threshold
        assert (step.num_answered, step.num_agreed) == (above.sum(), (above & agrees).sum())


class Stream:
    """Many texts: how sure a student is, whether its teacher agrees, and the share that does above any threshold."""

    def __init__(self, scale: float) -> None:
        answer, random = OneClass(label_names=("a", "b", "c")), np.random.default_rng(0)
        logits = random.normal(scale=scale, size=(20_000, 3))
        odds = np.exp(1.3 * (logits - logits.max(axis=1, keepdims=True)))
        shares = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)
        teacher, rows = (random.random((20_000, 1)) > shares).sum(axis=1), np.arange(20_001)
        confidence, agrees = answer.confidence(logits, rows), answer.matches(answer.decide(logits), teacher, rows)
        order = np.argsort(-confidence)
        self.confidence, self.agrees = confidence[order], agrees[order]
        self.random, self.shares = np.random.default_rng(1), self.agrees.cumsum() / np.arange(1, 20_001)

    def draw(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        places = self.random.integers(20_000, size=count)
        return self.confidence[places], self.agrees[places]

    def share_above(self, threshold: float) -> float:
        return self.shares[np.searchsorted(-self.confidence, -threshold, side="right") - 1]


@pytest.mark.parametrize(("target", "choices", "scale"), [(0.99, 1, 5.0), (0.95, 10, 2.5)])
def test_a_promise_is_broken_in_five_of_a_hundred_draws_at_most(target, choices, scale):
    stream, broken, coverage = Stream(scale), 0, []
    for _ in range(200):
        promise = find_promise(trust_of(*stream.draw(1500), num_choices=choices), target=target)
        if promise.threshold is not None:
            broken += stream.share_above(promise.threshold) < target
            coverage.append(promise.coverage)
    assert broken <= 200 * 0.05 + 2 * math.sqrt(200 * 0.05 * 0.95)
    assert len(coverage) > 100
    assert np.mean(coverage) > 0.3


def test_choosing_by_the_share_alone_would_be_broken_far_more_often():
    """The test above can fail: without bounds, the same texts break their word in nearly every other draw."""
    stream, broken = Stream(2.5), 0
    for _ in range(100):
        steps = trust_of(*stream.draw(1500)).steps
        lowest = [step.threshold for step in steps if step.num_agreed / step.num_answered >= 0.95][-1]
        broken += stream.share_above(lowest) < 0.95
    assert broken > 25


def test_too_few_texts_are_told_with_the_number_that_it_takes():
    trust = trust_of([0.9] * 298, [True] * 298)
    assert trust.promise.threshold is None
    assert trust.promise.num_needed == fewest_texts(0.99, level=0.05) == 299
    assert "about 299 such texts" in trust.tell()
    assert trust_of([0.9] * 299, [True] * 299).promise.coverage == 1.0
    assert trust_of([0.9] * 299, [True] * 299, num_choices=2).promise.threshold is None
    often_wrong = trust_of([0.9] * 1000, [True] * 900 + [False] * 100)
    assert often_wrong.promise.num_needed is None
    assert "too seldom" in often_wrong.tell()


def test_a_text_of_several_labels_agrees_where_all_of_them_do():
    answer = SeveralLabels(label_names=("a", "b"))
    logits = np.array([[2.0, -1.0], [0.5, 3.0]])
    each = 1 / (1 + np.exp(-np.abs(logits)))
    np.testing.assert_allclose(answer.confidence(logits, np.arange(3)), each[:, 0] * each[:, 1])
    agrees = answer.matches(answer.decide(logits), np.array([[1, 0], [0, 1]]), np.arange(3))
    np.testing.assert_array_equal(agrees, [True, False])


def test_nothing_is_promised_of_scores():
    assert Score().no_promise is not None
    assert np.isnan(Score().confidence(np.zeros((2, 1)), np.arange(3))).all()
