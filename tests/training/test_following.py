"""What the objectives of a stage follow: each the teacher that it names, and the tokens that this one has."""

from dataclasses import replace

import pytest
import torch
from random_outputs import random_batch, random_outputs
from tiny_reviews import save_base

from potstill.hub import Encoder, load_encoder_base
from potstill.objectives import HiddenStatesConfig, LogitsMseConfig
from potstill.training import Distiller

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]], dtype=torch.bool)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder_base(str(save_base(tmp_path_factory.mktemp("base"))), label_names=("a", "b", "c"))


def test_each_objective_follows_the_teacher_that_it_names(student: Encoder) -> None:
    configs = [LogitsMseConfig(teacher=0), LogitsMseConfig(teacher=1)]
    distiller = Distiller(student, [student.shape] * 2, configs, path="here").eval()
    batch = random_batch(MASK, num_labels=3, seed=3)
    one, other = (
        random_outputs(student.shape, MASK, seed=number, needs=distiller.teacher_needs[number]) for number in (0, 1)
    )
    _, losses = distiller(batch, {0: one, 1: other})
    _, swapped = distiller(batch, {0: other, 1: one})
    assert torch.equal(losses, swapped.flip(0))
    assert losses[0] != losses[1]


def test_tokens_that_a_teacher_does_not_have_count_nowhere(student: Encoder) -> None:
    distiller = Distiller(student, [student.shape], [HiddenStatesConfig(projection="none")], path="here").eval()
    shared = MASK & torch.tensor([True, False, True, True])
    batch = replace(random_batch(MASK, num_labels=3, seed=3), shared={None: shared})
    teacher = random_outputs(student.shape, MASK, seed=1, needs=distiller.teacher_needs[None])
    before = distiller(batch, {None: teacher})[1]
    for states in teacher.hidden_states.values():
        states[~shared] += 1.0
    assert torch.equal(distiller(batch, {None: teacher})[1], before)
    assert not torch.equal(distiller(replace(batch, shared={}), {None: teacher})[1], before)
