"""A saved model is measured, and asked, on texts of the sort that it was trained on."""

import csv
import random
from pathlib import Path

import pytest

from potstill import distill, evaluate, finetune, load
from potstill.cli.entry import run as run_command
from potstill.errors import DataError
from potstill.results import Results

SHORT = ["precision=fp32", "stages.0.epochs=none", "stages.0.steps=2"]


def write_rows(path: Path, header: list[str], rows: list[list[str]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Texts with one or two labels in a cell, and second texts."""
    generator = random.Random(0)
    rows = []
    for number in range(60):
        words = generator.choices(["good", "bad", "film", "plot"], k=4)
        labels = ";".join(sorted({word for word in words if word in ("good", "bad")}) or ["film"])
        rows.append([" ".join([*words, "the"][: 3 + number % 3]), "the film", labels])
    return write_rows(tmp_path_factory.mktemp("labelled") / "all.csv", ["text", "other", "label"], rows)


@pytest.fixture(scope="module")
def several(base: Path, labelled: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a model that gives a text several labels, read with a separator."""
    out = tmp_path_factory.mktemp("several") / "run"
    finetune(str(base), data=labelled, out=out, overrides=[*SHORT, "data.label_separator=;"])
    return out


@pytest.fixture(scope="module")
def paired(base: Path, labelled: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a model of pairs that is no BiLSTM, so that it could read a single text."""
    out = tmp_path_factory.mktemp("paired") / "run"
    finetune(str(base), data=labelled, text="text", text_pair="other", out=out, overrides=SHORT)
    return out


def test_labels_are_separated_as_they_were_learnt(several: Path, labelled: str, tmp_path: Path) -> None:
    own = Results.read(several / "results.json").models[0]
    found = evaluate(several, data=labelled).models[0]
    assert set(found.metrics) == set(own.metrics) == {"micro_f1", "macro_f1", "subset_accuracy"}
    out = tmp_path / "figures.json"
    arguments = ["compare", str(several), str(several), "--data", labelled, "--set", "data.max_length=64"]
    assert run_command([*arguments, "--out", str(out)]) == 0
    assert out.is_file()


def test_half_of_a_pair_is_no_question_for_a_model_of_pairs(paired: Path, labelled: str) -> None:
    assert evaluate(paired, data=labelled, text="text").num_examples, "the run remembers the second text's column"
    with pytest.raises(DataError, match="compares two texts and was given one"):
        load(paired)(["a good film"])
    assert load(paired)(["a good film"], ["the film"])


def test_a_pair_is_no_question_for_a_model_of_single_texts(teacher: Path, labelled: str) -> None:
    with pytest.raises(DataError, match="trained on single texts and was given pairs; leave the second text out"):
        load(teacher)(["a good film"], ["the film"])
    with pytest.raises(DataError, match="trained on single texts and was given pairs"):
        evaluate(
            teacher,
            data=labelled,
            text="text",
            text_pair="other",
            label="label",
            overrides=["data.kind=classification"],
        )


def test_a_file_of_one_class_is_measured_and_not_learnt(teacher: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "good.csv", ["review", "stars"], [["the film is good", "good"]] * 5)
    results = evaluate(teacher, data=path, text="review", label="stars")
    assert results.models[0].metrics["accuracy"] > 0.9
    assert results.num_examples == 5
    with pytest.raises(DataError, match="every label is 'good'; at least two different ones are needed"):
        distill("kd", teacher=str(teacher), data=path, text="review", label="stars", out=tmp_path / "run")
