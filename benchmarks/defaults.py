"""Whether the defaults win on unlike tasks: the default teacher against a grid, the default student after it.

    python benchmarks/unlike_tasks.py runs/unlike --glue GLUE --limit 1000
    python benchmarks/defaults.py runs/unlike --out runs/defaults

Every task is a folder with train, dev and test. Of each these are trained, all with seed 0:

    teacher    `potstill finetune` as it comes
    student    `potstill distill` as it comes, from that teacher, with the control of labels alone from the same start
    grid       `potstill finetune` at 4 learning rates and 3 numbers of epochs

The best of the grid is chosen on dev, as the defaults' own weights are; the table's figures are those of test. What is
finished is not trained again: the same command goes on where it was stopped, and `--table` only prints.
"""

import argparse
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import potstill
from potstill.console import ConsoleCallback
from potstill.results import Results, Table, figure_columns, to_markdown, word_columns
from potstill.run_folder import RunFolder

RATES, EPOCHS = (2e-5, 5e-5, 1e-4, 3e-4), (3, 6, 12)
PARTS = ("teacher", "student", "grid")
CONTROL = "student_hard_labels"


def main() -> None:
    """Train what is lacking, a task at a time, and print the table."""
    given = parse()
    tasks = given.tasks or sorted(path.name for path in given.tasks_folder.iterdir() if path.is_dir())
    for part, task in itertools.product(given.parts, tasks):
        for folder, train in jobs(given, part, task):
            if not given.table and read(folder) is None:
                train(out=folder, resume=folder.exists(), callback=ConsoleCallback())
    print(to_markdown(make_table(given.out, tasks)))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks_folder", type=Path, help="folder of folders with train, dev and test")
    parser.add_argument("--out", type=Path, required=True, help="where the runs go")
    parser.add_argument("--tasks", nargs="+", help="names of tasks (default: all)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to train (default: all)")
    parser.add_argument("--base", default="minilm", help="encoder that becomes the teacher")
    parser.add_argument("--table", action="store_true", help="print what is finished, train nothing")
    return parser.parse_args()


def jobs(given: argparse.Namespace, part: str, task: str) -> list[tuple[Path, Callable[..., object]]]:
    """Say which run folders a part of a task has, and what makes each."""
    data, folder = str(given.tasks_folder / task), given.out / task
    finetune = partial(potstill.finetune, given.base, data=data)
    match part:
        case "teacher":
            return [(folder / "teacher", finetune)]
        case "student":
            teacher = str(folder / "teacher" / "student")
            return [
                (folder / "student", partial(potstill.distill, data=data, teacher=teacher, baselines=["hard-labels"]))
            ]
        case _:
            return [
                (folder / f"grid-{rate}-{epochs}", partial(finetune, overrides=fix(rate, epochs)))
                for rate, epochs in itertools.product(RATES, EPOCHS)
            ]


def fix(rate: float, epochs: int) -> list[str]:
    """Settle what the default teacher finds by itself."""
    return [f"stages.finetune.optimizer.learning_rate={rate}", f"stages.finetune.epochs={epochs}"]


def read(folder: Path) -> Results | None:
    """Read what a run measured, if it is finished."""
    file = RunFolder(path=folder).results
    return Results.read(file) if file.is_file() else None


def make_table(out: Path, tasks: list[str]) -> Table:
    """Lay out what is finished, a row a task; figures are those of test, times 100."""
    heads = figure_columns("best of the grid", "default teacher", "student", "share", "labels only", "student - labels")
    rows = [row(out / task, task) for task in tasks if (out / task).is_dir()]
    return Table(columns=(*word_columns("task", "metric"), *heads), rows=tuple(rows))


def row(folder: Path, task: str) -> tuple[str, ...]:
    """Write the figures of a task; what is not finished is a dash."""
    teacher, student = read(folder / "teacher"), read(folder / "student")
    grid = [found for path in sorted(folder.glob("grid-*")) if (found := read(path)) is not None]
    best = max(grid, key=lambda found: found.models[0].score, default=None)
    told = f" ({len(grid)} of {len(RATES) * len(EPOCHS)})" if 0 < len(grid) < len(RATES) * len(EPOCHS) else ""
    metric = teacher.primary_metric if teacher else "-"
    return (task, metric, write_score(best) + told, write_score(teacher), *compare(student))


def write_score(results: Results | None) -> str:
    """Write the quoted score of the only model of a run."""
    return "-" if results is None else f"{100 * results.quoted.models[0].score:.1f}"


def compare(results: Results | None) -> tuple[str, str, str, str]:
    """Write the student's score, its share of the teacher's, the control's score, and the difference from it."""
    if results is None:
        return ("-",) * 4
    quoted = results.quoted
    scores = {model.role: model.score for model in quoted.models}
    share = next(one.share for one in quoted.comparisons if one.other == "teacher")
    apart = next(one for one in quoted.comparisons if one.other == CONTROL)
    interval = "[{:+.1f}, {:+.1f}]".format(*(100 * end for end in apart.interval))
    return (
        f"{100 * scores['student']:.1f}",
        "-" if share is None else f"{100 * share:.1f} %",
        f"{100 * scores[CONTROL]:.1f}",
        f"{100 * apart.difference:+.1f} {interval}",
    )


if __name__ == "__main__":
    main()
