"""Whole runs of the students that are not cut from BERT: a BiLSTM with words of its own, and DistilBERT."""

import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from potstill import distill, evaluate, finetune, predict
from potstill.cli.output import print_run
from potstill.errors import DataError, RecipeError
from potstill.hub import load_classifier
from potstill.pipeline.run import Run
from potstill.results import Results

TINY = [
    "precision=fp32",
    "student.lstm_size=8",
    "student.head_size=8",
    "student.vectors.size=16",
    "checkpoints.keep=99",
    "stages.0.batches.examples_per_batch=16",
]


@pytest.fixture(scope="module")
def reviews_run(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a BiLSTM that repeats the teacher's logits, with both controls."""
    out = tmp_path_factory.mktemp("bilstm") / "run"
    distill(
        "bilstm-soft",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=[*TINY, "stages.0.epochs=12"],
        baselines=["hard-labels", "random-start"],
    )
    return out


def resume_from_the_first_checkpoint(run: Path, out: Path) -> bytes:
    """Take a copy of a finished run back to its first checkpoint, resume it, and give its student's weights."""
    shutil.copytree(run, out)
    (out / "results.json").unlink()
    shutil.rmtree(out / "student")
    for checkpoint in sorted((out / "checkpoints").iterdir())[1:]:
        shutil.rmtree(checkpoint)
    return (distill(str(out / "recipe.json"), resume=True).student / "model.safetensors").read_bytes()


def test_a_bilstm_with_words_of_its_own_learns_its_teachers_logits(reviews_run: Path, teacher: Path) -> None:
    results = Results.read(reviews_run / "results.json")
    roles = [model.role for model in results.models]
    assert roles == ["teacher", "student", "student_hard_labels", "student_random_start"]
    student = results.find("student")
    assert student is not None
    assert student.score > 0.9
    assert student.fidelity is not None
    assert student.parameters.encoder == 2 * 4 * (8 * 32 + 8 * 8 + 2 * 8)
    ours = load_classifier(str(reviews_run / "student")).tokenizer
    assert ours.fingerprint != load_classifier(str(teacher / "student")).tokenizer.fingerprint
    events = [json.loads(line) for line in (reviews_run / "events.jsonl").read_text().splitlines()]
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert losses[-1] < losses[0] / 4


def test_what_is_printed_after_a_run_loads_a_bilstm(reviews_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_run(Run(folder=reviews_run, results=Results.read(reviews_run / "results.json")), as_json=False)
    printed = capsys.readouterr().out
    assert "import potstill" in printed
    scope: dict[str, Any] = {}
    exec(printed[printed.index("import potstill") :], scope)  # noqa: S102 - it is our own
    assert scope["model"]("the good film")[0]["label"] == "good"


def test_a_bilstm_is_evaluated_and_predicts_as_any_student(reviews_run: Path) -> None:
    results = evaluate(str(reviews_run))
    student = Results.read(reviews_run / "results.json").find("student")
    assert student is not None
    assert results.models[0].metrics == pytest.approx(student.metrics)
    labels = [prediction.label for prediction in predict(str(reviews_run), ["the good film", "bad", ""])]
    assert labels[:2] == ["good", "bad"]
    assert "import potstill" in (reviews_run / "student" / "README.md").read_text()


def test_a_bilstm_resumes_to_the_identical_student(reviews_run: Path, tmp_path: Path) -> None:
    expected = (reviews_run / "student" / "model.safetensors").read_bytes()
    assert resume_from_the_first_checkpoint(reviews_run, tmp_path / "run") == expected


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pairs of texts whose score is how often they say `good`."""
    generator = random.Random(0)
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["one", "other", "praise"])
        for _ in range(200):
            texts = [" ".join(generator.choices(["good", "bad", "film", "plot"], k=3)) for _ in range(2)]
            writer.writerow([*texts, " ".join(texts).count("good") + 0.5])
    return {"data": str(path), "text": "one", "text_pair": "other", "label": "praise"}


@pytest.fixture(scope="module")
def pairs_teacher(base: Path, pairs: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("pairs-teacher") / "run"
    longer = ["stages.0.epochs=10", "stages.0.optimizer.learning_rate=3e-3", "precision=fp32"]
    return str(finetune(str(base), **pairs, out=out, overrides=longer).folder)


@pytest.mark.parametrize("vocabulary", ["teacher", "words"])
def test_a_bilstm_compares_pairs_and_scores_them(
    pairs_teacher: str, pairs: dict[str, str], tmp_path: Path, vocabulary: str
) -> None:
    run = distill(
        "bilstm-soft",
        teacher=pairs_teacher,
        **pairs,
        out=tmp_path / "run",
        overrides=[*TINY, "stages.0.epochs=2", f"student.vocabulary.kind={vocabulary}"],
    )
    assert load_classifier(str(run.student)).needs_pairs
    [prediction] = predict(str(run.student), ["good film"], pairs=["good plot"])
    assert prediction.score is not None
    with pytest.raises(DataError, match=r"compares two texts and was given one; name the second text's column"):
        list(predict(str(run.student), ["good film"]))


@pytest.mark.parametrize(
    ("recipe", "overrides", "message"),
    [
        (
            "kd-hidden",
            ["student.kind=bilstm"],
            r"^stages\.intermediate\.objectives\.hidden_states: the student is a BiLSTM, which has no layers",
        ),
        (
            "bilstm-soft",
            ["stages.0.objectives.0.kind=attention_scores", "student.vectors.size=16"],
            r"^stages\.distil\.objectives\.attention_scores: the student is a BiLSTM, .* use only objectives on logits",
        ),
        ("bilstm-soft", [], r"^student\.vectors\.size: 300 is more than the 32 numbers of the teacher's vectors"),
    ],
)
def test_what_a_bilstm_cannot_follow_is_refused_before_the_first_step(
    teacher: Path, reviews: Path, tmp_path: Path, recipe: str, overrides: list[str], message: str
) -> None:
    fields = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    with pytest.raises(RecipeError, match=message):
        distill(recipe, out=tmp_path / "run", overrides=overrides, **fields)
    assert not (tmp_path / "run").exists()


def test_a_distilbert_with_berts_optimizer_runs_and_resumes_to_the_identical_student(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    run = distill(
        "kd",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=tmp_path / "whole",
        overrides=[
            "precision=fp32",
            "student.kind=distilbert",
            "student.num_layers=2",
            "student.freeze_positions=true",
            "stages.0.optimizer.kind=bert_adam",
            "stages.0.optimizer.learning_rate=1e-3",
            "stages.0.schedule.kind=linear_from_zero",
            "stages.0.clip_scope=tensor",
            "checkpoints.keep=99",
        ],
    )
    student = run.results.find("student")
    assert student is not None
    assert student.score > 0.9
    assert json.loads((run.student / "config.json").read_text())["model_type"] == "distilbert"
    expected = (run.student / "model.safetensors").read_bytes()
    assert resume_from_the_first_checkpoint(run.folder, tmp_path / "cut") == expected
