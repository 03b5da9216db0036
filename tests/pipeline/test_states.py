"""A stage that reads the teacher's layers learns the same from stored states as from the running teacher."""

import json
import re
import shutil
from pathlib import Path

import pytest

from potstill import distill
from potstill.data import load_task_data
from potstill.errors import RecipeError
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller, make_targets
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder

STAGE = [
    'stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}, {kind="soft_labels"}]',
    "stages.0.select=last",
    "stages.0.epochs=2",
    "tracking.every_steps=1",
    "student.num_layers=2",
    "student.init.kind=random",
    "precision=fp32",
]


class Listener(SilentCallback):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def follow(
    teacher: Path, reviews: Path, out: Path, *overrides: str, callback: SilentCallback | None = None
) -> list[float]:
    """Distil and give the losses of every step."""
    distill(
        "kd",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=[*STAGE, *overrides],
        callback=callback,
    )
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    return [event["loss"] for event in events if event["event"] == "step"]


@pytest.fixture(scope="module")
def running(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    return follow(teacher, reviews, tmp_path_factory.mktemp("running") / "run")


@pytest.mark.parametrize(("form", "tolerance"), [("bf16", 2e-3), ("int8", 1e-2)])
def test_stored_states_give_the_losses_of_the_running_teacher(
    teacher: Path, reviews: Path, running: list[float], tmp_path: Path, form: str, tolerance: float
) -> None:
    overrides = ("teacher.states=store", f"teacher.states_format={form}")
    stored = follow(teacher, reviews, tmp_path / "run", *overrides)
    assert stored == pytest.approx(running, rel=tolerance)
    shards = sorted((tmp_path / "store").rglob("states-*/*/*.safetensors"))
    assert shards
    assert follow(teacher, reviews, tmp_path / "again", *overrides) == stored
    assert sorted((tmp_path / "store").rglob("states-*/*/*.safetensors")) == shards, "they are found, not made again"


def test_a_trial_decides_and_a_resumed_run_keeps_to_it(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    listener, out = Listener(), tmp_path / "run"
    follow(teacher, reviews, out, "teacher.states=auto", callback=listener)
    (told,) = (text for text in listener.said if "in 2 passes storing" in text)
    decided = json.loads((out / "states.json").read_text())
    assert decided == {"distil": "store" if "storing saves" in told else "run"}
    for choice, num_shards in (("run", 0), ("store", 1)):
        (out / "checksums.json").unlink(missing_ok=True)
        (out / "results.json").unlink()
        shutil.rmtree(out / "student")
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        (out / "states.json").write_text(json.dumps({"distil": choice}))
        again = Listener()
        distill(str(out / "recipe.json"), resume=True, callback=again)
        assert not any("passes storing" in text for text in again.said), "it is not tried again"
        assert len(list((tmp_path / "store").rglob("states-*/*/*.safetensors"))) == num_shards


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("teacher.states=store", "teacher.states_gib=1e-6"), r"^teacher\.states: .* 0\.00 GiB .* raise states_gib"),
        (
            ("teacher.states=store", "stages.0.objectives.0.reduction=reference"),
            r"^teacher\.states: .* padded positions",
        ),
        (("teacher.states_format=int8",), r"states_format without effect"),
    ],
)
def test_states_that_cannot_be_stored_are_refused(
    teacher: Path, reviews: Path, tmp_path: Path, overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        follow(teacher, reviews, tmp_path / "run", *overrides)


def test_size_and_time_of_the_store_are_told_before_it_is_written(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    listener = Listener()
    follow(teacher, reviews, tmp_path / "run", "teacher.states=store", callback=listener)
    plan, done = (
        next(i for i, text in enumerate(listener.said) if part in text) for part in ("storing", "216 of them")
    )
    assert plan < done
    assert re.match(
        r"distil: storing teacher states takes 0\.00 GiB and, with the teacher's own work, \d+ s; a pass takes",
        listener.said[plan],
    )


def test_states_that_cannot_be_stored_are_computed_anew_with_the_reason(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    listener = Listener()
    reference = "stages.0.objectives.0.reduction=reference"
    follow(teacher, reviews, tmp_path / "run", "teacher.states=auto", reference, callback=listener)
    (told,) = (text for text in listener.said if "not stored" in text)
    assert told.startswith("distil: teacher states are not stored: the stage has reduction = 'reference'")


def test_a_full_store_asks_the_teacher_nothing(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    fields = {"teacher.model": str(teacher), "data.path": str(reviews), "data.text": "review", "data.label": "stars"}
    recipe = load_recipe("kd", fields=fields, overrides=[*STAGE, "teacher.states=store"])
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    asked: list[int] = []
    for name in ("first", "second"):
        folder = RunFolder(path=tmp_path / name)
        folder.path.mkdir()
        run = OpenRun(source=source, folder=folder, callback=SilentCallback())
        run_teacher = find_teacher(run, lambda *_: None)
        assert run_teacher is not None
        distiller = make_distiller(recipe.stages[0], build_student(run, run_teacher), run_teacher)
        calls: list[object] = []
        run_teacher.encoder.register_forward_pre_hook(lambda *given, calls=calls: calls.append(given))
        make_targets(run, recipe.stages[0], distiller, run_teacher)
        asked.append(len(calls))
        assert json.loads(folder.states.read_text(encoding="utf-8")) == {"distil": "store"}
    assert asked[0] > 4
    assert asked[1] == 0
