"""Labels of which a text may have several: separated in one cell, or lists."""

import json
from pathlib import Path

import numpy as np
import pytest

from potstill.data import DataConfig, TaskData, load_task_data
from potstill.errors import DataError, RecipeError

ROWS = [("a plot", "calm;warm"), ("a film", "dull"), ("the end", ""), ("a still", "warm ; dull"), ("copper", "calm")]


def write_csv(folder: Path, rows: list[tuple[str, str]], name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(["text,label", *(f"{text},{label}" for text, label in rows)]) + "\n")
    return path


def load(path: Path, **fields: object) -> TaskData:
    return load_task_data(DataConfig.parse({"path": str(path), "dev": str(path), **fields}, path="data"))


def test_a_separator_parts_the_labels_of_a_cell(tmp_path: Path) -> None:
    data = load(write_csv(tmp_path, ROWS), label_separator=";")
    assert (data.task.answer.kind, data.task.label_names) == ("multi_label", ("calm", "dull", "warm"))
    assert data.task.metrics == ("micro_f1", "macro_f1", "subset_accuracy")
    assert data.train.labels is not None
    assert data.train.labels.values.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0]]


def test_lists_need_no_setting(tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": text, "label": [part.strip() for part in label.split(";") if part]}) for text, label in ROWS
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(lines))
    own, other = load(path), load(write_csv(tmp_path, ROWS), label_separator=";")
    assert own.task.label_names == other.task.label_names
    assert own.task.answer.kind == "multi_label"
    assert np.array_equal(own.train.labels.values, other.train.labels.values)


def test_a_development_set_is_split_off(tmp_path: Path) -> None:
    data = load_task_data(DataConfig(path=str(write_csv(tmp_path, ROWS * 4)), label_separator=";", dev_fraction=0.25))
    assert (len(data.train), len(data.dev)) == (16, 4), "one text of five, four times"


@pytest.mark.parametrize(
    ("rows", "fields", "message"),
    [
        (
            ROWS,
            {"kind": "multi_label"},
            r"row 1 has 'calm;warm' where a text may have several labels; set data",
        ),
        ([("a", "x"), ("b", "x;x")], {"label_separator": ";"}, "there are 1 different labels; at least 2 are"),
    ],
)
def test_what_is_no_set_of_labels_is_refused(tmp_path: Path, rows, fields, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(write_csv(tmp_path, rows), **fields)


def test_a_label_that_training_never_saw_is_refused(tmp_path: Path) -> None:
    dev = write_csv(tmp_path, [("a", "calm;odd")], "other.csv")
    with pytest.raises(DataError, match=r"row 1 has the label 'odd', which does not occur .* calm, dull, warm"):
        load(write_csv(tmp_path, ROWS), label_separator=";", dev=str(dev))


def test_a_separator_without_several_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"data.label_separator: must be left out with kind = 'regression'"):
        DataConfig.parse({"path": "x.csv", "kind": "regression", "label_separator": ";"}, path="data")
