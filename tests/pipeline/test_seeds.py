"""The seed of a recipe reaches everything that is drawn: order, start, dropout, projections; nothing else does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from potstill.data import load_task_data
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder

ONE_STEP = [
    "precision=fp32",
    "stages.0.epochs=none",
    "stages.0.steps=1",
    "stages.0.select=last",
    "stages.0.optimizer.learning_rate=1e-12",
    "stages.0.batches={examples_per_batch=1000, tokens_per_batch=100000}",
    "tracking.every_steps=1",
    "student.num_layers=2",
]
"""All examples in one batch, so that their order has no say, and weights that stay as they are."""
SMALL = [
    "student.init.kind=random",
    "student.hidden_size=16",
    'stages.0.objectives=[{kind="hidden_states"}]',
    "student.dropout=0",
    "student.attention_dropout=0",
]
WHOLE = ["student.init={kind = 'teacher_layers'}", "student.hidden_size=1.0", "student.feed_forward_size=1.0"]
"""A start that no seed has a say in."""
DROPPED = [*WHOLE, "student.dropout=0.5", "student.attention_dropout=0.5"]
Drawn = list[float]


def open_run(
    teacher: Path, reviews: Path, folder: Path, overrides: list[str]
) -> tuple[OpenRun[TaskSource], RunTeacher]:
    fields = {"teacher.model": str(teacher), "data.path": str(reviews), "data.text": "review", "data.label": "stars"}
    recipe = load_recipe("kd", fields=fields, overrides=[*ONE_STEP, *overrides])
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    run = OpenRun(source=source, folder=RunFolder(path=folder), callback=SilentCallback())
    run_teacher = find_teacher(run, lambda *_: None)
    assert run_teacher is not None
    return run, run_teacher


def order(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> Drawn:
    return [float(number) for number in run.source.batches(run.recipe.stages[0], run_teacher.encoder).plan(0)[0]]


def start(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> Drawn:
    weights: Drawn = build_student(run, run_teacher).word_embeddings.weight.flatten().tolist()
    return weights


def train(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> None:
    student = build_student(run, run_teacher)
    torch.manual_seed(7)  # what was drawn before has no say
    train_stages(run, student, run_teacher)


def dropout(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> Drawn:
    train(run, run_teacher)
    first = json.loads(run.folder.events.read_text(encoding="utf-8").splitlines()[0])
    return [round(first["loss"], 4)]


def projections(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> Drawn:
    train(run, run_teacher)
    parts = load_file(run.folder.projections).values()
    return [round(number, 6) for part in parts for number in part.flatten().tolist()]  # one step moves the rest


@pytest.mark.parametrize(
    ("draw", "overrides"), [(order, []), (start, SMALL), (dropout, DROPPED), (projections, SMALL)], ids=lambda each: ""
)
def test_a_seed_decides_what_is_drawn(
    teacher: Path,
    reviews: Path,
    tmp_path: Path,
    draw: Callable[[OpenRun[TaskSource], RunTeacher], Drawn],
    overrides: list[str],
) -> None:
    one, again, other = (
        draw(*open_run(teacher, reviews, tmp_path / name, [*overrides, f"seed={seed}"]))
        for name, seed in (("one", 1), ("again", 1), ("other", 2))
    )
    assert one == again
    assert one != other


def test_without_dropout_the_first_loss_has_no_seed(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    overrides = [*WHOLE, "student.dropout=0", "student.attention_dropout=0"]
    losses = [
        dropout(*open_run(teacher, reviews, tmp_path / str(seed), [*overrides, f"seed={seed}"])) for seed in (1, 2)
    ]
    assert losses[0] == losses[1]


def test_a_start_is_fitted_on_training_texts_and_on_no_others(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    run, run_teacher = open_run(teacher, reviews, tmp_path / "run", [])
    batch = run.source.calibration_set(run_teacher.model)
    read = [ids[mask].tolist() for ids, mask in zip(batch.input_ids, batch.token_mask, strict=True)]
    texts = run.source.data.train.texts
    assert len(read) == 128
    for number, ids in zip(batch.example_ids.tolist(), read, strict=True):
        assert run_teacher.model.tokenizer.encode([texts[number]], None, max_length=32).ids.tolist() == ids
