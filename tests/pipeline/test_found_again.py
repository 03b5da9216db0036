"""What lies beside a run is found again only where everything that decides it is the same."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from tiny_reviews import WORDS

from potstill.data import load_task_data
from potstill.files import unseal_file
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.shared_runs import make_general
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller, make_targets
from potstill.pipeline.teacher import find_teacher, load_teacher
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder

AUGMENTED = ["stages.0.data=augmented", "augmentation.method.kind=tang", "augmentation.copies=1"]


class Asked(Exception):  # noqa: N818 - no error: what was to be made is known
    """The folder that a run beside this one would have."""


def ask(recipe: Recipe, folder: Path, is_begun: bool) -> object:  # noqa: FBT001, ARG001 - as it is called
    raise Asked(folder.name)


def open_run(folder: Path, fields: dict[str, Any], name: str, overrides: list[str]) -> OpenRun[TaskSource]:
    recipe = load_recipe(name, fields=fields, overrides=overrides)
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    return OpenRun(source=source, folder=RunFolder(path=folder / "run"), callback=SilentCallback())


def find_teachers_folder(folder: Path, fields: dict[str, Any], overrides: list[str]) -> str:
    with pytest.raises(Asked) as asked:
        find_teacher(open_run(folder, fields, "kd", overrides), ask)
    return str(asked.value)


def find_general_folder(folder: Path, fields: dict[str, Any], overrides: list[str]) -> str:
    recipe = load_recipe("distilbert-4", fields=fields, overrides=overrides)
    with pytest.raises(Asked) as asked:
        make_general(recipe, folder / "run", SilentCallback(), ask)
    return str(asked.value)


def find_texts_file(folder: Path, fields: dict[str, Any], overrides: list[str]) -> str:
    run = open_run(folder, fields, "kd", [*AUGMENTED, *overrides])
    before = set(run.folder.store.glob("augmented-*"))
    maker = plan_texts(run, None)
    assert maker is not None
    make_examples(run, maker, None)
    after = set(run.folder.store.glob("augmented-*"))
    made = after - before
    return made.pop().name if made else max(after, key=lambda path: path.stat().st_mtime_ns).name


def edit_data(folder: Path) -> None:
    path = folder / "reviews.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("good", "good very", 1), encoding="utf-8")


def edit_corpus(folder: Path) -> None:
    path = folder / "corpus.txt"
    path.write_text(path.read_text(encoding="utf-8") + "copper still grain barley the film is good\n", encoding="utf-8")


def edit_base(folder: Path) -> None:
    path = folder / "base" / "model.safetensors"
    weights = load_file(path)
    next(iter(weights.values())).add_(1.0)
    save_file(weights, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("find", "change"),
    [
        (find_teachers_folder, edit_data),
        (find_teachers_folder, edit_base),
        (find_teachers_folder, ["seed=1"]),
        (find_teachers_folder, ["precision=bf16"]),
        (find_teachers_folder, ["data.max_length=16"]),
        (find_general_folder, edit_corpus),
        (find_general_folder, edit_base),
        (find_general_folder, ["seed=1"]),
        (find_general_folder, ["stages.general.epochs=1"]),
        (find_texts_file, edit_data),
        (find_texts_file, ["augmentation.copies=2"]),
        (find_texts_file, ["augmentation.seed=1"]),
    ],
)
def test_it_is_found_again_until_what_decides_it_changes(
    base: Path,
    reviews: Path,
    tmp_path: Path,
    find: Callable[[Path, dict[str, Any], list[str]], str],
    change: Callable[[Path], None] | list[str],
) -> None:
    shutil.copytree(base, tmp_path / "base")
    shutil.copyfile(reviews, tmp_path / "reviews.csv")
    lines = [" ".join(WORDS[(start + step) % len(WORDS)] for step in range(8 + start % 5)) for start in range(40)]
    (tmp_path / "corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fields: dict[str, Any] = {
        "teacher.base": str(tmp_path / "base"),
        "data.path": str(tmp_path / "reviews.csv"),
        "data.text": "review",
        "data.label": "stars",
        "precision": "fp32",
    }
    if find is find_general_folder:
        fields["data.corpus"] = {"paths": [str(tmp_path / "corpus.txt")], "min_length": 4, "max_length": 24}
    first, again = (find(tmp_path, fields, []) for _ in range(2))
    assert again == first
    if callable(change):
        change(tmp_path)
    assert find(tmp_path, fields, [] if callable(change) else change) != first


def turn_labels(run: OpenRun[TaskSource]) -> OpenRun[TaskSource]:
    data = run.source.data
    answer = replace(data.task.answer, label_names=data.task.label_names[::-1])
    return replace(run, source=replace(run.source, data=replace(data, task=replace(data.task, answer=answer))))


def edit_teacher(folder: Path) -> None:
    path = folder / "teacher" / "student" / "model.safetensors"
    weights = load_file(path)
    weights["classifier.bias"] += 1.0
    save_file(weights, path, metadata={"format": "pt"})
    unseal_file(path)


def ask_teacher(run: OpenRun[TaskSource]) -> set[str]:
    """Let a teacher answer what the last stage reads, and give the names of what is stored."""
    teacher = load_teacher(run, str(run.recipe.teacher.model), called="teacher")
    stage = run.recipe.stages[0]
    run.folder.path.mkdir(parents=True, exist_ok=True)
    make_targets(run, stage, make_distiller(stage, build_student(run, teacher), teacher), teacher)
    return {path.name for path in run.folder.store.iterdir() if path.is_dir()}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("kd", "precision=bf16"),
        ("kd", edit_teacher),
        ("kd", turn_labels),
        ("kd-hidden", "precision=bf16"),
        ("kd-hidden", edit_teacher),
    ],
)
def test_what_a_teacher_said_is_found_again_until_what_decides_it_changes(
    teacher: Path,
    reviews: Path,
    tmp_path: Path,
    name: str,
    change: str | Callable[..., Any],
) -> None:
    shutil.copytree(teacher, tmp_path / "teacher")
    fields: dict[str, Any] = {
        "teacher.model": str(tmp_path / "teacher"),
        "data.path": str(reviews),
        "data.text": "review",
        "data.label": "stars",
        "precision": "fp32",
        "teacher.states": "store" if name == "kd-hidden" else "run",
    }
    run = open_run(tmp_path, fields, name, [])
    first = ask_teacher(run)
    assert ask_teacher(open_run(tmp_path, fields, name, [])) == first
    assert len(first) == 1
    if change is edit_teacher:
        edit_teacher(tmp_path)
    other = turn_labels(run) if change is turn_labels else run
    if isinstance(change, str):
        other = open_run(tmp_path, fields, name, [change])
    assert len(ask_teacher(other)) == 2
