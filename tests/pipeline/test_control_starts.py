"""Each control starts from what it is said to start from, learns from labels alone, and is measured itself."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from potstill.data import load_task_data
from potstill.hub import load_classifier, load_encoder_base
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.results import Predictions
from potstill.run_folder import RunFolder

STARTS = {"hard-labels": "teacher", "base-start": "base", "random-start": "nothing"}


@pytest.mark.parametrize("name", STARTS)
def test_a_control_starts_from_what_its_name_says(student_run: Path, teacher: Path, base: Path, name: str) -> None:
    whole = load_recipe(str(student_run / "recipe.json"))
    recipe = load_recipe(str(student_run / name / "recipe.json"))
    data = load_task_data(recipe.data)
    first, control = (
        OpenRun(
            source=TaskSource(recipe=each.with_length(128), data=data),
            folder=RunFolder(path=student_run),
            callback=SilentCallback(),
        )
        for each in (whole, recipe)
    )
    run_teacher = find_teacher(first, lambda *_: None)
    started = build_student(control, run_teacher).word_embeddings.weight
    origins = {
        "teacher": load_classifier(str(teacher)),
        "base": load_encoder_base(str(base), label_names=data.task.label_names),
    }
    cuts = {
        place: whole.student.build(origin, data.task.label_names, calibration=control.source.calibration_set(origin))
        for place, origin in origins.items()
    }
    alike = [place for place, cut in cuts.items() if torch.allclose(cut.word_embeddings.weight, started, atol=1e-5)]
    assert alike == [place for place in cuts if place == STARTS[name]]
    assert [objective.kind for objective in recipe.stages[0].objectives] == ["hard_labels"]
    assert recipe.stages[0].epochs == whole.stages[0].epochs
    events = [json.loads(line) for line in (student_run / name / "events.jsonl").read_text().splitlines()]
    assert {tuple(event["losses"]) for event in events if event["event"] == "step"} == {("hard_labels",)}


@pytest.mark.parametrize("name", ["", *STARTS])
def test_every_student_is_measured_from_its_own_folder(student_run: Path, name: str) -> None:
    recipe = load_recipe(str(student_run / "recipe.json"))
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    role = "_".join(["student", *name.split("-")] if name else ["student"])
    reported = Predictions.read(student_run / "predictions.safetensors").logits[role]
    own = source.logits(load_classifier(str(student_run / name / "student")))
    np.testing.assert_allclose(reported, own, atol=1e-4)
