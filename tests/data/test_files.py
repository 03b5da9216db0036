"""One table, written as the programs of the world write it: every file of it gives the same examples."""

import csv
import gzip
import io
import json
import os
import warnings
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.data import DataConfig, find_sources, load_task_data, read_texts
from potstill.data.corpus_config import CorpusConfig
from potstill.errors import DataError, RecipeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import datasets

ROWS = [
    ("plain words", "good"),
    ('she said "no", twice', "bad"),
    ("a; b, c", "good"),
    ("NA", "bad"),
    ("naïve café 漢字", "good"),
    ("'tis the end", "bad"),
] * 4
ROWS = [(f"{text} {number}", label) for number, (text, label) in enumerate(ROWS)]
FRAME = pandas.DataFrame(ROWS, columns=["text", "label"])


def as_csv(delimiter: str = ",", *, rows=ROWS, header=("text", "label"), end: str = "\r\n", **how) -> str:
    page = io.StringIO()
    csv.writer(page, delimiter=delimiter, lineterminator=end, **how).writerows([header, *rows])
    return page.getvalue()


def as_r(delimiter: str = "\t", *, named: bool = False) -> str:
    """As R's write.table writes it: all texts quoted, quotation marks behind a backslash, rows with their numbers."""
    cells = [[f'"{cell}"' for cell in (text.replace('"', '\\"'), label)] for text, label in ROWS]
    rows = [[f'"{number}"', *row] if named else row for number, row in enumerate(cells, start=1)]
    return "\n".join(delimiter.join(row) for row in [['"text"', '"label"'], *rows]) + "\n"


LINES = as_csv().splitlines(keepends=True)
OBJECTS = [{"text": text, "label": label} for text, label in ROWS]
TEXT_FILES = {
    "plain.csv": as_csv(),
    "unix.csv": as_csv(end="\n"),
    "mac.csv": as_csv(end="\r"),
    "all-quoted.csv": as_csv(quoting=csv.QUOTE_ALL),
    "semicolons.csv": as_csv(";"),
    "told.csv": "sep=;\r\n" + as_csv(";"),
    "tabs.csv": as_csv("\t"),
    "commas.tsv": as_csv(","),
    "blank-lines.csv": "".join([*LINES[:9], "\r\n", *LINES[9:], "\r\n", "   \r\n"]),
    "blank-rows.csv": "".join([*LINES, ",\r\n", ",\r\n"]),
    "idle-columns.csv": as_csv(rows=[(*row, "", "") for row in ROWS], header=("text", "label", "", "")),
    "idle-cells.csv": as_csv(rows=[(*row, "") for row in ROWS]),
    "index.csv": FRAME.to_csv(),
    "r.csv": as_r(","),
    "glue.tsv": "".join(f"{text}\t{label}\n" for text, label in [("text", "label"), *ROWS]),
    "pandas.tsv": FRAME.to_csv(sep="\t", index=False),
    "pandas-index.tsv": FRAME.to_csv(sep="\t"),
    "r.tsv": as_r(),
    "r-names.tsv": as_r(named=True),
    "lines.jsonl": "".join(json.dumps(row) + "\n" for row in OBJECTS),
    "lines.json": "\n\n".join(json.dumps(row, ensure_ascii=False) for row in OBJECTS),
    "indented.jsonl": "\n".join(json.dumps(row, indent=2) for row in OBJECTS),
    "list.json": json.dumps(OBJECTS, indent=1),
    "pandas.json": FRAME.to_json(),
    "pandas-split.json": FRAME.to_json(orient="split"),
    "pandas-table.json": FRAME.to_json(orient="table"),
    "columns.json": json.dumps(FRAME.to_dict(orient="list")),
    "wrapped.json": json.dumps({"version": "1.0", "data": OBJECTS}),
}
ENCODINGS = {"utf-8-sig": "", "utf-16": "", "utf-16-be": "\ufeff", "utf-32": ""}


def write(folder: Path, name: str, text: str, *, encoding: str = "utf-8", packed: bool = False) -> Path:
    path = folder / (f"{name}.gz" if packed else name)
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def assert_same(path: Path) -> None:
    """The examples are the same at both doors."""
    data = load_task_data(DataConfig(path=str(path)))
    found = {}
    for split in (data.train, data.dev):
        names = [data.task.label_names[value] for value in split.labels.values]
        found |= dict(zip(split.texts, names, strict=True))
    assert found == dict(ROWS), data.notes
    assert data.notes[0].startswith(f"{path.name} (24 rows")
    texts = read_texts(path, may_be_empty=True).texts
    assert [text for text in texts if text] == [text for text, _ in ROWS]


@pytest.mark.parametrize("name", TEXT_FILES)
def test_every_way_to_write_a_table_gives_the_same_examples(tmp_path, name):
    assert_same(write(tmp_path, name, TEXT_FILES[name]))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["plain.csv", "semicolons.csv", "pandas.tsv", "lines.jsonl", "list.json"])
def test_every_encoding_with_a_mark_and_every_packed_text_is_read(tmp_path, name, encoding):
    text = ENCODINGS[encoding] + TEXT_FILES[name]
    assert_same(write(tmp_path, name, text, encoding=encoding))
    assert_same(write(tmp_path, name, text, encoding=encoding, packed=True))


def test_what_is_not_plain_is_told(tmp_path):
    told = {
        "semicolons.csv": "semicolons between cells",
        "blank-lines.csv": "1 empty line left out",
        "blank-rows.csv": "2 empty rows left out",
        "idle-columns.csv": "2 columns without a name left out",
        "pandas.tsv": "cells are quoted",
        "glue.tsv": "quotation marks are text",
        "pandas.json": "by columns",
    }
    for name, words in told.items():
        notes = load_task_data(DataConfig(path=str(write(tmp_path, name, TEXT_FILES[name])))).notes
        assert words in notes[0], (name, notes)
    assert notes[1:] == ("labels: bad, good", "2 of 24 examples split off as dev")


@pytest.mark.parametrize("text", ['"open\ta\n5" wide\tb\n', 'he said "no"\ta\n"quoted"\tb\n', '"a" or "b"\ta\nx\tb\n'])
def test_a_quotation_mark_that_quotes_no_whole_cell_is_text(tmp_path, text):
    path = write(tmp_path, "a.tsv", "text\tlabel\n" + text)
    assert read_texts(path).texts == [line.split("\t")[0] for line in text.splitlines()]


def test_the_number_of_a_row_is_that_in_its_file(tmp_path):
    broken = "".join([*LINES[:3], "\r\n", *LINES[3:6], ",good\r\n", *LINES[6:]])
    with pytest.raises(DataError, match="row 7 has an empty text"):
        load_task_data(DataConfig(path=str(write(tmp_path, "a.csv", broken))))
    broken = "".join([*LINES[:3], "\r\n", *LINES[3:6], "text,\r\n", *LINES[6:]])
    with pytest.raises(DataError, match="row 7 has no usable label"):
        load_task_data(DataConfig(path=str(write(tmp_path, "a.csv", broken))))
    with pytest.raises(DataError, match=r"row 7 \(line 8\) has 3 cells"):
        load_task_data(DataConfig(path=str(write(tmp_path, "a.csv", broken.replace("text,\r", "a,b,good\r")))))


SPLITS = {
    "val": ("train.csv", "val.csv", "test.csv"),
    "valid": ("training.csv", "valid.csv", "testing.csv"),
    "eval": ("Train.csv", "Eval.csv", "TEST.csv"),
    "dev": ("train.csv.gz", "dev.csv.gz", "test.csv.gz"),
    "Validation": ("TRAIN.csv", "Validation.csv", "test.csv"),
}


@pytest.mark.parametrize("names", SPLITS.values(), ids=SPLITS)
def test_splits_are_found_by_the_names_that_they_have_in_the_world(tmp_path, names):
    for name, stop in zip(names, (24, 6, 4), strict=True):
        write(tmp_path, name.removesuffix(".gz"), as_csv(rows=ROWS[:stop]), packed=name.endswith(".gz"))
    write(tmp_path, "extra.csv", as_csv())
    for name in ("README.md", "book.xlsx"):
        (tmp_path / name).write_text("not data", encoding="utf-8")
    data = load_task_data(DataConfig(path=str(tmp_path)))
    assert [len(split) for split in (data.train, data.dev, data.test)] == [24, 6, 4]
    assert data.notes[0] == f"train: {names[0]} (24 rows), dev: {names[1]} (6 rows), test: {names[2]} (4 rows)"
    assert data.notes[1] == "not read: extra.csv, book.xlsx"
    assert len(load_task_data(DataConfig(path=str(tmp_path), dev="extra")).dev) == 24


def test_two_development_sets_are_refused_until_one_is_named(tmp_path):
    for name in ("train.csv", "dev.csv", "val.csv"):
        write(tmp_path, name, as_csv())
    with pytest.raises(DataError, match=r"dev.csv and val.csv are both there; say with data.dev which one"):
        load_task_data(DataConfig(path=str(tmp_path)))
    assert load_task_data(DataConfig(path=str(tmp_path), dev="val")).notes[1] == "not read: dev.csv"


@pytest.mark.parametrize("inner", ["", "data"])
def test_the_parts_of_a_split_are_read_in_their_order_and_a_missing_one_is_told(tmp_path, inner):
    folder = tmp_path / inner
    folder.mkdir(exist_ok=True)
    for number, rows in enumerate((OBJECTS[:10], OBJECTS[10:])):
        table = pyarrow.Table.from_pylist(rows)
        pyarrow.parquet.write_table(table, folder / f"train-{number:05}-of-00002.parquet")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(OBJECTS[:4]), folder / "validation-00000-of-00001.parquet")
    data = load_task_data(DataConfig(path=str(tmp_path)))
    assert data.train.texts == [text for text, _ in ROWS]
    assert len(data.dev) == 4
    (folder / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match=r"train-00001-of-00002.parquet are not all of 2 parts"):
        load_task_data(DataConfig(path=str(tmp_path)))


def test_a_data_set_that_was_saved_is_read_with_its_splits(tmp_path):
    splits = datasets.DatasetDict({"train": datasets.Dataset.from_list(OBJECTS)})
    splits["validation"] = datasets.Dataset.from_list(OBJECTS[:4])
    splits.save_to_disk(tmp_path / "all")
    splits["train"].save_to_disk(tmp_path / "one")
    data = load_task_data(DataConfig(path=str(tmp_path / "all")))
    assert (len(data.train), len(data.dev)) == (24, 4)
    assert len(load_task_data(DataConfig(path=str(tmp_path / "one"))).train) == 22


def test_a_pipe_a_device_and_a_folder_are_refused_as_what_they_are(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/null"), tmp_path / "pipe"):
        with pytest.raises(DataError, match="is a pipe or a device"):
            load_task_data(DataConfig(path=str(path)))
        with pytest.raises(DataError, match="is a pipe or a device"):
            read_texts(path)
    with pytest.raises(DataError, match="is a folder; give a data file in it"):
        read_texts(tmp_path)
    config = CorpusConfig(paths=("/dev/null",))
    with pytest.raises(DataError, match="is a pipe or a device"):
        find_sources(config)
    with pytest.raises(RecipeError, match=r"data\.path: an empty name is no file"):
        DataConfig.parse({"path": " "}, path="data")


ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".csv.gz", ".txt")
PIECES = (
    '"',
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\\",
    *"{}[]:",
    "text",
    "label",
    "null",
    "1e5",
    "sep=;",
    "\0",
    "é",
    "\ufeff",
)


@settings(max_examples=300)
@given(
    content=st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join).map(str.encode),
    head=st.sampled_from([b"", b"text,label\n", b"text\tlabel\n", b'{"text": "a", "label": "b"}\n', b"\xff\xfe"]),
    ending=st.sampled_from(ENDINGS),
)
def test_whatever_stands_in_a_file_is_read_or_refused_in_a_short_sentence(tmp_path_factory, content, head, ending):
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(head + content)
    for read in (lambda: load_task_data(DataConfig(path=str(path))), lambda: read_texts(path, may_be_empty=True)):
        try:
            read()
        except DataError as error:
            told = str(error).replace(str(path), "")
            assert len(told) < 500, told
            assert "\n" not in told, told
