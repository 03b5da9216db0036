"""What every objective keeps, checked for each member of the union."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from objective_samples import (
    ADAPTER,
    ALTERNATIVES,
    KINDS,
    OWN,
    READ_BY_OTHERS,
    SAMPLES,
    STUDENT,
    TEACHER,
    ZERO_WHERE_EQUAL,
    Sample,
)
from random_outputs import (
    DECODER,
    change,
    change_tokens,
    everything,
    make_batch,
    random_batch,
    random_outputs,
    tensors_of,
)

from potstill.errors import RecipeError
from potstill.objectives import Objective, count_units
from potstill.tensors import Batch, EncoderOutputs, Loss

MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]], dtype=torch.bool)

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)
each_kind = pytest.mark.parametrize("kind", sorted(KINDS))


@dataclass(frozen=True)
class World:
    """One batch as both encoders have seen it."""

    student: EncoderOutputs
    teacher: EncoderOutputs
    batch: Batch
    objective: Objective = field(repr=False)

    def loss(self) -> Loss:
        return self.objective(self.student, self.teacher, self.batch)


def make_world(sample: Sample, *, is_complete: bool = False, **changed: Any) -> World:
    objective = sample.build(**changed)
    student_needs = everything(sample.student) if is_complete else objective.student_needs
    teacher_needs = everything(sample.teacher) if is_complete else objective.teacher_needs
    world = World(
        student=random_outputs(sample.student, MASK, seed=1, needs=student_needs),
        teacher=random_outputs(sample.teacher, MASK, seed=2, needs=teacher_needs),
        batch=random_batch(MASK, num_labels=sample.student.num_labels, seed=3),
        objective=objective,
    )
    if objective.fits:
        objective.fit(world.student, world.teacher, world.batch)
    return world


def first_sample(kind: str) -> Sample:
    return next(sample for sample in SAMPLES if sample.values["kind"] == kind)


def test_every_kind_is_covered() -> None:
    assert {sample.values["kind"] for sample in SAMPLES} == set(KINDS)
    assert set(ALTERNATIVES) == set(ZERO_WHERE_EQUAL) == set(KINDS)


@each_kind
def test_every_field_has_an_alternative(kind: str) -> None:
    assert set(ALTERNATIVES[kind]) == set(KINDS[kind].model_fields) - READ_BY_OTHERS


@each_kind
def test_every_field_has_a_doc(kind: str) -> None:
    assert all(field.description for name, field in KINDS[kind].model_fields.items() if name != "kind")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ALTERNATIVES for name in ALTERNATIVES[kind]])
def test_every_field_changes_the_loss(kind: str, name: str) -> None:
    sample = first_sample(kind)
    assert getattr(sample.config, name) != ALTERNATIVES[kind][name]
    before = make_world(sample, is_complete=True).loss()
    after = make_world(sample, is_complete=True, **{name: ALTERNATIVES[kind][name]}).loss()
    assert not torch.isclose(before, after, rtol=1e-3)


@each_kind
def test_the_weight_is_left_to_the_training_loop(kind: str) -> None:
    sample = first_sample(kind)
    assert make_world(sample, weight=3.0).loss() == make_world(sample).loss()


@pytest.mark.parametrize("values", [{"weight": 0.0}, {"weight": -1.0}, {"weight": float("inf")}, {"unknown": 1}])
@each_kind
def test_bad_values_are_refused(kind: str, values: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=f"here.{next(iter(values))}"):
        KINDS[kind].parse({"kind": kind} | values, path="here")


@each_sample
def test_a_config_survives_json(sample: Sample) -> None:
    assert ADAPTER.validate_json(sample.config.model_dump_json()) == sample.config


@each_kind
def test_a_missing_teacher_is_refused_where_one_is_needed(kind: str) -> None:
    config = first_sample(kind).config
    if kind == OWN:
        pytest.skip("a run without a teacher is refused from what it declares")
    if config.needs_teacher:
        with pytest.raises(RecipeError, match=r"stages\.0\.objectives\.1: .*needs none"):
            config.build(student=STUDENT, teacher=None, path="stages.0.objectives.1")
    else:
        assert config.build(student=STUDENT, teacher=None, path="here").teacher_needs.is_empty


@each_sample
def test_the_needs_say_whether_there_is_a_teacher(sample: Sample) -> None:
    objective = sample.build()
    assert not objective.student_needs.is_empty
    assert objective.teacher_needs.is_empty != sample.config.needs_teacher


@each_sample
def test_the_student_gets_a_gradient_and_the_teacher_none(sample: Sample) -> None:
    world = make_world(sample)
    students, teachers = tensors_of(world.student), tensors_of(world.teacher)
    for tensor in (*students.values(), *teachers.values()):
        tensor.requires_grad_()
    world.loss().backward()
    assert all(tensor.grad is not None and tensor.grad.abs().sum() > 0 for tensor in students.values())
    assert all(tensor.grad is None for tensor in teachers.values())
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in world.objective.parameters())


@each_sample
def test_every_declared_tensor_of_the_teacher_is_read(sample: Sample) -> None:
    world = make_world(sample)
    for name in tensors_of(world.teacher):
        changed = change(world.teacher, lambda other, tensor, name=name: tensor.square() if other == name else tensor)
        assert not torch.isclose(world.objective(world.student, changed, world.batch), world.loss(), rtol=1e-4)


@each_sample
def test_tensors_that_were_not_declared_are_not_read(sample: Sample) -> None:
    assert make_world(sample, is_complete=True).loss() == make_world(sample).loss()


@each_sample
def test_gold_labels_are_read_only_where_there_is_no_teacher(sample: Sample) -> None:
    world = make_world(sample)
    if not sample.config.needs_teacher:
        pytest.skip("learns from the gold labels")
    assert world.objective(world.student, world.teacher, make_batch(MASK)) == world.loss()


@each_sample
def test_what_padding_holds_does_not_change_the_loss(sample: Sample) -> None:
    world = make_world(sample)

    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        padding = ~MASK[:, :, *(None,) * (tensor.ndim - 2)]
        return tensor.masked_fill(padding, 1e4)

    spoilt = world.objective(change_tokens(world.student, spoil), change_tokens(world.teacher, spoil), world.batch)
    torch.testing.assert_close(spoilt, world.loss())


@each_sample
def test_more_padding_does_not_change_the_loss(sample: Sample) -> None:
    world = make_world(sample)

    def lengthen(tensor: torch.Tensor) -> torch.Tensor:
        return torch.cat([tensor, torch.full_like(tensor[:, :1], -7.0).repeat_interleave(3, dim=1)], dim=1)

    mask = torch.cat([MASK, torch.zeros(len(MASK), 3, dtype=torch.bool)], dim=1)
    batch = random_batch(mask, num_labels=sample.student.num_labels, seed=3)
    longer = world.objective(change_tokens(world.student, lengthen), change_tokens(world.teacher, lengthen), batch)
    torch.testing.assert_close(longer, world.loss())


@each_sample
def test_padding_gets_no_gradient(sample: Sample) -> None:
    world = make_world(sample)
    for tensor in tensors_of(world.student).values():
        tensor.requires_grad_()
    world.loss().backward()
    gradients = change(world.student, lambda _, tensor: tensor.grad)
    change_tokens(gradients, lambda gradient: pytest.fail("padding pulls") if gradient[~MASK].any() else gradient)


@pytest.mark.parametrize("reduction", ["mean", "reference"])
@each_sample
def test_a_doubled_batch_has_the_same_loss(sample: Sample, reduction: str) -> None:
    if sample.config.mixes_examples:
        pytest.skip("compares the examples with each other, equal ones too")
    has_reduction = "reduction" in KINDS[sample.values["kind"]].model_fields
    if not has_reduction and reduction == "reference":
        pytest.skip("has one reduction only")
    world = make_world(sample, **({"reduction": reduction} if has_reduction else {}))
    labels = world.batch.labels
    batch = random_batch(MASK.repeat(2, 1), num_labels=sample.student.num_labels, seed=3)
    assert labels is not None
    assert batch.labels is not None
    batch.labels.copy_(labels.repeat(2))

    def double(name: str, tensor: torch.Tensor) -> torch.Tensor:
        return tensor if name in DECODER else torch.cat([tensor, tensor])

    student, teacher = (change(outputs, double) for outputs in (world.student, world.teacher))
    torch.testing.assert_close(world.objective(student, teacher, batch), world.loss())


@each_sample
def test_bfloat16_gives_a_finite_float32_loss(sample: Sample) -> None:
    world = make_world(sample)
    student, teacher = (change(o, lambda _, tensor: tensor.bfloat16()) for o in (world.student, world.teacher))
    loss = world.objective(student, teacher, world.batch)
    assert loss.dtype is torch.float32
    torch.testing.assert_close(loss, world.loss(), rtol=0.05, atol=0.0)


@each_sample
def test_autocast_does_not_reach_the_loss(sample: Sample) -> None:
    world = make_world(sample)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert world.loss() == make_world(sample).loss()


@each_kind
def test_a_student_equal_to_its_teacher_has_no_loss(kind: str) -> None:
    values = ZERO_WHERE_EQUAL[kind]
    if values is None:
        pytest.skip("does not compare with a teacher")
    objective = Sample({"kind": kind} | values, student=TEACHER).build()
    outputs = random_outputs(TEACHER, MASK, seed=1)
    loss = objective(outputs, outputs, random_batch(MASK, num_labels=3, seed=3))
    torch.testing.assert_close(loss, torch.tensor(0.0), atol=1e-6, rtol=0)


@each_sample
def test_the_checkpoint_of_an_objective_brings_its_projections_back(sample: Sample) -> None:
    world = make_world(sample)
    fresh = sample.config.build(student=sample.student, teacher=sample.teacher, path="here")
    fresh.load_state_dict(world.objective.state_dict())
    assert fresh(world.student, world.teacher, world.batch) == world.loss()


@each_sample
def test_parts_weighed_by_their_units_make_the_loss_of_the_whole(sample: Sample) -> None:
    if sample.config.mixes_examples:
        pytest.skip("is never split")
    world = make_world(sample)
    total = torch.zeros(())
    for rows in (slice(0, 1), slice(1, 3)):
        student, teacher = (take(outputs, rows) for outputs in (world.student, world.teacher))
        part, unit = take_examples(world.batch, rows), world.objective.unit
        share = count_units(part, unit) / count_units(world.batch, unit)
        total = total + share * world.objective(student, teacher, part)
    assert total.item() == pytest.approx(world.loss().item(), rel=1e-5)


def take_examples(batch: Batch, rows: slice) -> Batch:
    return batch.map(lambda tensor: tensor[rows])


def take(outputs: EncoderOutputs, rows: slice) -> EncoderOutputs:
    return change(outputs, lambda name, tensor: tensor if name in DECODER else tensor[rows])


@each_sample
def test_the_order_of_the_examples_does_not_change_the_loss(sample: Sample) -> None:
    world, order = make_world(sample), torch.tensor([2, 0, 1])
    student, teacher = (
        change(outputs, lambda name, tensor: tensor if name in DECODER else tensor[order])
        for outputs in (world.student, world.teacher)
    )
    torch.testing.assert_close(world.objective(student, teacher, world.batch.take(order)), world.loss())
