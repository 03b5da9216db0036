"""Examples per second of a TinyBERT intermediate and a prediction epoch, against other ways to do the same work.

Teacher 12/768 and student 4/312/1200 with random weights (speed does not depend on them), uniform layer map, hidden
states and attention. In every round each of these trains on the same examples, one after the other:

    reference   as the published code: padded to 128, float32, attention written out, the teacher at every step
    textbrewer  TextBrewer 0.2.1 (pip install --no-deps textbrewer), padded to the longest of a batch of similar length
    run         Potstill, the teacher running
    store       Potstill, the teacher's states looked up (from the second epoch on)
    predict     Potstill, the prediction step with stored logits

The reference compares attention probabilities instead of scores, which costs the same; neither loop scores or saves.
With --plain-examples the reference, whose examples cost the same whatever their length, takes only so many of them.
The machine's limit is the time that the needed floating point operations take at the rate of the fastest matrix
product, measured in the same run.

    python benchmarks/train.py --data GLUE --task sst-2 --examples 1000 --plain-examples 96
"""

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from plain import make_plain, matrix_rate, needed_operations, pad, plain_seconds
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import BertConfig

from potstill.data import TaskData, load_task_data
from potstill.hub import Encoder, build_encoder, open_model
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

TEACHER = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
STUDENT = {"hidden_size": 312, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 1200}
PAIRS = [(layer, 3 * layer) for layer in range(5)]
COMMON = [
    "stages.0.epochs=1",
    "stages.0.select=last",
    "student.num_layers=4",
    "student.hidden_size=312",
    "student.feed_forward_size=1200",
    "student.num_heads=12",
    "student.init.kind=random",
]
INTERMEDIATE = 'stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}]'
PREDICTION = 'stages.0.objectives=[{kind="soft_labels"}]'


def main() -> None:
    """Measure in rounds and print medians of ratios."""
    given = parse()
    data = load(given)
    tokenizer = open_model(given.tokenizer).tokenizer
    torch.manual_seed(0)
    size = max(tokenizer.wrapped.get_vocab().values()) + 1
    teacher = build_encoder(BertConfig(vocab_size=size, **TEACHER), tokenizer, label_names=data.task.label_names)
    lengths = [
        len(ids)
        for ids in tokenizer.wrapped(list(data.train.texts), list(data.train.pairs) if data.train.pairs else None)[
            "input_ids"
        ]
    ]
    print(f"{len(lengths)} examples, {np.mean(lengths):.1f} tokens on average; {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as folder:
        ways = choose_ways(given, data, teacher, Path(folder))
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(given.rounds):
            for name, way in ways.items():
                share = len(lengths) / min(given.plain_examples, len(lengths)) if name == "reference" else 1.0
                seconds[name].append(way() * share)
                print(f"round {number + 1}: {name:10} {len(lengths) / seconds[name][-1]:8.1f} ex/s", flush=True)
    show(seconds, lengths)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="GLUE folder; leave out for trec and movies")
    parser.add_argument("--task", default="sst-2")
    parser.add_argument("--tokenizer", default="minilm")
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--plain-examples", type=int, default=2**30, help="most examples of the reference")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def load(given: argparse.Namespace) -> TaskData:
    """Load the examples; the development set is cut to a handful, because scoring is not compared."""
    fields = {"data.task": given.task, "data.limit": given.examples} | ({"data.path": given.data} if given.data else {})
    data = load_task_data(load_recipe("kd", fields=fields).data)
    return replace(data, dev=data.dev.take(np.arange(4)), test=None, other_dev={})


def choose_ways(
    given: argparse.Namespace, data: TaskData, teacher: Encoder, folder: Path
) -> dict[str, Callable[[], float]]:
    """List what is compared, each a function that trains and gives its seconds."""
    fields = {"data.task": given.task, "data.limit": given.examples} | ({"data.path": given.data} if given.data else {})

    def recipe(*overrides: str) -> Recipe:
        loaded = load_recipe("kd", fields=fields, overrides=[*COMMON, *overrides])
        return loaded.for_answer(data.task.answer).with_precision(resolve_precision("auto"))

    def ours(*overrides: str) -> Callable[[], float]:
        source = TaskSource(recipe=recipe(*overrides), data=data)
        run_teacher = RunTeacher(
            encoder=teacher, name="random", fingerprint="benchmark", dev_logits=source.logits(teacher)
        )
        counter = iter(range(1000))

        def train() -> float:
            place = RunFolder(path=folder / f"{abs(hash(overrides))}-{next(counter)}")
            run = OpenRun(source=source, folder=place, callback=SilentCallback())
            return train_stages(run, build_student(run, run_teacher), run_teacher)

        train()  # fills the stores and warms up
        return train

    plain = tokenise(data, teacher)
    few = plain[: given.plain_examples]
    ways: dict[str, Callable[[], float]] = {"reference": lambda: reference_seconds(teacher, few)}
    if importlib.util.find_spec("textbrewer"):
        ways["textbrewer"] = lambda: textbrewer_seconds(teacher, plain, folder)
    return ways | {
        "run": ours(INTERMEDIATE),
        "store": ours(INTERMEDIATE, "teacher.states=store"),
        "predict": ours(PREDICTION),
    }


def tokenise(data: TaskData, teacher: Encoder) -> list[dict[str, list[int]]]:
    """Tokenise without padding."""
    encoded = teacher.tokenizer.wrapped(
        list(data.train.texts), list(data.train.pairs) if data.train.pairs else None, truncation=True, max_length=128
    )
    return [{key: encoded[key][i] for key in ("input_ids", "token_type_ids")} for i in range(len(data.train))]


def reference_seconds(teacher: Encoder, rows: list[dict[str, list[int]]]) -> float:
    """Time an epoch of the published protocol."""
    batches = (pad(rows[start : start + 32], 128) for start in range(0, len(rows), 32))
    return plain_seconds(TEACHER, STUDENT, PAIRS, batches, vocab_size=teacher.shape.vocab_size)


def textbrewer_seconds(teacher: Encoder, rows: list[dict[str, list[int]]], folder: Path) -> float:
    """Time an epoch of TextBrewer's distiller on batches of similar length."""
    import textbrewer

    vocab_size = teacher.shape.vocab_size
    big, small = make_plain(TEACHER, vocab_size).eval(), make_plain(STUDENT, vocab_size)
    matches = [
        {
            "layer_T": t,
            "layer_S": s,
            "feature": "hidden",
            "loss": "hidden_mse",
            "weight": 1,
            "proj": ["linear", 312, 768],
        }
        for s, t in PAIRS
    ] + [
        {"layer_T": t - 1, "layer_S": s - 1, "feature": "attention", "loss": "attention_mse", "weight": 1}
        for s, t in PAIRS[1:]
    ]

    def adaptor(batch: dict[str, Tensor], outputs: object) -> dict[str, object]:
        return {
            "logits": outputs.logits,
            "hidden": outputs.hidden_states,
            "attention": outputs.attentions,
            "inputs_mask": batch["attention_mask"],
        }

    distiller = textbrewer.GeneralDistiller(
        textbrewer.TrainingConfig(device="cpu", log_dir=None, output_dir=str(folder / "textbrewer"), ckpt_frequency=1),
        textbrewer.DistillationConfig(intermediate_matches=matches),
        big,
        small,
        adaptor,
        adaptor,
    )
    ordered = sorted(rows, key=lambda row: len(row["input_ids"]))
    loader = DataLoader(ordered, batch_size=32, collate_fn=pad)
    begun = time.perf_counter()
    with distiller:
        distiller.train(torch.optim.AdamW(small.parameters(), lr=5e-5), loader, num_epochs=1, callback=None)
    return time.perf_counter() - begun


def show(seconds: dict[str, list[float]], lengths: list[int]) -> None:
    """Print medians, ratios within rounds, and the share of the machine's limit."""
    table = Table(
        title=f"{len(lengths)} examples, medians of {len(seconds['run'])} rounds, {resolve_precision('auto')}"
    )
    others = [name for name in ("reference", "textbrewer") if name in seconds]
    for column in ("", "ex/s", *(f"times {name}" for name in others)):
        table.add_column(column, justify="right")
    for name, own in seconds.items():
        ratios = [statistics.median(o / s for o, s in zip(seconds[other], own, strict=True)) for other in others]
        table.add_row(name, f"{len(lengths) / statistics.median(own):.1f}", *(f"{ratio:.1f}" for ratio in ratios))
    Console().print(table)
    rate = matrix_rate()
    least = needed_operations(TEACHER, STUDENT, PAIRS, lengths) / rate
    share = least / statistics.median(seconds["run"])
    print(f"limit: {len(lengths) / least:.1f} ex/s at {rate / 1e9:.0f} GFLOP/s; 'run' reaches {share:.0%} of it")


if __name__ == "__main__":
    main()
