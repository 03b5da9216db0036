"""Where some examples have no gold label, or no answer, every objective is a mean over those that it can read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from objective_samples import SAMPLES, Sample
from random_outputs import change, random_batch, random_outputs, tensors_of
from tiny_reviews import save_base

from potstill.answers import LabelRows
from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.hub import load_encoder_base
from potstill.objectives import Objective
from potstill.tensors import Batch, EncoderOutputs, TokenBlock
from potstill.training import Distiller

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]], dtype=torch.bool)
GOLD = torch.tensor([True, False, True])
READERS = [(sample, "label_mask") for sample in SAMPLES if sample.config.reads_gold]
READERS += [(sample, "answer_mask") for sample in SAMPLES if sample.build().teacher_needs.logits]

each_reader = pytest.mark.parametrize(("sample", "mask"), READERS, ids=str)


def outputs_of(sample: Sample, objective: Objective) -> tuple[EncoderOutputs, EncoderOutputs, Batch]:
    student = random_outputs(sample.student, MASK, seed=1, needs=objective.student_needs)
    teacher = random_outputs(sample.teacher, MASK, seed=2, needs=objective.teacher_needs)
    return student, teacher, random_batch(MASK, num_labels=sample.student.num_labels, seed=3)


@each_reader
def test_a_loss_is_that_of_the_examples_with_a_label_alone(sample: Sample, mask: str) -> None:
    objective = sample.build()
    student, teacher, batch = outputs_of(sample, objective)
    places = torch.tensor([0, 2])
    alone = objective(student.take(places), teacher.take(places), batch.take(places))
    assert objective(student, teacher, replace(batch, **{mask: GOLD})) == alone
    assert alone != objective(student, teacher, batch)


@each_reader
def test_a_batch_without_any_label_has_no_loss_and_a_gradient_of_zero(sample: Sample, mask: str) -> None:
    objective = sample.build()
    student, teacher, batch = outputs_of(sample, objective)
    student = change(student, lambda _, tensor: tensor.requires_grad_())
    loss = objective(student, teacher, replace(batch, **{mask: torch.zeros(3, dtype=torch.bool)}))
    loss.backward()
    assert loss == 0.0
    assert all(tensor.grad is not None and not tensor.grad.any() for tensor in tensors_of(student).values())


def test_losses_count_by_the_examples_that_they_read(tmp_path: Path) -> None:
    samples = [sample for sample in SAMPLES if str(sample) in ("hard_labels", "logits_mse")]
    student = load_encoder_base(str(save_base(tmp_path)), label_names=("a", "b", "c"))
    distiller = Distiller(student, [student.shape], [sample.config for sample in samples], path="here")
    batch = replace(random_batch(MASK, num_labels=3, seed=3), label_mask=GOLD, answer_mask=~GOLD)
    counts = dict(zip(distiller.names, distiller.count_units(batch).tolist(), strict=True))
    assert counts == {"hard_labels": 2.0, "logits_mse": 1.0}


def test_a_split_tells_of_labels_that_are_missing_only_where_some_are() -> None:
    tokens = TokenBlock(
        ids=np.arange(8, dtype=np.int32), type_ids=None, offsets=np.array([0, 2, 4, 6, 8]), padding_id=0
    )
    labels = LabelRows(values=np.array([7, 5]), offsets=np.array([0, 1, 1, 2, 2]))
    batches = Batches(TokenisedSplit(tokens=tokens, labels=labels), BatchConfig(), seed=0)
    whole, part = batches.collate(np.array([2, 0])), batches.collate(np.array([1, 2]))
    assert whole.label_mask is None
    assert whole.labels is not None
    assert whole.labels.tolist() == [5, 7]
    assert part.label_mask is not None
    assert part.label_mask.tolist() == [False, True]
    assert part.labels is not None
    assert part.labels[1] == 5
    joined = batches.collate(np.array([2]), beside=np.array([1, 2]))
    assert joined.label_mask is not None, "processes that put their rows together all tell, or none does"
