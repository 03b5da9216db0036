"""`potstill augment`: from its arguments to the file, the preview and the sentences for mistakes."""

import json

import pyarrow.parquet
import pytest
from tiny_world import MARKS, WORDS, write_csv

NO_TAGS = ("--set", "augmentation.method.replace_probability=0")


def read(path):
    return pyarrow.parquet.read_table(path).to_pylist()


def test_new_texts_are_written_beside_their_sources(potstill, world, tmp_path):
    out = tmp_path / "new.parquet"
    done = potstill("augment", "--data", world.reviews, "--copies", 3, "--out", out, *NO_TAGS)
    assert done.code == 0, done.stderr
    rows = read(out)
    assert f"{len(rows)} rows" in done.stdout
    assert set(rows[0]) == {"text", "source_row", "source_label", "method", "changed", "kept"}
    assert sum(row["method"] == "original" for row in rows) == 160
    assert len(rows) > 300
    assert {row["source_label"] for row in rows} == set(MARKS)
    assert [path.name for path in tmp_path.iterdir()] == ["new.parquet"]


@pytest.mark.usefixtures("auto_precision")
def test_a_teacher_labels_new_texts_and_drops_those_it_is_unsure_of(potstill, world, tmp_path):
    arguments = ("augment", "--data", world.reviews, "--copies", 2, "--teacher", world.teacher, *NO_TAGS)
    assert potstill(*arguments, "--out", tmp_path / "all.parquet").code == 0
    everything = read(tmp_path / "all.parquet")
    new = [row for row in everything if row["method"] == "tang"]
    for row in new:
        assert row["label"] in MARKS
        assert 0.5 <= row["probability"] <= 1.0
    assert all(row["label"] == row["source_label"] for row in everything if row["method"] == "original")
    margins = sorted({2 * row["probability"] - 1 for row in new})  # texts that are equal after rounding share one
    between = sum(margins[len(margins) // 2 - 1 : len(margins) // 2 + 1]) / 2
    sure = ("--set", f"augmentation.filter.min_margin={between}", "--set", "augmentation.filter.max_similarity=none")
    assert potstill(*arguments, *sure, "--out", tmp_path / "sure.jsonl").code == 0
    some = [json.loads(line) for line in (tmp_path / "sure.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = [row["text"] for row in some if row["method"] == "tang"]
    assert kept == [row["text"] for row in new if 2 * row["probability"] - 1 > between]
    assert 0 < len(kept) < len(new)


def test_neighbours_of_the_teachers_embeddings_replace_words(potstill, world, tmp_path):
    arguments = ("augment", "--method", "tinybert", "--data", world.reviews, "--teacher", world.teacher, "--copies", 2)
    own = ("--set", "augmentation.method.vectors=embeddings", "--set", "augmentation.method.candidates=3")
    done = potstill(*arguments, *own, "--out", tmp_path / "new.parquet")
    assert done.code == 0, done.stderr
    assert "no masked_lm is given" in done.stderr
    new = [row for row in read(tmp_path / "new.parquet") if row["method"] == "tinybert"]
    assert new
    assert {word for row in new for word in row["text"].split()} <= set(WORDS)


def test_a_preview_marks_changed_words_and_writes_nothing(potstill, world, tmp_path):
    done = potstill("augment", "--data", world.reviews, "--preview", 5, "--copies", 4, *NO_TAGS)
    assert done.code == 0, done.stderr
    assert "original" in done.stdout
    assert "«[MASK]»" in done.stdout
    shown = json.loads(potstill("augment", "--data", world.reviews, "--preview", 5, "--json", *NO_TAGS).stdout)
    assert len(shown) == 5
    assert all(isinstance(text, str) for row in shown for text in row["texts"])
    assert list(tmp_path.iterdir()) == []


def test_a_preview_shows_what_is_written(potstill, world, tmp_path):
    arguments = ("augment", "--data", world.reviews, "--copies", 2, *NO_TAGS)
    shown = json.loads(potstill(*arguments, "--preview", 9, "--json").stdout)
    potstill(*arguments, "--out", tmp_path / "new.parquet")
    rows = read(tmp_path / "new.parquet")
    sources = {row["source_row"]: row["text"] for row in rows if row["method"] == "original"}
    written = {(sources[row["source_row"]], row["text"]) for row in rows}
    texts = {row["text"] for row in rows}
    drawn = {(row["texts"][0], text) for row in shown for (text,) in row["variants"]}
    assert drawn & written
    assert {text for _, text in drawn} <= texts


def scores(folder):
    return write_csv(folder / "scores.csv", [(f"a film {number}", f"{number / 7:.3f}") for number in range(40)])


CASES = {
    "neither file nor preview": ((), "give either --out FILE"),
    "both file and preview": (("--out", "x.parquet", "--preview", 3), "give either --out FILE"),
    "processes of a preview": (("--preview", 3, "--workers", 2), "--workers: a preview"),
    "another kind of file": (("--out", "x.csv"), "'.csv' are not written"),
    "a folder that is not there": (("--out", "no/x.parquet"), "make it first"),
    "unknown method": (("--out", "x.parquet", "--method", "tank"), "unknown kind 'tank'. Did you mean 'tang'?"),
    "unknown field": (
        ("--out", "x.parquet", "--set", "augmentation.method.mask=0.3"),
        "augmentation.method.mask: no such field",
    ),
    "field of training": (("--out", "x.parquet", "--set", "stages.0.epochs=1"), "no such field"),
    "too many copies": (("--out", "x.parquet", "--copies", 5000), "augmentation.copies"),
    "filter without a teacher": (
        ("--out", "x.parquet", "--set", "augmentation.filter.min_margin=0.2"),
        "give one with --teacher",
    ),
    "teacher's labels without a teacher": (
        ("--out", "x.parquet", "--set", "augmentation.labels=teacher"),
        "give one with --teacher",
    ),
    "nothing to take candidates from": (
        ("--out", "x.parquet", "--method", "tinybert", "--set", "augmentation.method.vectors=embeddings"),
        "nothing to take candidates from",
    ),
    "missing masked language model": (
        ("--out", "x.parquet", "--method", "tinybert", "--set", "augmentation.method.masked_lm=/no/such/model"),
        "'/no/such/model' does not exist",
    ),
    "base of a recipe": (
        ("--out", "x.parquet", "--method", "tinybert", "--set", "augmentation.method.masked_lm=base"),
        "'base' is the teacher.base of a recipe, and here is none",
    ),
    "missing data": (("--out", "x.parquet", "--data", "nope.csv"), "nope.csv' does not exist"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(name, potstill, world, tmp_path):
    arguments, expected = CASES[name]
    data = () if "--data" in arguments else ("--data", world.reviews)
    outcome = potstill("augment", *data, *NO_TAGS[: 2 * ("tinybert" not in arguments)], *arguments)
    assert outcome.code == 2, outcome
    *read, told = outcome.stderr.splitlines()
    assert all(line.startswith("data: ") for line in read), outcome.stderr
    assert told.startswith("error: ")
    assert expected in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_classes_of_scores_are_refused(potstill, tmp_path):
    data = scores(tmp_path)
    for field in ("balance_classes=true", "filter.min_margin=0.5"):
        outcome = potstill("augment", "--data", data, "--out", "x.parquet", "--set", f"augmentation.{field}")
        assert outcome.code == 2
        assert "the task is a regression" in outcome.stderr


def test_a_file_that_exists_is_left_alone(potstill, world, tmp_path):
    out = tmp_path / "new.parquet"
    out.write_text("mine")
    outcome = potstill("augment", "--data", world.reviews, "--out", out, *NO_TAGS)
    assert outcome.code == 2
    assert "exists already" in outcome.stderr
    assert out.read_text(encoding="utf-8") == "mine"
