"""Texts without labels: from any source, each once, and none that is measured on."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from potstill.answers import OneClass
from potstill.data import DataConfig, Split, Task, TaskData, TransferSet, load_answers, load_task_data, load_transfer
from potstill.data.duplicates import NearTexts, are_near, band_texts
from potstill.data.records import task_data
from potstill.errors import DataError, RecipeError
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe

OTHER = "copper and oak, and eight years of waiting, are what is left of the taste of {}"
LONG = "the still in the old barn by the river makes a clear spirit out of barley and of patience {}"


def make_data(*, is_pair: bool = False) -> TaskData:
    answer = OneClass(label_names=("no", "yes"))
    task = Task(name="t", answer=answer, is_pair=is_pair, metrics=("accuracy",))

    def split(*texts: str) -> Split:
        return Split(
            texts=texts, pairs=["b"] * len(texts) if is_pair else None, labels=answer.pack([0, 1] * (len(texts) // 2))
        )

    return task_data(task, split("train one", "train two"), split("dev one", LONG.format("indeed")))


def read(folder: Path, *names: str, is_pair: bool = False, data: TaskData | None = None, **fields: str) -> TransferSet:
    config = DataConfig.parse({"unlabeled": [str(folder / name) for name in names], **fields})
    found = load_transfer(data or make_data(is_pair=is_pair), config, store=folder / "store", callback=SilentCallback())
    assert found is not None
    return found


def test_a_text_that_is_there_already_or_measured_on_is_left_out_and_counted(tmp_path: Path) -> None:
    texts = [
        "new",
        " NEW ",
        "\uff4eew",  # a full-width n
        "Train  one",
        "dev ONE",
        LONG.format("indeed!"),
        OTHER.format("rye"),
        OTHER.format("rye."),
        "",
        "caf\u00e9",
        "cafe\u0301",
    ]
    (tmp_path / "more.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    data = make_data()
    found = read(tmp_path, "more.txt", data=data)
    figures = found.figures
    assert list(found.split.texts) == [*data.train.texts, "new", texts[6], texts[7], texts[9]]
    assert (figures.num_labelled, figures.num_unlabeled) == (2, 4)
    assert (figures.num_empty, figures.num_repeated, figures.num_in_train) == (1, 3, 1)
    assert (figures.num_measured_on, figures.num_near_measured_on, figures.num_near) == (1, 1, 1)
    assert found.split.labels is not None
    assert found.split.labels.has_rows(np.arange(6)).tolist() == [True, True, False, False, False, False]
    again = read(tmp_path, "more.txt", data=data)
    assert list(again.split.texts) == list(found.split.texts)
    assert again.folder == found.folder


def test_near_duplicates_are_found_as_by_comparing_all_with_all() -> None:
    random = np.random.default_rng(0)
    known = ["".join(random.choice(list("abcdefgh "), 80)) for _ in range(30)]

    def spoil(text: str, times: int) -> str:
        letters = list(text)
        for place in random.integers(0, len(letters), times):
            letters[place] = "x"
        return "".join(letters)

    asked = [spoil(text, times) for text in known for times in (0, 1, 2, 6, 12)]
    slow = [any(are_near(text, other) for other in known) for text in asked]
    assert NearTexts(known).find(asked, band_texts(asked)).tolist() == slow
    assert 20 < sum(slow) < 130


WRITERS: dict[str, Callable[[Path, list[dict[str, str]]], None]] = {
    "csv": lambda path, rows: path.write_text("\n".join(["review,n", *(f"{r['review']},1" for r in rows)]), "utf-8"),
    "tsv": lambda path, rows: path.write_text("\n".join(["review\tn", *(f"{r['review']}\t1" for r in rows)]), "utf-8"),
    "jsonl": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows)), "utf-8"),
    "json": lambda path, rows: path.write_text(json.dumps(rows), "utf-8"),
    "parquet": lambda path, rows: datasets.Dataset.from_list(rows).to_parquet(path),
    "txt": lambda path, rows: path.write_text("\n".join(r["review"] for r in rows) + "\n", "utf-8"),
    "txt.gz": lambda path, rows: path.write_bytes(gzip.compress("\n".join(r["review"] for r in rows).encode())),
}


@pytest.mark.parametrize("form", WRITERS)
def test_every_kind_of_file_gives_the_same_texts(form: str, tmp_path: Path) -> None:
    rows = [{"review": f"text number {number}"} for number in range(3)]
    (tmp_path / "folder").mkdir()
    WRITERS[form](tmp_path / "folder" / f"more.{form}", rows)
    for name in (f"folder/more.{form}", "folder"):
        found = read(tmp_path, name, text="review")
        assert list(found.split.texts)[2:] == [row["review"] for row in rows]


def test_a_saved_data_set_and_pairs_are_read(tmp_path: Path) -> None:
    rows = [{"one": "a", "two": "b"}, {"one": "c", "two": ""}, {"one": "a", "two": "other"}]
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows)}).save_to_disk(tmp_path / "saved")
    found = read(tmp_path, "saved", is_pair=True, text="one", text_pair="two")
    assert list(found.split.texts)[2:] == ["a", "a"]
    assert found.split.pairs is not None
    assert list(found.split.pairs)[2:] == ["b", "other"]
    assert found.split.pairs[1:3] == ["b", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "words\nx\n", "has no column 'text or sentence'; set it to one of"),
        ("a.jsonl", '{"text": 3}\n', "row 1 has 3, which is not a text"),
        ("a.pdf", "x", "files of kind '.pdf' are not read"),
        ("a.txt", "Train one\nDEV one\n", "no text is left"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read(tmp_path, name)
    assert not (tmp_path / "store").exists()


def test_lines_are_no_pairs_and_a_name_must_exist(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n", encoding="utf-8")
    with pytest.raises(DataError, match="one text a line, and the task compares two"):
        read(tmp_path, "a.txt", is_pair=True)
    with pytest.raises(DataError, match=r"nowhere\.txt' does not exist"):
        read(tmp_path, "nowhere.txt")


def test_rows_without_a_label_are_refused_or_learnt_from(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = [f"text {number},{('yes', 'no', '')[number % 3]}" for number in range(60)]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 3 .*: 3, 6, 9, 12, 15, \.\.\.; 20 in all.*missing_labels"):
        load_task_data(DataConfig(path=str(path)))
    data = load_task_data(DataConfig(path=str(path), missing_labels="unlabeled"))
    assert data.unlabeled is not None
    assert list(data.unlabeled.texts) == [f"text {number}" for number in range(2, 60, 3)]
    assert len(data.train) + len(data.dev) == 40
    assert data.task.label_names == ("no", "yes")
    found = load_transfer(data, DataConfig(), store=tmp_path / "store", callback=SilentCallback())
    assert found is not None
    assert found.figures.num_unlabeled == 20


def test_texts_that_no_stage_reads_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"data\.unlabeled: no stage of recipe 'bert-small' reads unlabelled texts"):
        load_recipe("bert-small", overrides=['data.unlabeled=["more.txt"]'])


def read_many(folder: Path, texts: Sequence[str], **given: Any) -> TransferSet:
    folder.mkdir()
    (folder / "more.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    found = load_transfer(
        given.pop("data", make_data()),
        DataConfig.parse({"unlabeled": [str(folder / "more.txt")]}),
        store=folder / "store",
        callback=SilentCallback(),
        **given,
    )
    assert found is not None
    return found


MANY = [f"number {number} of many" for number in range(5200)]


def test_of_many_texts_a_tenth_is_held_out_whatever_their_order(tmp_path: Path) -> None:
    found = read_many(tmp_path / "a", MANY, teacher="model")
    assert found.held_out is not None
    learnt, held_out = set(list(found.split.texts)[2:]), set(found.held_out.texts)
    assert (found.figures.num_unlabeled, found.figures.num_held_out) == (len(learnt), len(held_out)) == (4680, 520)
    assert learnt | held_out == set(MANY)
    again = read_many(tmp_path / "b", MANY[::-1], teacher="model")
    assert again.held_out is not None
    assert set(again.held_out.texts) == held_out


def test_few_texts_are_all_learnt_from_in_their_order(tmp_path: Path) -> None:
    enough = replace(make_data(), test=Split(texts=["other"] * 520))
    for number, (texts, given) in enumerate([
        (MANY[:4999], {"teacher": "model"}),
        (MANY, {"teacher": None}),
        (MANY, {"teacher": "model", "data": enough}),
    ]):  # fmt: skip
        found = read_many(tmp_path / str(number), texts, **given)
        assert found.held_out is None
        assert sorted(list(found.split.texts)[2:]) == sorted(texts)
    assert list(read_many(tmp_path / "some", MANY[:99], teacher="model").split.texts)[2:] == MANY[:99]


def test_answers_lie_in_one_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder, and answers lie in one file; .* one cell of a column 'votes'"):
        load_answers(str(tmp_path), DataConfig(), make_data().task)


def test_of_texts_that_a_table_answers_some_are_held_out(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": "no"}) for text in MANY[:5100]]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = load_answers(str(tmp_path / "answers.jsonl"), DataConfig(), make_data().task)
    found = read_many(tmp_path / "a", MANY, teacher=table)
    assert found.held_out is not None
    assert len(found.held_out) == 510
    assert set(found.held_out.texts) <= set(MANY[:5100])
