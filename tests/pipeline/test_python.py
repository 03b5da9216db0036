"""A program gives what it has: data and models in memory, a recipe, settings by path; and gets records."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

import potstill
from potstill.errors import PotstillError
from potstill.recipe import load_recipe

SETTINGS = {"stages.distil.optimizer.learning_rate": 3e-3, "tracking.trackers": [], "checkpoints.keep": 1}


class Listener:
    """A callback that is nothing but what `ProgressCallback` asks for."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.moved = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def task(self, name: str, total: int, *, done: int = 0) -> "Listener":
        return self

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, amount: int = 1, *, text: str | None = None) -> None:
        self.moved += amount


@pytest.fixture(scope="module")
def rows(reviews: Path) -> list[tuple[str, str]]:
    with reviews.open(encoding="utf-8", newline="") as file:
        return [(row["review"], row["stars"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def loaded(teacher: Path) -> tuple[Any, Any]:
    folder = teacher / "student"
    return AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def given_run(rows, loaded, tmp_path_factory) -> tuple[potstill.Run, Listener]:
    """A run whose every part was in memory."""
    listener = Listener()
    run = potstill.distill(
        load_recipe("kd-labels"),
        teacher=loaded,
        data=rows[:160],
        dev=pd.DataFrame(rows[160:], columns=["text", "label"]),
        unlabeled=[text + " the film" for text, _ in rows[:40]],
        seed=3,
        epochs=2,
        precision="fp32",
        overrides=SETTINGS,
        out=tmp_path_factory.mktemp("given") / "run",
        callback=listener,
    )
    return run, listener


def test_what_was_in_memory_makes_the_student_that_files_make(given_run, rows, teacher: Path, tmp_path: Path) -> None:
    run, _ = given_run
    folder = tmp_path / "data"
    folder.mkdir()
    for name, part in (("train", rows[:160]), ("dev", rows[160:])):
        pd.DataFrame(part, columns=["text", "label"]).to_csv(folder / f"{name}.csv", index=False)
    more = tmp_path / "more.txt"
    more.write_text("".join(f"{text} the film\n" for text, _ in rows[:40]), encoding="utf-8")
    texts = [f"{path}={value}" for path, value in {"seed": 3, "precision": "fp32", **SETTINGS}.items()]
    named = potstill.distill(
        "kd-labels",
        teacher=teacher,
        data=folder,
        unlabeled=[more],
        overrides=[*texts, "stages.distil.epochs=2"],
        out=tmp_path / "run",
    )
    for name in ("model.safetensors", "config.json"):
        assert (run.student / name).read_bytes() == (named.student / name).read_bytes()


def test_a_run_of_what_was_in_memory_is_taken_up_and_repeated(given_run, rows, loaded, tmp_path: Path) -> None:
    run, listener = given_run
    assert any("about" in note for note in listener.notes)
    assert listener.moved > 0
    again = potstill.distill(run.folder / "recipe.json", teacher=loaded, data=rows[:160], resume=True)
    assert again.folder == run.folder
    other = [*rows[1:160], rows[0]]
    with pytest.raises(PotstillError, match="was begun with another content of data"):
        potstill.distill(run.folder / "recipe.json", teacher=loaded, data=other, resume=True)
    assert len(list((run.folder.parent / "given").glob("model-*"))) == 1


def test_results_are_records_frames_and_what_the_command_prints(given_run, capsys) -> None:
    from potstill.cli.output import print_run

    run, _ = given_run
    frame = run.results.to_frame()
    assert list(frame["role"]) == ["teacher", "student"]
    student = run.results.find("student")
    assert student is not None
    record = run.results.to_records()[1]
    assert record["accuracy"] == student.metrics["accuracy"] == frame["accuracy"][1]
    assert (record["low"], record["high"]) == student.interval
    assert record["agreement"] == student.fidelity.agreement
    print_run(run, as_json=False)
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert str(run).splitlines() == printed
    assert "srcdoc" in run._repr_html_()


def test_what_commands_do_functions_do(given_run, rows, loaded, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run, _ = given_run
    held = pd.DataFrame(rows[160:], columns=["text", "label"])
    results = potstill.evaluate(run.folder, data=held, teacher=run.folder)
    assert results.num_examples == 80
    report = potstill.compare([run.folder, run.folder], data=held)
    assert report.num_examples == 80
    timed = potstill.bench(
        [run.folder], data=held, settings={"num_texts": 8, "repeats": 1, "lengths": (), "has_probe": False}
    )
    assert len(timed.entries) == 1
    page = potstill.report(run.folder, tmp_path / "page.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    (quality, *_) = potstill.tables(run.folder)
    assert "Quality" in str(quality)
    assert len(quality.to_frame()) == len(quality.rows)
    assert "tinybert" in str(potstill.tables(published=["tinybert-paper-size"])[0]).lower()
    assert not (tmp_path / "given").exists()


def test_several_models_in_memory_are_an_ensemble(loaded, tmp_path: Path) -> None:
    from potstill.hub import keep_model, keep_models

    asked = pipeline("text-classification", model=loaded[0], tokenizer=loaded[1])
    first, second = keep_models([loaded, asked], tmp_path)
    assert first == second
    assert keep_models("a/b", tmp_path) == ("a/b",)
    assert keep_models(["a/b", Path("c")], tmp_path) == ("a/b", "c")
    for wrong in (loaded[0], 5, ("a", "b", 3), [loaded[0], "x"]):
        with pytest.raises(PotstillError, match="is no model with its tokenizer"):
            keep_models(wrong, tmp_path)
    assert keep_model(None, tmp_path) is None


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ("seed=1", "is one text; give a list"),
        ({"seed": object()}, "seed is a object, which no recipe holds"),
        ({"sead": 1}, "sead: no such field. Did you mean 'seed'"),
    ],
)
def test_settings_that_are_none_are_refused(overrides: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(PotstillError, match=told):
        potstill.distill("kd", teacher="a", data="b.csv", overrides=overrides, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_values_by_path_are_what_texts_are() -> None:
    values = {
        "seed": 3,
        "description": 'a "quoted" \\ text\nof two lines',
        "checkpoints.every_steps": None,
        "stages.distil.optimizer.learning_rate": [1e-4, 3e-4],
        "stages.distil.epochs": {"passes": 2, "min_steps": 5},
        "compile": True,
        "data.path": Path("a") / "b",
    }
    recipe = load_recipe("kd", overrides=values)
    assert (recipe.seed, recipe.description, recipe.compile) == (3, values["description"], True)
    assert recipe.stages[0].optimizer.rates_to_try == (1e-4, 3e-4)
    assert recipe.data.path == str(values["data.path"])
    assert load_recipe(recipe) == recipe
