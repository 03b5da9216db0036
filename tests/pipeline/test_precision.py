"""A run in bfloat16 learns what one in float32 learns; what is added up stays in float32."""

import json
import math
from pathlib import Path

import pytest
import torch

from potstill import distill
from potstill.data import load_task_data
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.tensors import Needs

SHORT = ["stages.0.epochs=1", "stages.1.epochs=1", "tracking.every_steps=1", "compile=false"]


def follow(teacher: Path, reviews: Path, out: Path, precision: str) -> dict[str, list[float]]:
    """Distil in two stages and give the losses of every step by stage."""
    distill(
        "kd-hidden",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=[*SHORT, f"precision={precision}"],
    )
    events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [event for event in events if event["event"] == "step"]
    return {name: [event["loss"] for event in steps if event["stage"] == name] for name in ("intermediate", "distil")}


def test_two_stages_in_bfloat16_have_the_losses_of_float32(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    exact, rough = (follow(teacher, reviews, tmp_path / name, name) for name in ("fp32", "bf16"))
    assert rough != exact, "the precision is without effect"
    for stage, losses in rough.items():
        assert len(losses) >= 3
        assert all(math.isfinite(loss) for loss in losses)
        assert losses == pytest.approx(exact[stage], rel=0.05)


def test_a_run_says_what_auto_was(teacher: Path, reviews: Path, tmp_path: Path, auto_precision: str) -> None:
    run = distill(
        "kd",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=tmp_path / "run",
        overrides=["stages.0.epochs=none", "stages.0.steps=2"],
    )
    assert {model.speed.precision for model in run.results.models if model.speed} == {auto_precision}
    assert json.loads((tmp_path / "run" / "recipe.json").read_text(encoding="utf-8"))["precision"] == auto_precision


@pytest.mark.parametrize("number", [0, 1])
def test_losses_in_bfloat16_are_summed_in_float32(teacher: Path, reviews: Path, tmp_path: Path, number: int) -> None:
    fields = {"teacher.model": str(teacher), "data.path": str(reviews), "data.text": "review", "data.label": "stars"}
    recipe = load_recipe("kd-hidden", fields={**fields, "precision": "bf16"})
    data = load_task_data(recipe.data)
    recipe = recipe.for_answer(data.task.answer)
    source, folder = TaskSource(recipe=recipe.with_length(128), data=data), RunFolder(path=tmp_path / "run")
    run = OpenRun(source=source, folder=folder, callback=SilentCallback())
    run_teacher = find_teacher(run, lambda *_: None)
    assert run_teacher is not None
    student = build_student(run, run_teacher)
    distiller = make_distiller(recipe.stages[number], student, run_teacher)
    batch = source.batches_of("train", student).collate(source.batches_of("train", student).plan(0)[0])
    with run.autocast():
        targets = {who: run_teacher.pick(who).encoder(batch, needs) for who, needs in distiller.teacher_needs.items()}
        total, losses = distiller(batch, targets)
        queries = student(batch, Needs(queries=frozenset({1}))).queries[1]
    assert queries.dtype == torch.bfloat16, "products are rounded"
    assert (total.dtype, losses.dtype) == (torch.float32, torch.float32)
    total.backward()
    gradients = [weight.grad for weight in student.parameters() if weight.grad is not None]
    assert gradients
    assert all(gradient.dtype == torch.float32 and gradient.isfinite().all() for gradient in gradients)
