"""Whatever form examples are given in, a student learns from the same ones."""

from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest

from potstill.data import DataConfig, keep_data, keep_texts, load_task_data, read_texts
from potstill.errors import DataError

TRAIN = [
    (f"film number {number} is {'good' if number % 3 else 'bad'}", "yes" if number % 3 else "no")
    for number in range(30)
]
DEV = [
    (f"plot number {number} is {'good' if number % 2 else 'bad'}", "yes" if number % 2 else "no")
    for number in range(10)
]


def columns(rows):
    return {name: [row[place] for row in rows] for place, name in enumerate(("text", "label"))}


def dicts(rows):
    return [{"text": text, "label": label} for text, label in rows]


def labelled(rows):
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    return datasets.Dataset.from_list(dicts(rows)).cast(features)


def arrays(rows):
    return {name: np.array(cells) for name, cells in columns(rows).items()}


def categories(rows):
    return pd.DataFrame(columns(rows)).astype({"label": "category"}).set_index(pd.Index(range(7, 7 + len(rows))))


FORMS = {
    "tuples": list,
    "lists": lambda rows: [list(row) for row in rows],
    "dicts": dicts,
    "columns": columns,
    "arrays": arrays,
    "frame": lambda rows: pd.DataFrame(columns(rows)),
    "categories": categories,
    "dataset": lambda rows: datasets.Dataset.from_list(dicts(rows)),
    "class labels": labelled,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> tuple[str, str]:
    """Fingerprints of the examples as files: with a dev set, and without."""
    folder = tmp_path_factory.mktemp("files") / "data"
    folder.mkdir()
    for name, rows in (("train", TRAIN), ("dev", DEV)):
        pd.DataFrame(columns(rows)).to_csv(folder / f"{name}.csv", index=False)
    whole = load_task_data(DataConfig(path=str(folder))).fingerprint
    return whole, load_task_data(DataConfig(path=str(folder / "train.csv"))).fingerprint


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_examples(form: str, tmp_path: Path, expected: tuple[str, str]) -> None:
    make = FORMS[form]
    split = keep_data(make(TRAIN), tmp_path)
    given = [
        load_task_data(DataConfig(path=keep_data({"train": make(TRAIN), "dev": make(DEV)}, tmp_path))),
        load_task_data(DataConfig(path=split, dev=keep_data(make(DEV), tmp_path))),
        load_task_data(DataConfig(path=split)),
    ]
    assert [data.fingerprint for data in given] == [expected[0], expected[0], expected[1]]
    assert keep_data(make(TRAIN), tmp_path) == split


def test_a_dataset_dict_and_paths_give_the_same_examples(tmp_path: Path, expected: tuple[str, str]) -> None:
    both = datasets.DatasetDict({"train": labelled(TRAIN), "validation": labelled(DEV)})
    assert load_task_data(DataConfig(path=keep_data(both, tmp_path))).fingerprint == expected[0]
    file = tmp_path / "somewhere.csv"
    assert keep_data(file, tmp_path) == keep_data(str(file), tmp_path) == str(file)
    assert keep_data(None, tmp_path) is None


def test_a_missing_label_and_a_number_of_numpy_are_taken_as_from_a_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": [text for text, _ in TRAIN], "label": [float(number % 3) for number in range(30)]})
    frame.loc[4, "label"] = float("nan")
    path = keep_data(frame, tmp_path)
    data = load_task_data(DataConfig(path=path, missing_labels="unlabeled"))
    assert data.task.label_names == ("0", "1", "2")
    assert data.unlabeled is not None
    assert list(data.unlabeled.texts) == [TRAIN[4][0]]
    numbers = [{"text": text, "label": np.int64(number % 2)} for number, (text, _) in enumerate(TRAIN)]
    assert load_task_data(DataConfig(path=keep_data(numbers, tmp_path))).task.label_names == ("0", "1")
    several = {"text": [text for text, _ in TRAIN], "label": [["a", "b"], ["a"], []] * 10}
    assert load_task_data(DataConfig(path=keep_data(several, tmp_path))).task.answer.kind == "multi_label"


def test_texts_are_told_from_names(tmp_path: Path) -> None:
    texts = [text for text, _ in TRAIN]
    for given in (texts, columns(TRAIN), pd.DataFrame(columns(TRAIN)), TRAIN, dicts(TRAIN)):
        (name,) = keep_texts(given, tmp_path, column=None)
        assert list(read_texts(Path(name)).texts) == texts
    (name,) = keep_texts(texts, tmp_path, column="review")
    assert list(read_texts(Path(name), text="review").texts) == texts
    spaced = tmp_path / "more texts.txt"
    spaced.write_text("one\n", encoding="utf-8")
    assert keep_texts([str(spaced), "a/b"], tmp_path, column=None) == (str(spaced), "a/b")
    assert keep_texts(str(spaced), tmp_path, column=None) == (str(spaced),)
    assert len(keep_texts([spaced, columns(TRAIN)], tmp_path, column=None)) == 2
    assert keep_texts(None, tmp_path, column=None) == keep_texts((), tmp_path, column=None) == ()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (5, "a int cannot be read as examples; give a path, a list of"),
        ([], "an empty list cannot be read"),
        ([("a", "b", "c")], "a list cannot be read as examples"),
        (["a text", "another"], "a list of texts has no labels; give a list of .text, label. or"),
        ({"text": "a", "label": "b"}, "a column is 'a', which is no list of values"),
        ({"text": ["a"], "label": []}, "must be equally long and not empty; there are text 1, label 0"),
        ({"text": ["a", "b"], "label": ["x", 1]}, "column 'label' holds values of several kinds"),
        (({"text": "a"} for _ in range(3)), "a generator cannot be read"),
    ],
)
def test_what_is_no_data_is_refused(given: object, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        keep_data(given, tmp_path)
    assert list(tmp_path.iterdir()) == []
