import gzip
import json
import warnings

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from potstill.data import DataConfig, load_task_data, read_texts
from potstill.errors import DataError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import datasets


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def rows_of(labels):
    return [{"text": f"text {index}", "label": label} for index, label in enumerate(labels)]


def write_csv(path, labels):
    return write(path, "text,label\n" + "".join(f"text {index},{label}\n" for index, label in enumerate(labels)))


def write_tsv(path, labels):
    return write(path, "text\tlabel\n" + "".join(f"text {index}\t{label}\n" for index, label in enumerate(labels)))


def write_jsonl(path, labels):
    return write(path, "".join(json.dumps(row) + "\n" for row in rows_of(labels)))


def write_json(path, labels):
    return write(path, json.dumps(rows_of(labels), indent=1))


def write_parquet(path, labels):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows_of(labels)), path)
    return str(path)


WRITERS = {".csv": write_csv, ".tsv": write_tsv, ".jsonl": write_jsonl, ".json": write_json, ".parquet": write_parquet}


def load(path, **fields):
    return load_task_data(DataConfig(path=str(path), **fields))


@pytest.mark.parametrize("suffix", sorted(WRITERS))
@pytest.mark.parametrize(
    ("labels", "label_names"),
    [
        (["good", "bad"], ("bad", "good")),
        ([10, 9], ("9", "10")),
        ([True, False], ("False", "True")),
    ],
)
def test_every_format_and_type_of_label_gives_the_same_classes(tmp_path, suffix, labels, label_names):
    data = load(WRITERS[suffix](tmp_path / f"reviews{suffix}", labels * 20))
    assert data.task.name == "reviews"
    assert data.task.label_names == label_names
    assert data.task.metrics == ("accuracy", "f1", "matthews")
    assert (len(data.train), len(data.dev)) == (36, 4)
    for split in (data.train, data.dev):
        numbers = [int(text.removeprefix("text ")) for text in split.texts]
        assert split.labels.values.tolist() == [1 - number % 2 for number in numbers]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
@pytest.mark.parametrize(
    "names", [("1.1", "1.10", "1.2"), ("01", "02", "1"), ("+1", "-1", "0"), ("TRUE", "true", "yes")]
)
def test_names_that_look_like_numbers_are_neither_rewritten_nor_merged(tmp_path, suffix, names):
    data = load(WRITERS[suffix](tmp_path / f"codes{suffix}", [*names] * 20))
    assert set(data.task.label_names) == set(names)
    for split in (data.train, data.dev):
        for text, value in zip(split.texts, split.labels.values.tolist(), strict=True):
            assert data.task.label_names[value] == names[int(text.removeprefix("text ")) % 3]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_a_number_is_one_label_with_and_without_an_idle_fraction(tmp_path, suffix):
    labels = [1.0, 0.0] if suffix == ".parquet" else [1.0, 0, 1, 0.0]
    assert load(WRITERS[suffix](tmp_path / f"a{suffix}", labels * 10)).task.label_names == ("0", "1")


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_fractional_labels_are_scores(tmp_path, suffix):
    data = load(WRITERS[suffix](tmp_path / f"scores{suffix}", [0.25, 1.0, 3.5] * 10))
    assert data.task.answer.kind == "regression"
    assert data.task.metrics == ("spearman", "pearson")
    assert data.train.labels.values.dtype == np.float32
    assert set(data.train.labels.values.tolist()) == {0.25, 1.0, 3.5}


def test_texts_that_look_like_missing_values_stay_texts(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\nNA,None\nnull,no\n"a ""quoted"", text",no\n"two\nlines",None\n')
    data = load(path, dev_fraction=0.5)
    assert {*data.train.texts, *data.dev.texts} == {"NA", "null", 'a "quoted", text', "two\nlines"}
    assert data.task.label_names == ("None", "no")


def test_a_quotation_mark_in_a_tsv_file_is_text(tmp_path):
    data = load(write(tmp_path / "a.tsv", 'text\tlabel\n"open\ta\nb\ta\n"open too\tb\nc\tb\n'), dev_fraction=0.5)
    assert {*data.train.texts, *data.dev.texts} == {'"open', "b", '"open too', "c"}


def test_columns_are_taken_by_name_and_pairs_are_kept_together(tmp_path):
    lines = "".join(f"q{i},a{i},{i % 2}\n" for i in range(20))
    data = load(write(tmp_path / "a.csv", "q,a,y\n" + lines), text="q", text_pair="a", label="y")
    assert data.task.is_pair
    for split in (data.train, data.dev):
        assert [text[1:] for text in split.texts] == [pair[1:] for pair in split.pairs]


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        ("", {}, "holds no examples"),
        ("text,label\n", {}, "holds no examples"),
        ("text,label\na,1\n,0\n", {}, "column 'text': row 2 has an empty text"),
        ("text,label\na,1\nb,\n", {}, "column 'label': row 2 has no usable label"),
        ("text,label\na,1\nb,1\n", {}, "every label is '1'"),
        ("text,label\na,1\nb\n", {}, "row 2 .* has 1 cell .*, but the header names 2"),
        ("text,label\na, b,1\n", {}, r"row 1 \(line 2\) has 3 cells \('a', \.\.\.\)"),
        ('text,label\n"a,1\nb,0\n', {}, r"row 1 \(line 2\) is no readable row .*\('\"a,1'\)"),
        ('text,label\na,1\n"the 5" screen",0\n', {}, r"row 2 \(line 3\) is no readable row .*the 5"),
        ("text,,label\na,,1\nb,x,0\n", {}, "column 2 has no name, and row 2 has 'x' there"),
        ("text,label\na,1\n,0\n \t,1\n", {}, r"2 rows have an empty text \(rows 2, 3\)"),
        ("the end of a film,good\na,1\n", {}, "if these are an example, put a row with names above it"),
        ("text,text\na,1\n", {}, "two columns have the same name"),
        ("body,label\na,1\n", {}, "has no column 'text or sentence'; set it to one of its columns: body, label"),
        ("body,label\na,1\n", {"text": "boby"}, "has no column 'boby'. Did you mean 'body'?"),
        ("text,stars\na,1\n", {}, r"data\.label \(--label\): .* has no column 'label'; set it"),
        ("text,label\na,1\nb,0\n", {"text_pair": "text"}, "one column is used twice"),
        ("text,label\na,1\nb,0\n", {}, "2 different examples are too few to split off .*, as each of 2 classes stands"),
        ("text,label\na,high\nb,low\nc,low\n", {"kind": "regression"}, "row 1 has the label 'high'"),
        ("text,label\na,1\nb,0\n", {"dev": "no.csv"}, "'no.csv' does not exist"),
    ],
)  # fmt: skip
def test_a_csv_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, text, fields, message):
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / "a.csv", text), **fields)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', r"row 2 has no usable label \(None\)"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": 5, "label": 0}\n', "row 2 has 5, which is not a text"),
        ("a.jsonl", '{"text": "a"\n', r"row 1 \(line 1\) is not JSON"),
        ("a.jsonl", '{"text": "a"}\n\n{"text": "b\n', r"""row 2 \(line 3\) is not JSON .*'{"text": "b'"""),
        ("a.jsonl", '{"text": "a", "label": %s}' % ("9" * 5000), r"row 1 \(line 1\) holds a number with too many"),
        ("a.jsonl", "[" * 100_000, r"row 1 \(line 1\) is nested too deep"),
        ("a.jsonl", '{"te\\ud83dxt": "a"}', "of a field has half of a character"),
        ("a.jsonl", '{"text": "a", "label": "\\ud83d"}', r"row 1 has no usable label \('\\ud83d'\)"),
        ("a.json", '{"text": "%s"}' % ("a" * 5000), "no column 'label'"),
        ("a.json", "[1, %s" % ("2" * 900), "line 1 is not JSON"),
        ("a.json", "[1, 2]", "row 1 is 1, not an object"),
        ("a.json", "[]", "holds no examples"),
        ("a.parquet", "nonsense", "not a readable Parquet file"),
        ("a.xlsx", "nonsense", r"files of kind '\.xlsx' are not read"),
    ],
)
def test_other_files_that_cannot_be_used_are_refused_with_the_reason(tmp_path, name, text, message):
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / name, text))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"text,label\ncaf\xe9,1\n", "line 2 is not UTF-8 text .byte 0xe9, the 15th of the file"),
        ("a.jsonl", b'{"text": "caf\xe9"}', "line 1 is not UTF-8 text"),
        ("a.csv", "text,label\na,1\n".encode("utf-16-le"), "line 1 has a zero byte"),
        ("a.csv", b"\xff\xfet\x00e", "line 1 is not UTF-16 text"),
        ("a.csv.gz", b"text,label\na,1\n", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"text,label\na,1\n", mtime=0)[:-9], "not a whole gzip file"),
        ("a.zip", b"PK", "files of kind '.zip' are not read; give .csv"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_line_and_byte(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(tmp_path / name)


def test_a_byte_order_mark_and_windows_line_ends_are_not_text(tmp_path):
    data = load(write(tmp_path / "a.csv", "\ufefftext,label\r\na,x\r\nb,x\r\nc,y\r\nd,y\r\n"), dev_fraction=0.5)
    assert {*data.train.texts, *data.dev.texts} == set("abcd")
    assert data.task.label_names == ("x", "y")


def test_a_folder_gives_train_dev_and_test(tmp_path):
    write_csv(tmp_path / "train.csv", ["a", "b"] * 5)
    write_jsonl(tmp_path / "validation.jsonl", ["b", "a", "a"])
    write_tsv(tmp_path / "test.tsv", ["b"])
    (tmp_path / "notes.md").write_text("not data", encoding="utf-8")
    data = load(tmp_path)
    assert data.task.name == tmp_path.name
    assert (len(data.train), data.dev.labels.values.tolist(), data.test.labels.values.tolist()) == (10, [1, 0, 0], [1])


def test_a_test_file_needs_no_labels(tmp_path):
    write_csv(tmp_path / "train.csv", ["a", "b"] * 5)
    write(tmp_path / "test.csv", "text\nunknown\n")
    assert load(tmp_path).test.labels is None


def test_dev_can_be_a_file_or_a_split_of_the_folder(tmp_path):
    write_csv(tmp_path / "train.csv", ["a", "b"] * 5)
    write_csv(tmp_path / "test.csv", ["a"])
    other = write_csv(tmp_path / "other.csv", ["b", "b"])
    data = load(tmp_path, dev="test")
    assert (len(data.dev), data.test) == (1, None)
    assert load(tmp_path, dev=other).dev.labels.values.tolist() == [1, 1]
    assert load(tmp_path / "train.csv", dev=other).dev.labels.values.tolist() == [1, 1]
    with pytest.raises(DataError, match="there is no split 'tset'. Did you mean 'test'?"):
        load(tmp_path, dev="tset")
    with pytest.raises(DataError, match="dev_fraction: 0.3 has no effect"):
        load(tmp_path, dev="test", dev_fraction=0.3)
    with pytest.raises(DataError, match="split_seed: 3 has no effect"):
        load(tmp_path, dev="test", split_seed=3)
    assert len(load(tmp_path, dev="test", split_seed=3, limit=4).train) == 4


def test_the_test_set_can_be_a_file_or_a_split(tmp_path):
    train = write_csv(tmp_path / "train.csv", ["a", "b"] * 5)
    write_csv(tmp_path / "test.csv", ["a"])
    write_csv(tmp_path / "held.csv", ["b", "b"])
    own = write_csv(tmp_path / "own.txt.csv", ["b", "a", "b"])
    assert len(load(tmp_path).test) == 1
    assert len(load(tmp_path, test="held").test) == 2
    assert [len(load(path, test=own).test) for path in (tmp_path, train)] == [3, 3]
    with pytest.raises(DataError, match="there is no split 'hold'. Did you mean 'held'?"):
        load(tmp_path, test="hold")
    with pytest.raises(DataError, match="data file 'gone.csv' does not exist"):
        load(train, test="gone.csv")


def test_gold_labels_to_measure_on_are_read_where_those_to_learn_from_have_none(tmp_path):
    train = write(tmp_path / "more.csv", "text\n" + "".join(f"more {index}\n" for index in range(20)))
    held, other = write_csv(tmp_path / "held.csv", ["b", "a"]), write_csv(tmp_path / "other.csv", ["a", "b", "b"])
    bare = {"missing_labels": "unlabeled", "labels": ("a", "b")}
    data = load(train, dev=held, test=other, **bare)
    assert (data.dev.labels.values.tolist(), data.test.labels.values.tolist()) == ([1, 0], [0, 1, 1])
    assert not data.train.has_labels
    assert data.notes[1] == "no labels; asked for: a, b"
    split = load(train, **bare)
    assert (len(split.train), len(split.dev), split.notes[2]) == (18, 2, "2 of 20 examples split off as dev")
    with pytest.raises(DataError, match="other.csv has labels and the examples to choose weights on have none"):
        load(train, test=other, **bare)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"test": "train"}, "data.test: 'train' is the training examples"),
        ({"test": "dev"}, "data.test: 'dev' is the development set"),
        ({"test": "bare"}, "data.test: 'bare' has no labels"),
    ],
)
def test_a_test_set_that_would_tell_nothing_is_refused(tmp_path, fields, message):
    for name in ("train", "dev"):
        write_csv(tmp_path / f"{name}.csv", ["a", "b"] * 5)
    write(tmp_path / "bare.csv", "text\nunknown\n")
    with pytest.raises(DataError, match=message):
        load(tmp_path, **fields)


def test_weights_can_be_chosen_on_a_part_of_train(tmp_path):
    write_csv(tmp_path / "train.csv", ["a", "b", "b"] * 20)
    write_csv(tmp_path / "dev.csv", ["a", "b"])
    whole = load(tmp_path)
    assert whole.select is None
    assert whole.choosing is whole.dev
    data = load(tmp_path, select_on="train", select_fraction=0.2)
    assert sorted((*data.train.texts, *data.select.texts)) == sorted(whole.train.texts)
    assert np.bincount(data.select.labels.values).tolist() == [4, 8]
    assert (data.choosing is data.select, data.dev.texts) == (True, whole.dev.texts)
    other = load(tmp_path, select_on="train", select_fraction=0.2, split_seed=1)
    assert len({each.fingerprint for each in (whole, data, other)}) == 3
    few = load(tmp_path, select_on="train", limit=30)
    assert (len(few.train), len(few.select)) == (27, 3)
    split = load(tmp_path / "train.csv", select_on="train")
    assert [len(part) for part in (split.train, split.select, split.dev)] == [49, 5, 6]


def test_a_folder_with_two_train_files_or_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is no split 'train'"):
        load(tmp_path)
    write_csv(tmp_path / "train.csv", ["a", "b"])
    write_tsv(tmp_path / "train.tsv", ["a", "b"])
    with pytest.raises(DataError, match="train.csv and train.tsv are both there"):
        load(tmp_path)
    (tmp_path / "train.tsv").rename(tmp_path / "Training.tsv")
    with pytest.raises(DataError, match=r"Training.tsv and train.csv are both there; remove one"):
        load(tmp_path)


def test_a_label_that_only_dev_has_is_refused(tmp_path):
    write_csv(tmp_path / "train.csv", ["a", "b"])
    write_csv(tmp_path / "dev.csv", ["a", "c"])
    with pytest.raises(DataError, match=r"dev\.csv, column 'label': row 2 has the label 'c'"):
        load(tmp_path)


def test_named_classes_of_a_parquet_file_keep_their_order(tmp_path):
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])})
    columns = {"text": ["a", "b", "c", "d"], "label": [0, 1, 0, 1]}
    datasets.Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet", dev_fraction=0.5)
    assert data.task.label_names == ("pos", "neg")
    assert all((text in "bd") == label for text, label in zip(data.train.texts, data.train.labels.values, strict=True))


def test_the_split_depends_on_its_seed_alone(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["a", "b"] * 50)
    first, again, other = load(path), load(path), load(path, split_seed=1)
    assert first.dev.texts == again.dev.texts != other.dev.texts
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_reading_a_file_writes_nothing(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home)
    folder = tmp_path / "data"
    folder.mkdir()
    for suffix, writer in WRITERS.items():
        load(writer(folder / f"a{suffix}", ["x", "y"] * 5))
    assert len(list(folder.iterdir())) == len(WRITERS)
    assert not home.exists()


def test_a_hub_data_set_gives_its_splits_without_progress_bars(monkeypatch):
    columns = {"text": ["a", "b", "c", "d"], "label": [0, 1, 0, 1]}
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    train = datasets.Dataset.from_dict(columns, features=features)
    unlabelled = datasets.Dataset.from_dict({"text": ["e"], "label": [-1]}, features=features)
    splits = datasets.DatasetDict({"train": train, "validation": train, "extra": train.select([0]), "test": unlabelled})
    were_off = []

    def load_dataset(name):
        assert name == "owner/reviews"
        were_off.append(datasets.are_progress_bars_disabled())
        return splits

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    data = load("owner/reviews")
    assert (data.task.name, data.task.label_names) == ("reviews", ("no", "yes"))
    assert (len(data.train), len(data.dev), data.test.labels) == (4, 4, None)
    assert len(load("owner/reviews", dev="extra").dev) == 1
    assert were_off == [True, True]
    assert not datasets.are_progress_bars_disabled()


def test_a_hub_data_set_that_cannot_be_had_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="'owner/reviews' is neither a file or folder here nor a data set"):
        load("owner/reviews")


def test_nothing_at_all_is_refused():
    with pytest.raises(DataError, match=r"set data\.path, data\.task, or both"):
        load_task_data(DataConfig())


@pytest.mark.parametrize("path", ["./nowhere", "nowhere.csv", "/nowhere/a/b"])
def test_a_path_that_does_not_exist_is_refused(path):
    with pytest.raises(DataError, match="does not exist"):
        load(path)


def test_texts_to_predict_on_are_read_in_their_order(tmp_path):
    lines = write(tmp_path / "a.txt", "first line\r\n  second\nlast")
    assert read_texts(tmp_path / "a.txt").texts == ["first line", "  second", "last"]
    table = tmp_path / "a.csv"
    write(table, "q,sentence\nx,b\ny,a\n")
    assert read_texts(table).texts == ["b", "a"]
    assert read_texts(table).labels is None
    assert read_texts(table, text="sentence", text_pair="q").pairs == ["x", "y"]
    with pytest.raises(DataError, match="has no columns; leave the column 'q' out"):
        read_texts(tmp_path / "a.txt", text="q")
    write(tmp_path / "a.txt", "first\n\nlast\n")
    with pytest.raises(DataError, match="row 2 has an empty text"):
        read_texts(tmp_path / "a.txt")
    assert lines.endswith("a.txt")


def test_a_text_with_half_of_a_character_is_refused_with_its_row(tmp_path):
    rows = [{"text": f"text {number}", "label": number % 2} for number in range(20)]
    rows[6]["text"] = "good \ud83d film"
    path = write(tmp_path / "cut.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
    with pytest.raises(DataError, match="row 7 has half of a character"):
        load_task_data(DataConfig(path=path))
