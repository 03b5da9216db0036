"""A stage with data = "transfer" learns from all texts that there are."""

import json
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import datasets
import numpy as np
import pytest
from killing import kill_after_checkpoints
from tiny_reviews import WORDS

from potstill import distill
from potstill.data import Batches
from potstill.errors import RecipeError
from potstill.hub import load_classifier
from potstill.pipeline import Run, remeasure
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.transfer import load_examples, with_texts
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.training import StepPlan

SETTINGS = ["precision=fp32", "stages.0.epochs=6", "data.limit=24", "checkpoints.every_steps=2", "checkpoints.keep=99"]
SCRIPT = """
import sys
from potstill import distill
teacher, data, more, out, *overrides = sys.argv[1:]
distill("kd-labels", teacher=teacher, data=data, text="review", label="stars", unlabeled=[more], out=out,
        overrides=overrides)
"""


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = Random(7)
    path = tmp_path_factory.mktemp("more") / "more.txt"
    lines = [" ".join(random.choices(WORDS, k=random.randint(6, 12))) for _ in range(120)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(recipe: str, teacher: Path, reviews: Path, out: Path, **changes: Any) -> Run:
    values = {"overrides": SETTINGS} | changes
    return distill(recipe, teacher=str(teacher), data=str(reviews), text="review", label="stars", out=out, **values)


def weights(folder: Path) -> bytes:
    return (folder / "student" / "model.safetensors").read_bytes()


def test_it_says_what_it_learnt_from_and_a_killed_run_ends_the_same(
    teacher: Path, reviews: Path, more: Path, tmp_path: Path
) -> None:
    whole = run("kd-labels", teacher, reviews, tmp_path / "one" / "run", unlabeled=[str(more)])
    figures = whole.results.transfer
    assert figures is not None
    assert (figures.num_labelled, figures.num_unlabeled) == (24, 120)
    for page in ("report.html", "student/README.md"):
        assert "learnt from 24 labelled, 120 unlabelled texts" in (whole.folder / page).read_text(encoding="utf-8")
    out = tmp_path / "other" / "run"
    kill_after_checkpoints(SCRIPT, str(teacher), str(reviews), str(more), str(out), *SETTINGS, out=out, count=3)
    read = {path: path.stat().st_mtime_ns for path in out.parent.glob("store/transfer-*/*")}
    distill(str(out / "recipe.json"), resume=True)
    assert weights(out) == weights(whole.folder)
    assert {path: path.stat().st_mtime_ns for path in out.parent.glob("store/transfer-*/*")} == read


def test_without_further_texts_it_is_a_stage_on_the_task(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    runs = [
        run("kd-labels", teacher, reviews, tmp_path / data, overrides=[*SETTINGS, f"stages.0.data={data}"])
        for data in ("transfer", "task")
    ]
    assert weights(runs[0].folder) == weights(runs[1].folder)
    assert runs[0].results.transfer is None


def open_source(recipe: Recipe, folder: Path, callback: SilentCallback | None = None) -> TaskSource:
    source = TaskSource(recipe=recipe.with_length(128), data=load_examples(recipe))
    opened = OpenRun(source=source, folder=RunFolder(path=folder / "run"), callback=callback or SilentCallback())
    return with_texts(opened).source


def test_a_control_makes_as_many_steps_and_reads_labelled_texts_alone(
    teacher: Path, reviews: Path, more: Path, tmp_path: Path
) -> None:
    fields = {"data": {"path": str(reviews), "text": "review", "label": "stars", "unlabeled": [str(more)]}}
    recipe = load_recipe("kd", fields=fields, overrides=[*SETTINGS, "stages.0.batches.tokens_per_batch=4096"])
    encoder = load_classifier(str(teacher))
    source, control = (open_source(each, tmp_path) for each in (recipe, recipe.without_teacher()))
    ours, theirs = (each.batches(each.recipe.stages[0], encoder) for each in (source, control))
    read = np.concatenate(theirs.plan(0))
    assert len(read) == 144 == len(np.concatenate(ours.plan(0)))
    assert set(read.tolist()) == set(range(24))
    totals = [StepPlan(batches=each, accumulate=1).total(recipe.stages[0]) for each in (ours, theirs)]
    assert totals[0] == totals[1]


def test_shares_say_how_much_of_a_pass_comes_from_each_kind_of_text(
    teacher: Path, reviews: Path, more: Path, tmp_path: Path
) -> None:
    encoder = load_classifier(str(teacher))

    def batches(*shares: str) -> Batches:
        fields = {"data": {"path": str(reviews), "text": "review", "label": "stars", "unlabeled": [str(more)]}}
        source = open_source(load_recipe("kd", fields=fields, overrides=[*SETTINGS, *shares]), tmp_path)
        return source.batches(source.recipe.stages[0], encoder)

    mixed, whole = batches("stages.0.shares={task = 3, unlabeled = 1, augmented = 5}"), batches()
    passes = [np.concatenate(mixed.plan(epoch)) for epoch in range(10)]
    assert [len(each) for each in passes] == [len(np.concatenate(whole.plan(0)))] * 10 == [144] * 10
    assert [int((each < 24).sum()) for each in passes] == [108] * 10
    read = np.bincount(np.concatenate(passes), minlength=144)
    assert (read[:24].min(), read[:24].max(), read[24:].min(), read[24:].max()) == (45, 45, 3, 3)
    assert [each.tolist() for each in mixed.plan(3)] == [each.tolist() for each in mixed.plan(3)]
    alone = batches("stages.0.shares.unlabeled=1")
    assert set(np.concatenate(alone.plan(0)).tolist()) == set(alone.example_ids.tolist()) == set(range(24, 144))


def test_shares_without_effect_are_refused(teacher: Path, reviews: Path, more: Path, tmp_path: Path) -> None:
    share = "stages.0.shares.unlabeled=1"
    with pytest.raises(RecipeError, match="shares: without effect, as there are only the task's own texts"):
        run("kd", teacher, reviews, tmp_path / "run", overrides=[*SETTINGS, share])
    with pytest.raises(RecipeError, match="shares without effect with data = 'task'"):
        run("kd", teacher, reviews, tmp_path / "run", overrides=[*SETTINGS, share, "stages.0.data=task"])
    with pytest.raises(RecipeError, match="are all 0, so nothing is read"):
        run("kd", teacher, reviews, tmp_path / "run", overrides=[*SETTINGS, "stages.0.shares.unlabeled=0"])
    overrides = [*SETTINGS, "stages.0.shares.augmented=1"]
    with pytest.raises(RecipeError, match="of the kinds of text that it names there are none to read"):
        run("kd", teacher, reviews, tmp_path / "run", overrides=overrides, unlabeled=[str(more)])


def test_augmented_texts_are_learnt_from_too(teacher: Path, reviews: Path, more: Path, tmp_path: Path) -> None:
    augmented = ["augmentation.copies=2", "augmentation.labels=inherited"]
    settings = [*SETTINGS, *augmented]
    done = run("kd-labels", teacher, reviews, tmp_path / "a" / "run", overrides=settings, unlabeled=[str(more)])
    figures = done.results.transfer
    assert figures is not None
    assert figures.num_augmented > 10
    events = [json.loads(line) for line in (done.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all("hard_labels" in event["losses"] for event in events if event["event"] == "step")
    alone = run("kd-labels", teacher, reviews, tmp_path / "b" / "run", overrides=settings)
    assert alone.results.transfer is not None
    assert alone.results.transfer.num_unlabeled == 0
    assert alone.results.transfer.num_augmented >= figures.num_augmented


def test_unlabelled_texts_that_are_held_out_say_when_to_trust_the_student(
    teacher: Path, reviews: Path, more: Path, tmp_path: Path
) -> None:
    settings = [*SETTINGS, "stages.0.epochs=1", "data.trust_fraction=0.4"]
    done = run("kd-labels", teacher, reviews, tmp_path / "run", unlabeled=[str(more)], overrides=settings)
    figures, trust = done.results.transfer, done.results.trust
    assert figures is not None
    assert trust is not None
    assert figures.num_unlabeled + figures.num_held_out == 120
    assert (trust.split, trust.num_texts, trust.num_choices) == ("unlabelled texts", figures.num_held_out, 1)
    assert 20 < figures.num_held_out < 80
    assert remeasure(done.folder).trust == trust
    (learnt,) = (tmp_path / "store").glob("transfer-*/texts.arrow")
    (held_out,) = (tmp_path / "store").glob("transfer-*/held-out.arrow")
    texts = [set(datasets.Dataset.from_file(str(path))["text"]) for path in (learnt, held_out)]
    assert [len(each) for each in texts] == [figures.num_unlabeled, figures.num_held_out]
    assert not texts[0] & texts[1]


def test_a_run_says_what_is_held_out_of_many_unlabelled_texts(
    teacher: Path, reviews: Path, more: Path, tmp_path: Path
) -> None:
    class Notes(SilentCallback):
        told: ClassVar[list[str]] = []

        def note(self, text: str) -> None:
            self.told.append(text)

    lines = [f"{line} {number}" for line in more.read_text("utf-8").splitlines() for number in range(45)]
    (tmp_path / "many.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, count in (("many.txt", 540), (str(more), 0)):
        fields = {
            "data": {"path": str(reviews), "text": "review", "label": "stars", "unlabeled": [str(tmp_path / name)]},
            "teacher": {"model": str(teacher)},
        }
        source = open_source(load_recipe("kd", fields=fields), tmp_path, Notes())
        assert source.transfer is not None
        assert source.transfer.figures.num_held_out == count
    assert "540 of 5,400 unlabelled texts are held out, to find out when the student can be trusted" in Notes.told[0]
    assert "none of 120 unlabelled texts is held out to find out when the student can be trusted" in Notes.told[1]
