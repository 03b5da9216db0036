"""Texts of words with labels, in every form in which files hold them."""

import json

import datasets
import pytest

from potstill.data import DataConfig, load_task_data
from potstill.errors import DataError

LINES = "-DOCSTART- -X- O O\n\nAnn NNP B-PER\nLee NNP I-PER\nleft VBD O\n   \n# NN O\nhi UH O\r\n\t\n\nOslo NNP B-LOC\n"
TAGS = ["B-PER", "I-PER", "O", "O", "O", "B-LOC"]


def load(path, **fields):
    return load_task_data(DataConfig(path=str(path), dev=str(path), **fields))


def names(data):
    return [data.task.label_names[index] for index in data.train.labels.values]


def test_a_word_a_line_is_read_as_the_wild_has_it(tmp_path):
    (tmp_path / "ner.conll").write_text(LINES, newline="", encoding="utf-8")
    data = load(tmp_path / "ner.conll")
    assert (data.task.answer.kind, data.task.name, data.task.metrics[0]) == ("tags", "ner", "entity_f1")
    assert list(data.train.texts) == ["Ann Lee left", "# hi", "Oslo"]
    assert [data.train.words_of(example) for example in range(3)] == [("Ann", "Lee", "left"), ("#", "hi"), ("Oslo",)]
    assert (names(data), data.train.labels.offsets.tolist()) == (TAGS, [0, 3, 5, 6])
    assert "1 -DOCSTART- line left out" in data.notes[0]
    assert "2 entities in 6 words, as BIO" in data.notes


def test_a_text_of_blanks_alone_is_left_out_and_told(tmp_path):
    (tmp_path / "x.conll").write_text("Ann\tB-PER\nleft\tO\n\n\tO\n\u00a0\tO\n\nhi\tO\n", encoding="utf-8")
    data = load(tmp_path / "x.conll")
    assert list(data.train.texts) == ["Ann left", "hi"]
    assert "1 text without a visible sign left out" in data.notes[0]


def test_another_column_is_read_by_its_number(tmp_path):
    (tmp_path / "ner.conll").write_text(LINES, encoding="utf-8")
    data = load(tmp_path / "ner.conll", label="column_2")
    assert (names(data), data.task.metrics[0]) == (["NNP", "NNP", "VBD", "NN", "UH", "NNP"], "accuracy")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("Ann\tB-PER\nLee\n", "line 2 has no label ('Lee'); a line is a word"),
        ("Ann\tB-PER\n\nLee\t\n", "line 3 has no label ('Lee')"),
        ("Ann NNP B-PER\nLee I-PER\n", "line 2 has 2 columns and line 1 has 3; give all lines as many."),
    ],
)
def test_a_line_without_its_columns_is_refused_with_its_number(tmp_path, lines, said):
    (tmp_path / "ner.conll").write_text(lines, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "ner.conll")
    assert said in str(caught.value)
    assert "ner.conll" in str(caught.value)


def test_lists_spans_and_named_classes_give_the_same_examples(tmp_path):
    words = [["Ann", "Lee", "left"], ["#", "hi"], ["Oslo"]]
    tags = [TAGS[:3], TAGS[3:5], TAGS[5:]]
    spans = [[{"start": 0, "end": 7, "label": "PER"}], [], [{"start": 0, "end": 4, "label": "LOC"}]]
    kinds = ("B-LOC", "I-LOC", "B-PER", "I-PER", "O")
    lists = [{"tokens": each, "tags": own} for each, own in zip(words, tags, strict=True)]
    texts = [{"text": " ".join(each), "spans": own} for each, own in zip(words, spans, strict=True)]
    for name, rows in (("lists", lists), ("spans", texts)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(datasets.ClassLabel(names=kinds))}
    )
    indices = [[kinds.index(tag) for tag in own] for own in tags]
    table = datasets.Dataset.from_dict({"tokens": words, "ner_tags": indices}, features=features)
    datasets.DatasetDict({"train": table, "validation": table}).save_to_disk(tmp_path / "saved")
    table.to_parquet(tmp_path / "classes.parquet")
    found = [load(tmp_path / name) for name in ("lists.jsonl", "spans.jsonl", "classes.parquet")]
    found.append(load_task_data(DataConfig(path=str(tmp_path / "saved"))))
    for data in found:
        assert list(data.train.texts) == ["Ann Lee left", "# hi", "Oslo"]
        assert (names(data), data.train.words.offsets.tolist()) == (TAGS, [0, 3, 5, 6])


def test_lists_of_labels_beside_a_plain_text_are_several_labels(tmp_path):
    (tmp_path / "x.jsonl").write_text(
        '{"text": "a b", "label": ["x"]}\n{"text": "b", "label": ["y", "x"]}\n', encoding="utf-8"
    )
    assert load(tmp_path / "x.jsonl").task.answer.kind == "multi_label"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"tokens": ["a", "b"], "tags": ["O"]}, "row 2 has 1 labels for 2 words; mend the row."),
        ({"tokens": [], "tags": []}, "row 2 has an empty text; mend or remove the row."),
        ({"tokens": "a b", "tags": ["O", "O"]}, "row 2 has 'a b', which is no list of words"),
        ({"tokens": ["a", 7], "tags": ["O", "O"]}, "row 2 has ['a', 7], which is no list of words"),
        ({"tokens": ["a"], "tags": None}, "row 2 has no labels; mend or remove the row."),
    ],
)
def test_a_row_that_is_not_words_with_labels_is_refused(tmp_path, row, said):
    rows = [{"tokens": ["Ann"], "tags": ["B-PER"]}, row, {"tokens": ["Oslo"], "tags": ["O"]}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "x.jsonl")
    assert said in str(caught.value)


def test_dev_is_split_off_by_texts(tmp_path):
    lines = "\n\n".join(f"Ann{number}\tB-PER\nleft\tO" for number in range(20))
    (tmp_path / "x.conll").write_text(lines, encoding="utf-8")
    data = load_task_data(DataConfig(path=str(tmp_path / "x.conll")))
    assert (len(data.train), len(data.dev)) == (18, 2)
    assert data.dev.labels.offsets.tolist() == data.dev.words.offsets.tolist() == [0, 2, 4]
