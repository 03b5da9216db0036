"""Texts with several labels from data to predictions: fine-tune, distil, measure, report, predict."""

import json
import random
import shutil
from pathlib import Path

import pytest
from transformers import AutoConfig

import potstill
from potstill import distill, evaluate, finetune
from potstill.errors import ModelError, RecipeError
from potstill.pipeline import export

SETTINGS = ("precision=fp32", "data.label_separator=;", "stages.0.evaluations_per_epoch=1")


@pytest.fixture(scope="module")
def moods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts with the labels of those of two words that occur, which may be none."""
    generator, lines = random.Random(0), ["text,label"]
    for _ in range(200):
        words = generator.choices(["film", "plot", "the", "is", "was", "very"], k=generator.randint(1, 3))
        found = [word for word in ("good", "bad") if generator.random() < 0.5]
        lines.append(f"{' '.join([*words, *found])},{';'.join(found)}")
    path = tmp_path_factory.mktemp("moods") / "moods.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def judge(base: Path, moods: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a teacher that knows them."""
    out = tmp_path_factory.mktemp("judge") / "run"
    run = finetune(
        str(base),
        data=str(moods),
        out=out,
        overrides=[*SETTINGS, "stages.0.epochs=40", "stages.0.optimizer.learning_rate=3e-3"],
    )
    assert run.results.primary_metric == "micro_f1"
    assert run.results.models[0].score > 0.9
    return out


def test_a_student_follows_each_label(judge: Path, moods: Path, tmp_path: Path) -> None:
    short = ["stages.0.epochs=4", "stages.0.optimizer.learning_rate=3e-3"]
    out = tmp_path / "kd"
    run = distill("kd", teacher=str(judge), data=str(moods), out=out, overrides=[*SETTINGS, *short])
    recipe = json.loads((out / "recipe.json").read_text())
    assert recipe["stages"][0]["objectives"][0]["independent"] is True
    student = run.results.find("student")
    assert student is not None
    assert set(student.metrics) == {"micro_f1", "macro_f1", "subset_accuracy"}
    assert AutoConfig.from_pretrained(run.student).problem_type == "multi_label_classification"
    again = evaluate(str(out))
    assert again.models[0].metrics == pytest.approx(student.metrics, abs=1e-6)
    assert "A text may have several labels" in (out / "report.html").read_text(encoding="utf-8")
    (both, neither) = potstill.load(judge)(["the film good bad", "the plot was"])
    assert both.labels == ("bad", "good")
    assert neither.to_json()["labels"] == []
    assert sum(both.probabilities.values()) > 1.1, "each label for itself"


def test_several_labels_are_exported_and_answered_by_every_backend(judge: Path, moods: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "model"
    shutil.copytree(judge / "student", folder)
    export(folder, data=moods, overrides=["data.label_separator=;"])
    texts = ["the film good bad", "the plot was"]
    for backend in ("sdpa", "onnx", "onnx-int8"):
        both, neither = potstill.load(folder, backend=backend)(texts)
        assert (both.labels, neither.labels) == (("bad", "good"), ())


def test_models_for_one_label_and_for_several_are_kept_apart(
    judge: Path, moods: Path, teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="was trained to give a text any number of labels, and here each has exactly"):
        distill("kd", teacher=str(judge), data=str(reviews), label="stars", text="review", out=tmp_path / "one")
    with pytest.raises(ModelError, match="was trained to choose one label, and here a text may have several"):
        distill("kd", teacher=str(teacher), data=str(moods), out=tmp_path / "several", overrides=list(SETTINGS))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("teacher.combine=probabilities",), "needs classes and this task has several labels"),
        (
            ("stages.0.data=augmented", "augmentation.method.kind=tang"),
            "texts that may have several labels cannot be augmented",
        ),
    ],
)
def test_what_makes_no_sense_with_several_labels_is_refused(overrides, message, judge, moods, tmp_path) -> None:
    shutil.copytree(judge / "student", tmp_path / "other")
    with pytest.raises(RecipeError, match=message):
        distill(
            "kd",
            teacher=[str(judge), str(tmp_path / "other")],
            data=str(moods),
            out=tmp_path / "run",
            overrides=[*SETTINGS, *overrides],
        )
