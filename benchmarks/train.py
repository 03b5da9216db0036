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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from plain import Pairs, Sizes, make_plain, matrix_rate, needed_operations, pad, plain_seconds
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import BertConfig

from potstill.data import TaskData, load_task_data
from potstill.hub import Encoder, Tokenizer, build_encoder, open_model
from potstill.layer_map import resolve_layer_map
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.processes import process_state
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.timing import time_work
from potstill.training import resolve_precision

TEACHER = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
STUDENT = {"hidden_size": 312, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 1200}
INTERMEDIATE = 'stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}]'
PREDICTION = 'stages.0.objectives=[{kind="soft_labels"}]'


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is trained on.

    Attributes:
        data: The examples.
        fields: Where the recipe finds them.
        teacher: Sizes of the teacher.
        student: Sizes of the student.
        overrides: Further `path=value` changes of the recipe.
        plain_examples: Most examples of the reference.
    """

    data: TaskData
    fields: Mapping[str, object]
    teacher: Sizes = field(default_factory=lambda: TEACHER)
    student: Sizes = field(default_factory=lambda: STUDENT)
    overrides: Sequence[str] = ()
    plain_examples: int = 2**30

    @property
    def pairs(self) -> Pairs:
        """Hidden states that are compared: every layer of the student with the end of its share of the teacher's."""
        ours, theirs = self.student["num_hidden_layers"], self.teacher["num_hidden_layers"]
        return [(0, 0), *enumerate(resolve_layer_map("uniform", student_layers=ours, teacher_layers=theirs), start=1)]

    @property
    def changes(self) -> list[str]:
        """What the recipe `kd` is changed to: one epoch that is scored by nobody, with these sizes."""
        sizes = {
            "num_layers": "num_hidden_layers",
            "hidden_size": "hidden_size",
            "feed_forward_size": "intermediate_size",
            "num_heads": "num_attention_heads",
        }
        common = ["stages.0.epochs=1", "stages.0.select=last", "student.init.kind=random"]
        common += [f"student.{name}={self.student[size]}" for name, size in sizes.items()]
        return [*common, *self.overrides]

    def recipe(self, *overrides: str) -> Recipe:
        """Give the recipe of one epoch."""
        loaded = load_recipe("kd", fields=self.fields, overrides=[*self.changes, *overrides])
        return loaded.for_answer(self.data.task.answer).with_precision(resolve_precision("auto"))

    def tokenise(self, teacher: Encoder) -> list[dict[str, list[int]]]:
        """Tokenise without padding."""
        train = self.data.train
        encoded = teacher.tokenizer.wrapped(
            list(train.texts), list(train.pairs) if train.pairs else None, truncation=True, max_length=128
        )
        return [{key: encoded[key][i] for key in ("input_ids", "token_type_ids")} for i in range(len(train))]


def main() -> None:
    """Measure in rounds and print medians of ratios."""
    given = parse()
    work = load(given)
    tokenizer = open_model(given.tokenizer).tokenizer
    teacher = draw_teacher(work, tokenizer)
    lengths = [len(row["input_ids"]) for row in work.tokenise(teacher)]
    print(f"{len(lengths)} examples, {np.mean(lengths):.1f} tokens on average; {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as folder:
        ways = choose_ways(work, teacher, Path(folder))
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(given.rounds):
            for name, way in ways.items():
                seconds[name].append(way())
                print(f"round {number + 1}: {name:10} {len(lengths) / seconds[name][-1]:8.1f} ex/s", flush=True)
    show(seconds, lengths, work)


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


def load(given: argparse.Namespace) -> Work:
    """Load the examples; the development set is cut to a handful, because scoring is not compared."""
    fields = {"data.task": given.task, "data.limit": given.examples} | ({"data.path": given.data} if given.data else {})
    data = load_task_data(load_recipe("kd", fields=fields).data)
    data = replace(data, dev=data.dev.take(np.arange(4)), test=None, other_dev={})
    return Work(data=data, fields=fields, plain_examples=given.plain_examples)


def draw_teacher(work: Work, tokenizer: Tokenizer) -> Encoder:
    """Draw a teacher, which is as fast as a trained one."""
    torch.manual_seed(0)
    size = max(tokenizer.wrapped.get_vocab().values()) + 1
    config = BertConfig(vocab_size=size, **work.teacher)
    return build_encoder(config, tokenizer, label_names=work.data.task.label_names)


def choose_ways(work: Work, teacher: Encoder, folder: Path) -> dict[str, Callable[[], float]]:
    """List what is compared, each a function that trains on all examples and gives its seconds."""
    plain = work.tokenise(teacher)
    ways: dict[str, Callable[[], float]] = {"reference": lambda: reference_seconds(work, teacher, plain)}
    if importlib.util.find_spec("textbrewer"):
        ways["textbrewer"] = lambda: textbrewer_seconds(work, teacher, plain, folder)
    return ways | our_ways(work, teacher, folder)


def our_ways(work: Work, teacher: Encoder, folder: Path) -> dict[str, Callable[[], float]]:
    """List what Potstill does; stores are filled and kernels chosen before the first time that is taken."""
    counter = iter(range(10**6))

    def ours(*overrides: str) -> Callable[[], float]:
        source = TaskSource(recipe=work.recipe(*overrides), data=work.data)
        run_teacher = RunTeacher(
            encoder=teacher, name="random", fingerprint="benchmark", dev_logits=source.logits(teacher)
        )
        place = folder / f"{next(counter)}"

        def train() -> float:
            run = OpenRun(source=source, folder=RunFolder(path=place / f"{next(counter)}"), callback=SilentCallback())
            return train_stages(run, build_student(run, run_teacher), run_teacher)

        train()
        return train

    return {
        "run": ours(INTERMEDIATE),
        "store": ours(INTERMEDIATE, "teacher.states=store"),
        "predict": ours(PREDICTION),
    }


def reference_seconds(work: Work, teacher: Encoder, rows: list[dict[str, list[int]]]) -> float:
    """Time an epoch of the published protocol; where only some examples are taken, from what these take."""
    few = rows[: work.plain_examples]
    batches = (pad(few[start : start + 32], 128) for start in range(0, len(few), 32))
    vocab_size = teacher.shape.vocab_size
    return plain_seconds(work.teacher, work.student, work.pairs, batches, vocab_size=vocab_size) * len(rows) / len(few)


def textbrewer_seconds(work: Work, teacher: Encoder, rows: list[dict[str, list[int]]], folder: Path) -> float:
    """Time an epoch of TextBrewer's distiller on batches of similar length."""
    import textbrewer

    device = torch.device(process_state().device)
    big, small = (make_plain(sizes, teacher.shape.vocab_size).to(device) for sizes in (work.teacher, work.student))
    widths = [work.student["hidden_size"], work.teacher["hidden_size"]]
    states = {"feature": "hidden", "loss": "hidden_mse", "weight": 1, "proj": ["linear", *widths]}
    maps = {"feature": "attention", "loss": "attention_mse", "weight": 1}
    matches = [{"layer_T": t, "layer_S": s, **states} for s, t in work.pairs]
    matches += [{"layer_T": t - 1, "layer_S": s - 1, **maps} for s, t in work.pairs[1:]]

    def adaptor(batch: dict[str, Tensor], outputs: object) -> dict[str, object]:
        return {
            "logits": outputs.logits,
            "hidden": outputs.hidden_states,
            "attention": outputs.attentions,
            "inputs_mask": batch["attention_mask"],
        }

    distiller = textbrewer.GeneralDistiller(
        textbrewer.TrainingConfig(device=device, log_dir=None, output_dir=str(folder / "textbrewer"), ckpt_frequency=1),
        textbrewer.DistillationConfig(intermediate_matches=matches),
        big.eval(),
        small,
        adaptor,
        adaptor,
    )
    ordered = sorted(rows, key=lambda row: len(row["input_ids"]))
    loader = DataLoader(ordered, batch_size=32, collate_fn=pad)

    def train() -> None:
        with distiller:
            distiller.train(torch.optim.AdamW(small.parameters(), lr=5e-5), loader, num_epochs=1, callback=None)

    return time_work(train, device=device)


def show(seconds: dict[str, list[float]], lengths: list[int], work: Work) -> None:
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
    least = needed_operations(work.teacher, work.student, work.pairs, lengths) / rate
    share = least / statistics.median(seconds["run"])
    print(f"limit: {len(lengths) / least:.1f} ex/s at {rate / 1e9:.0f} GFLOP/s; 'run' reaches {share:.0%} of it")


if __name__ == "__main__":
    main()
