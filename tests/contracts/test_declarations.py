"""What an objective declares is true, and nobody outside the room looks at its name instead."""

import ast
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from objective_samples import SAMPLES, Sample
from random_outputs import change, everything, random_batch, random_outputs, tensors_of

from potstill.objectives import objective_kinds
from potstill.tensors import Needs

SOURCE = Path(__file__).parents[2] / "src" / "potstill"
MASK = torch.ones(3, 4, dtype=torch.bool)
OTHER_MEANINGS = {field.name for field in fields(Needs)} | {"embeddings", "patience", "masked_lm"}
"""Kinds that are words for something else, too: a part of the outputs, a wait, a model."""

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)


@each_sample
def test_what_is_read_of_the_encoders_is_what_is_declared(sample: Sample) -> None:
    objective, config = sample.build(), sample.config
    needs = objective.student_needs | objective.teacher_needs
    assert config.needs_teacher == (not objective.teacher_needs.is_empty)
    assert config.reads_logits == needs.logits
    assert config.reads_layers == bool(needs.hidden_states or needs.attention_layers)
    assert config.reads_vocabulary == needs.vocabulary
    assert config.reads_targets == (objective.unit == "targets")


@each_sample
def test_gold_labels_are_read_where_that_is_declared(sample: Sample) -> None:
    student, teacher = (
        random_outputs(shape, MASK, seed=seed, needs=everything(shape))
        for seed, shape in enumerate((sample.student, sample.teacher))
    )
    batch = random_batch(MASK, num_labels=sample.student.num_labels, seed=3)
    objective = sample.build()
    loss = objective(student, teacher, batch)
    try:
        is_read = bool(objective(student, teacher, replace(batch, labels=None)) != loss)
    except Exception:  # noqa: BLE001 - whatever an objective does without them
        is_read = True
    assert is_read == sample.config.reads_gold


@each_sample
def test_examples_are_mixed_where_that_is_declared(sample: Sample) -> None:
    batch = random_batch(MASK, num_labels=sample.student.num_labels, seed=3)
    objective = sample.build()
    teacher = random_outputs(sample.teacher, MASK, seed=2, needs=objective.teacher_needs)
    pulls = []
    for factor in (1.0, -2.0):
        drawn = random_outputs(sample.student, MASK, seed=1, needs=objective.student_needs)
        others = torch.tensor([1.0, factor, factor])  # the first example stays as it is
        student = change(
            drawn,
            lambda name, part, others=others: (
                part * others.view(-1, *(1,) * (part.ndim - 1)) if len(part) == len(MASK) else part
            ),
        )
        parts = {name: part.requires_grad_() for name, part in tensors_of(student).items() if len(part) == len(MASK)}
        objective(student, teacher, batch).backward()
        pulls.append(torch.cat([part.grad[0].flatten() for part in parts.values() if part.grad is not None]))
    assert sample.config.mixes_examples == (not torch.allclose(*pulls, rtol=1e-4))


def names_of_kinds(tree: ast.AST) -> list[str]:
    """Find kinds in the texts of a module, its docstrings left out."""
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    kinds = re.compile(rf"(?<![\w-])({'|'.join(objective_kinds().keys() - OTHER_MEANINGS)})(?![\w-])")
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]
    return [found[0] for text in texts for found in kinds.finditer(text)]


def test_nobody_outside_the_room_knows_an_objective_by_its_name() -> None:
    modules = [path for path in SOURCE.rglob("*.py") if path.parent.name != "objectives"]
    named = {path.name: names_of_kinds(ast.parse(path.read_text(encoding="utf-8"))) for path in modules}
    assert {name: kinds for name, kinds in named.items() if kinds} == {}


def test_no_kind_is_compared_with_outside_the_room() -> None:
    compared = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.parent.name == "objectives" or not isinstance(node, ast.Compare):
                continue
            if "objective" in ast.unparse(node.left) and "kind" in ast.unparse(node.left):
                compared.append(f"{path.name}: {ast.unparse(node)}")
    assert compared == []
