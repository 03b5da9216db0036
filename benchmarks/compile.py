"""What `compile = true` wins: examples per second with and without, and the seconds that compiling takes.

Two stages, each on the same batches with and without, one after the other in every round:

    layers  hidden states and attention scores of a teacher that runs beside the student
    logits  the student alone, following stored logits

An epoch is logged every 10 steps; the rate is the median over the second half of it, when all is compiled. What the
first half took beyond that rate is given as the cost, of which compiling is nearly all.

    python benchmarks/compile.py --data GLUE --task sst-2 --teacher TEACHER --examples 4000
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from potstill.data import TaskData, load_task_data
from potstill.hub import Encoder, load_classifier
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

STAGES = {
    "layers": ['stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}]', "student.num_heads=12"],
    "logits": [],
}
WINDOW = 10


def main() -> None:
    """Measure in rounds and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="GLUE folder; leave out for trec and movies")
    parser.add_argument("--task", default="sst-2")
    parser.add_argument("--teacher", required=True, help="fine-tuned classifier")
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    fields = {"data.task": given.task, "teacher.model": given.teacher, "data.limit": given.examples}
    fields |= {"data.path": given.data} if given.data else {}
    data = load_task_data(load_recipe("kd", fields=fields).data)
    data = replace(data, dev=data.dev.take(np.arange(4)), test=None, other_dev={})  # scoring is not compared
    teacher = load_classifier(given.teacher)
    table = Table(
        title=f"medians of {given.rounds} rounds, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    for column in ("", "plain, ex/s", "compiled, ex/s", "times faster", "cost, s", "pays after, examples"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        for name, overrides in STAGES.items():
            plain, compiled = [], []
            for number in range(given.rounds):
                for measured, is_compiled in ((plain, False), (compiled, True)):
                    run = RunFolder(path=Path(folder) / f"{name}-{number}-{is_compiled}")
                    measured.append(
                        measure(fields, [*overrides, f"compile={str(is_compiled).lower()}"], data, teacher, run)
                    )
                print(
                    f"{name}, round {number + 1}: plain {plain[-1][0]:.1f}, compiled {compiled[-1][0]:.1f} ex/s",
                    flush=True,
                )
            table.add_row(name, *summarise(plain, compiled))
    Console().print(table)


def summarise(plain: list[tuple[float, float]], compiled: list[tuple[float, float]]) -> list[str]:
    """Put medians, and the number of examples after which compiling has paid, into words."""
    slow, fast = (statistics.median(rate for rate, _ in measured) for measured in (plain, compiled))
    cost = statistics.median(c - p for (_, p), (_, c) in zip(plain, compiled, strict=True))
    ratio = statistics.median(c / p for (p, _), (c, _) in zip(plain, compiled, strict=True))
    pays = f"{cost / (1 / slow - 1 / fast):,.0f}" if fast > slow else "never"
    return [f"{slow:.1f}", f"{fast:.1f}", f"{ratio:.2f}", f"{cost:.0f}", pays]


def measure(
    fields: Mapping[str, object],
    overrides: Sequence[str],
    data: TaskData,
    teacher: Encoder,
    folder: RunFolder,
    *,
    window: int = WINDOW,
) -> tuple[float, float]:
    """Train an epoch; gives examples per second of its second half, and what the first half took beyond that."""
    common = ["stages.0.epochs=1", "stages.0.select=last", f"tracking.every_steps={window}"]
    recipe = load_recipe("kd", fields=fields, overrides=[*common, *overrides])
    recipe = recipe.for_answer(data.task.answer).with_precision(resolve_precision("auto"))
    source = TaskSource(recipe=recipe, data=data)
    run = OpenRun(source=source, folder=folder, callback=SilentCallback())
    run_teacher = RunTeacher(
        encoder=teacher, name="teacher", fingerprint="benchmark", dev_logits=source.logits(teacher)
    )
    train_stages(run, build_student(run, run_teacher), run_teacher)
    logged = [json.loads(line) for line in folder.events.read_text(encoding="utf-8").splitlines()]
    steps = [event for event in logged if event["event"] == "step"]
    windows = [
        ((after["epoch"] - before["epoch"]) * len(data.train), after["seconds"] - before["seconds"])
        for before, after in zip(steps, steps[1:], strict=False)
    ]
    late = windows[len(windows) // 2 :]
    rate = statistics.median(count / seconds for count, seconds in late)
    middle = steps[len(windows) // 2]
    return rate, middle["seconds"] - middle["epoch"] * len(data.train) / rate


if __name__ == "__main__":
    main()
