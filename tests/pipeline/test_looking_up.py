"""Stored logits belong to the texts and to the order of the labels that they were given in."""

from dataclasses import replace
from pathlib import Path

import torch

from potstill.data import TaskData, load_task_data
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.targets import look_up_logits
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentObserver
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.tensors import Logits


def mirror(data: TaskData) -> TaskData:
    """The same examples, with the labels counted in the other order."""
    splits = {}
    for name in ("train", "dev"):
        split = getattr(data, name)
        splits[name] = replace(split, labels=replace(split.labels, values=1 - split.labels.values))
    answer = replace(data.task.answer, label_names=data.task.label_names[::-1])
    return replace(data, task=replace(data.task, answer=answer), **splits)


def test_another_order_of_labels_gets_logits_of_its_own(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    fields = {
        "teacher.model": str(teacher),
        "data.path": str(reviews),
        "data.text": "review",
        "data.label": "stars",
        "precision": "fp32",
    }
    recipe = load_recipe("kd", fields=fields)
    data = load_task_data(recipe.data)

    def look_up(data: TaskData) -> Logits:
        source, folder = TaskSource(recipe=recipe, data=data), RunFolder(path=tmp_path / "run")
        run = OpenRun(source=source, folder=folder, observer=SilentObserver())
        guide = find_teacher(run, lambda *_: None)
        assert guide is not None
        return look_up_logits(run, recipe.stages[0], guide)

    ours, theirs = look_up(data), look_up(mirror(data))
    torch.testing.assert_close(theirs, ours.flip(1))
    assert len(list((tmp_path / "store").glob("logits-*"))) == 2
