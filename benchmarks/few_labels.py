"""What few labels are worth with a teacher and unlabelled texts: a learning curve on unlike tasks.

    python benchmarks/unlike_tasks.py runs/unlike --glue GLUE
    python benchmarks/few_labels.py runs/unlike --out runs/few --labels 64 250 1000 --seeds 0 1 2

Every task is a folder with train, dev and test; all training texts but the labelled ones are unlabelled. Of each task,
number of labels and seed, which also draws the labels, these are trained:

    teacher    `potstill finetune` as it comes, on the labels
    student    `potstill distill` as it comes, from that teacher, with the unlabelled texts, and with the control of
               labels alone from the same start, which makes as many steps
    frozen     logistic regression on the mean of the base's last hidden states, on the labels

`--full` lets teachers learn from all training labels instead; students see as many labels as before. The figures are
those of test, or of dev where there is none. What is finished is not trained again: the same command goes on where it
was stopped, and `--table` only prints.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import potstill
from potstill.console import ConsoleCallback
from potstill.data import DataConfig, Split, load_task_data
from potstill.engines import make_batches
from potstill.errors import PotstillError
from potstill.files import write_json
from potstill.hub import Encoder, load_encoder_base
from potstill.results import Results, Table, figure_columns, to_markdown, word_columns
from potstill.run_folder import RunFolder
from potstill.tensors import Needs

CONTROL = "student_hard_labels"


def main() -> None:
    """Train what is lacking, and print the table."""
    given = parse()
    tasks = given.tasks or sorted(path.name for path in given.tasks_folder.iterdir() if path.is_dir())
    for task, labels, seed in itertools.product(tasks, given.labels, given.seeds):
        if not given.table:
            try:
                train(given, task, labels, seed)
            except PotstillError as error:  # such as a teacher that has learnt nothing from so few labels
                print(f"{place(given, task, labels, seed)}: {error}")
    print(to_markdown(make_table(given, tasks)))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks_folder", type=Path, help="folder of folders with train, dev and test")
    parser.add_argument("--out", type=Path, required=True, help="where the runs go")
    parser.add_argument("--tasks", nargs="+", help="names of tasks (default: all)")
    parser.add_argument("--labels", nargs="+", type=int, default=(64, 250, 1000), help="numbers of labels")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,), help="draw the labels and the training")
    parser.add_argument("--base", default="minilm", help="encoder that becomes the teacher")
    parser.add_argument("--full", action="store_true", help="let teachers learn from all training labels")
    parser.add_argument("--set", nargs="+", default=(), help="changes of the student's recipe, as path=value")
    parser.add_argument("--table", action="store_true", help="print what is finished, train nothing")
    return parser.parse_args()


def place(given: argparse.Namespace, task: str, labels: int, seed: int) -> Path:
    """Say where the runs of a cell lie."""
    return Path(given.out) / task / f"{'full-' if given.full else ''}{labels}-{seed}"


def train(given: argparse.Namespace, task: str, labels: int, seed: int) -> None:
    """Make what a cell lacks."""
    source, folder = given.tasks_folder / task, place(given, task, labels, seed)
    drawn = [f"data.split_seed={seed}", f"seed={seed}"]
    few = [f"data.limit={labels}", *drawn]
    columns = next(source.glob("train.*")).read_text(encoding="utf-8").partition("\n")[0].split(",")
    data = {"data": str(source), "text_pair": "text_pair" if "text_pair" in columns else None}
    teacher = folder.with_name(f"full-{seed}") if given.full else folder / "teacher"
    make = partial(potstill.finetune, given.base, **data, overrides=[f"seed={seed}"] if given.full else few)
    finish(teacher, make)
    more = {"unlabeled": [str(next(source.glob("train.*")))], "baselines": ["hard-labels"]}
    overrides = [*few, *given.set]
    finish(
        folder / "student",
        partial(potstill.distill, **data, **more, teacher=str(teacher / "student"), overrides=overrides),
    )
    if not (folder / "frozen.json").is_file():
        config = DataConfig(path=str(source), text_pair=data["text_pair"], limit=labels, split_seed=seed)
        write_json(folder / "frozen.json", {"score": fit_frozen(config, given.base)})


def finish(folder: Path, run: partial[object]) -> None:
    """Make a run, or go on with it, unless it is finished."""
    if read(folder) is None:
        run(out=folder, resume=folder.exists(), callback=ConsoleCallback())


def read(folder: Path) -> Results | None:
    """Read what a run measured, if it is finished."""
    file = RunFolder(path=folder).results
    return Results.read(file) if file.is_file() else None


def fit_frozen(config: DataConfig, base: str) -> float | None:
    """Fit logistic regression on the labelled texts, and measure it on test, or on dev; None where there are scores."""
    data = load_task_data(config)
    answer = data.task.answer
    if not answer.has_names or answer.has_independent_labels or answer.row == "word":
        return None
    encoder = load_encoder_base(base, label_names=())
    measured = next(iter(data.labelled_test.values()), data.dev)
    features = [embed(encoder, split) for split in (data.train, measured)]
    gold = [split.labels for split in (data.train, measured)]
    assert gold[0] is not None
    assert gold[1] is not None
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features[0], gold[0].values)
    logits = np.full((len(measured), answer.num_labels), -np.inf)
    logits[:, model.classes_] = model.predict_log_proba(features[1])
    metric = data.task.metrics[0]
    return answer.measure([metric], logits, gold[1])[metric]


def embed(encoder: Encoder, split: Split) -> NDArray[np.float32]:
    """Give the mean of the last hidden states of each text."""
    last, rows, places = encoder.shape.num_layers, [], []
    for batch in make_batches(split, encoder, max_length=encoder.max_tokens or 512).ordered():
        states = encoder(batch, Needs(hidden_states=frozenset({last}))).hidden_states[last].detach()
        mask = batch.token_mask[:, :, None]
        rows.append((states * mask).sum(dim=1).div(mask.sum(dim=1)).numpy())
        assert batch.example_ids is not None
        places.append(batch.example_ids.numpy())
    together = np.empty((len(split), rows[0].shape[1]), dtype=np.float32)
    together[np.concatenate(places)] = np.concatenate(rows)
    return together


def make_table(given: argparse.Namespace, tasks: Sequence[str]) -> Table:
    """Lay out what is finished, a row for a task and a number of labels: means over seeds, times 100."""
    shown = ("seeds", "teacher", "student", "share", "labels only", "student - labels", "frozen", "answered")
    rows = [row(given, task, labels) for task in tasks for labels in given.labels]
    return Table(columns=(*word_columns("task", "labels"), *figure_columns(*shown)), rows=tuple(rows))


def row(given: argparse.Namespace, task: str, labels: int) -> tuple[str, ...]:
    """Write the figures of a task at a number of labels."""
    folders = [place(given, task, labels, seed) for seed in given.seeds]
    found = [(folder, results) for folder in folders if (results := read(folder / "student")) is not None]
    if not found:
        return (task, f"{labels:,}", "0", *["-"] * 7)
    scores = {
        role: np.array(
            [next(model.score for model in results.quoted.models if model.role == role) for _, results in found]
        )
        for role in ("teacher", "student", CONTROL)
    }
    frozen = [json.loads((folder / "frozen.json").read_text(encoding="utf-8"))["score"] for folder, _ in found]
    answered = [0.0 if results.trust is None else results.trust.promise.coverage for _, results in found]
    return (
        task,
        f"{labels:,}",
        str(len(found)),
        *(f"{100 * scores[role].mean():.1f}" for role in ("teacher", "student")),
        f"{100 * scores['student'].mean() / scores['teacher'].mean():.1f} %",
        f"{100 * scores[CONTROL].mean():.1f}",
        f"{100 * (scores['student'] - scores[CONTROL]).mean():+.1f}",
        "-" if None in frozen else f"{100 * np.mean(frozen):.1f}",
        f"{100 * np.mean(answered):.1f} %",
    )


if __name__ == "__main__":
    main()
