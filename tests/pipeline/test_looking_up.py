"""Stored logits belong to the texts, to the order of the labels and to the arithmetic that they were given in."""

from dataclasses import replace
from pathlib import Path

import torch

from potstill.data import TaskData, load_task_data
from potstill.hub import load_classifier
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.targets import look_up_logits
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
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


def look_up(
    teacher: Path, reviews: Path, folder: Path, *, is_mirrored: bool = False, precision: str = "fp32"
) -> Logits:
    fields = {"teacher.model": str(teacher), "data.path": str(reviews), "data.text": "review", "data.label": "stars"}
    recipe = load_recipe("kd", fields=fields | {"precision": precision})
    data = load_task_data(recipe.data)
    source = TaskSource(recipe=recipe.with_length(128), data=mirror(data) if is_mirrored else data)
    run = OpenRun(source=source, folder=RunFolder(path=folder / "run"), callback=SilentCallback())
    run_teacher = find_teacher(run, lambda *_: None)
    assert run_teacher is not None
    return look_up_logits(run, recipe.stages[0], run_teacher)


def test_another_order_of_labels_gets_logits_of_its_own(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    ours, theirs = (look_up(teacher, reviews, tmp_path, is_mirrored=mirrored) for mirrored in (False, True))
    torch.testing.assert_close(theirs, ours.flip(1))
    assert len(list((tmp_path / "store").glob("logits-*"))) == 2


def test_another_precision_gets_logits_of_its_own(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    exact, rough = (look_up(teacher, reviews, tmp_path, precision=precision) for precision in ("fp32", "bf16"))
    assert not torch.equal(exact, rough)
    torch.testing.assert_close(exact, rough, atol=0.1, rtol=0.1)
    assert len(list((tmp_path / "store").glob("logits-*"))) == 2


def test_a_start_is_fitted_on_training_texts(teacher: Path, reviews: Path) -> None:
    recipe = load_recipe("kd", fields={"data.path": str(reviews), "data.text": "review", "data.label": "stars"})
    source, encoder = (
        TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data)),
        load_classifier(str(teacher)),
    )
    sample = source.calibration_set(encoder)
    learnt = source.batches_of("train", encoder).collate(sample.example_ids.numpy())
    assert len(sample) == 128
    assert torch.equal(sample.input_ids, learnt.input_ids)
    assert sample.labels is not None
    assert learnt.labels is not None
    assert torch.equal(sample.labels, learnt.labels)
