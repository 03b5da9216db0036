import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.objectives import HardLabelsConfig
from potstill.tensors import TokenBlock
from potstill.training import BoundedEpochs, StageConfig, StepPlan
from potstill.training.config import ScheduleConfig


def make_batches(num_examples: int, per_batch: int) -> Batches:
    lengths = np.arange(num_examples) % 5 + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    block = TokenBlock(ids=np.ones(offsets[-1], dtype=np.int32), type_ids=None, offsets=offsets, padding_id=0)
    return Batches(
        TokenisedSplit(tokens=block, labels=None),
        BatchConfig(tokens_per_batch=64, examples_per_batch=per_batch),
        seed=3,
    )


def last(epochs: float | BoundedEpochs, evaluations: int | None = None) -> StageConfig:
    return StageConfig(name="some", objectives=(HardLabelsConfig(),), epochs=epochs, evaluations=evaluations)


def test_linear_schedule_rises_through_the_warmup_and_falls_to_almost_zero() -> None:
    schedule = ScheduleConfig(kind="linear", warmup=0.1)
    factors = [schedule.multiplier(step, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert factors[10:] == pytest.approx([(100 - step) / 90 for step in range(10, 100)])
    assert min(factors) > 0.0


def test_constant_schedule_stays_after_the_warmup() -> None:
    schedule = ScheduleConfig(kind="constant", warmup=0.2)
    assert [schedule.multiplier(step, 10) for step in range(10)] == pytest.approx([0.5] + [1.0] * 9)


@given(st.integers(1, 500), st.floats(0.0, 1.0), st.sampled_from(["linear", "constant"]))
def test_the_rate_never_leaves_zero_to_one(total: int, warmup: float, kind: str) -> None:
    schedule = ScheduleConfig(kind=kind, warmup=warmup)
    assert all(0.0 < schedule.multiplier(step, total) <= 1.0 for step in range(total))


@given(st.integers(1, 90), st.integers(1, 7), st.integers(1, 4))
def test_every_example_is_used_once_in_every_epoch_whatever_the_grouping(
    num_examples: int, per_batch: int, accumulate: int
) -> None:
    steps = StepPlan(batches=make_batches(num_examples, per_batch), accumulate=accumulate).epoch(1)
    assert sorted(int(i) for step in steps for batch in step for i in batch) == list(range(num_examples))


def test_every_epoch_has_a_plan_of_its_own() -> None:
    plan = StepPlan(batches=make_batches(40, 2), accumulate=2)
    walked, first, second = (
        [[batch.tolist() for batch in batches] for batches in steps]
        for steps in ((step.batches for step in plan.steps(0, 20)), plan.epoch(0), plan.epoch(1))
    )
    assert walked == first + second
    assert first != second


@given(st.integers(1, 60), st.integers(1, 5), st.floats(0.1, 3.0), st.integers(0, 30))
def test_steps_taken_up_in_the_middle_are_those_of_the_whole_walk(
    num_examples: int, per_batch: int, epochs: float, start: int
) -> None:
    plan = StepPlan(batches=make_batches(num_examples, per_batch), accumulate=2)
    total = plan.total(last(epochs))
    whole = list(plan.steps(0, total))
    rest = list(plan.steps(start, total))
    assert len(whole) == total
    assert len(rest) == max(0, total - start)
    for ours, theirs in zip(rest, whole[start:], strict=True):
        assert ours.epoch_after == theirs.epoch_after
        assert [batch.tolist() for batch in ours.batches] == [batch.tolist() for batch in theirs.batches]


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_an_epoch_is_evaluated_as_often_as_asked(parts: int) -> None:
    plan = StepPlan(batches=make_batches(40, 2), accumulate=1)
    steps = list(plan.steps(0, plan.total(last(2.0))))
    assert sum(step.crosses(parts) for step in steps) == 2 * parts
    assert steps[-1].crosses(parts)


@pytest.mark.parametrize(
    ("epochs", "evaluations", "scored"), [(0.3, None, [6]), (1.5, None, [20, 30]), (0.3, 2, [3, 6])]
)
def test_a_stage_is_scored_at_its_end_wherever_that_is(
    epochs: float, evaluations: int | None, scored: list[int]
) -> None:
    plan, stage = StepPlan(batches=make_batches(40, 2), accumulate=1), last(epochs, evaluations)
    total = plan.total(stage)
    steps = enumerate(plan.steps(0, total), start=1)
    assert [number for number, step in steps if step.is_scored(stage, number, total)] == scored


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, 40),
        ({"passes": 2.5}, 50),
        ({"passes": 0.3}, 6),
        ({"min_steps": 90}, 90),
        ({"max_steps": 7}, 7),
        ({"min_steps": 30, "max_steps": 50}, 40),
    ],
)
def test_steps_have_a_floor_and_a_ceiling_whatever_the_number_of_examples(bounds: dict, expected: int) -> None:
    plan = StepPlan(batches=make_batches(40, 2), accumulate=1)
    assert plan.total(last(BoundedEpochs(**{"passes": 2.0, **bounds}))) == expected
