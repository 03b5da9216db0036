"""Sentences per second of general distillation: TinyBERT's layers on plain text, against a plain loop and the machine.

The teacher is a small pre-trained encoder (6 layers of 384), the student has 4 layers of 192 with a feed-forward block
of 768. In every round both train on the same sentences, one after the other:

    plain  batches of 1,024 tokens padded to their longest sentence, float32, attention written out, all states and maps
           handed back, an AdamW step for each batch
    run    Potstill's recipe tinybert-4x312 with these sizes, 256 sentences a step

The plain loop compares attention probabilities instead of scores, which costs the same; neither scores or saves. The
machine's limit is the time that the needed floating point operations take at the rate of the fastest matrix
product, measured in the same run. A short run needs about a minute on two cores.

    python benchmarks/general.py corpus/ --sentences 1000 --rounds 3
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from plain import matrix_rate, needed_operations, pad, plain_seconds
from rich.console import Console
from rich.table import Table
from torch import Tensor

from potstill.data import load_corpus
from potstill.hub import load_encoder_base, open_model
from potstill.layer_map import resolve_layer_map
from potstill.pipeline.general_run import run_general
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.tensors import TokenBlock

PLAIN_TOKENS = 1024


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is compared.

    Attributes:
        ways: Each trains on all sentences and gives its seconds.
        lengths: Tokens of each sentence.
        operations: What a pass needs.
    """

    ways: Mapping[str, Callable[[], float]]
    lengths: Sequence[int]
    operations: float


def main() -> None:
    """Measure in rounds and print medians."""
    given = parse()
    with tempfile.TemporaryDirectory() as folder:
        work = prepare(make_recipe(given.corpus, given.base, given.sentences, given.set), Path(folder))
        number = len(work.lengths)
        print(f"{number} sentences of {sum(work.lengths) / number:.1f} tokens; {torch.get_num_threads()} threads")
        seconds: dict[str, list[float]] = {name: [] for name in work.ways}
        for turn in range(given.rounds):
            for name, way in work.ways.items():
                seconds[name].append(way())
                print(f"round {turn + 1}: {name:5} {number / seconds[name][-1]:7.1f} sentences/s", flush=True)
    show(seconds, number, work.operations)


def prepare(recipe: Recipe, folder: Path) -> Work:
    """Tokenise the sentences, and say how both train on them."""
    base, student = str(recipe.teacher.base), recipe.student
    tokenizer = open_model(base).tokenizer
    corpus = load_corpus(recipe.data.corpus, tokenizer, store=folder / "store", callback=SilentCallback())
    lengths = corpus.train.tokens.lengths.tolist()
    shape = load_encoder_base(base, label_names=()).shape
    teacher = {
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.num_layers,
        "num_attention_heads": shape.num_heads,
        "intermediate_size": shape.feed_forward_size,
    }
    ours = {
        "hidden_size": student.hidden_size,
        "num_hidden_layers": student.num_layers,
        "num_attention_heads": shape.num_heads,
        "intermediate_size": student.feed_forward_size,
    }
    layers = resolve_layer_map("uniform", student_layers=student.num_layers, teacher_layers=shape.num_layers)
    pairs = [(0, 0), *enumerate(layers, start=1)]
    counter = count()

    def run_plain() -> float:
        return plain_seconds(teacher, ours, pairs, cut(corpus.train.tokens), vocab_size=shape.vocab_size)

    def run_ours() -> float:
        done = run_general(recipe, folder / f"{next(counter)}", store=folder / "store")
        return float(done.results.training_seconds)

    return Work(
        ways={"plain": run_plain, "run": run_ours},
        lengths=lengths,
        operations=needed_operations(teacher, ours, pairs, lengths),
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", help="text file, also .gz, or a folder of such files")
    parser.add_argument(
        "--base", default="minilm", help="pre-trained encoder to follow (default: minilm, from a package)"
    )
    parser.add_argument("--sentences", type=int, default=500, help="lines of the corpus to read (default 500)")
    parser.add_argument("--rounds", type=int, default=3, help="times that both are measured (default 3)")
    parser.add_argument("--set", action="append", default=[], help="further path=value changes of the recipe")
    return parser.parse_args()


def make_recipe(corpus: str, base: str, sentences: int, overrides: Sequence[str]) -> Recipe:
    """Load the recipe of the general stage with the student's sizes and one pass over the sentences."""
    fields = {"teacher.base": base, "data.corpus.paths": [corpus], "data.corpus.limit": sentences}
    ours = [
        "stages.intermediate=none",
        "stages.prediction=none",
        "augmentation=none",
        "stages.general.epochs=1",
        "stages.general.batches.examples_per_batch=128",
        "stages.general.accumulate=2",
        "data.corpus.packing=lines",
        "data.corpus.heldout=16",
        "student.hidden_size=192",
        "student.feed_forward_size=768",
    ]
    return load_recipe("tinybert-4x312", fields=fields, overrides=[*ours, *overrides])


def cut(tokens: TokenBlock) -> Iterator[dict[str, Tensor]]:
    """Cut sentences, in their order, into padded batches of at most 1,024 tokens."""
    rows: list[dict[str, list[int]]] = []
    for start, stop in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True):
        row = {"input_ids": tokens.ids[start:stop].tolist()}
        longest = max(len(each["input_ids"]) for each in [*rows, row])
        if rows and longest * (len(rows) + 1) > PLAIN_TOKENS:
            yield pad(rows)
            rows = []
        rows.append(row)
    yield pad(rows)


def show(seconds: dict[str, list[float]], num_sentences: int, needed: float) -> None:
    """Print medians, the ratio within rounds, and the share of the machine's limit."""
    rate = matrix_rate()
    table = Table(title=f"{num_sentences} sentences, medians of {len(seconds['run'])} rounds")
    for column in ("", "sentences/s", "GFLOP/s", "of the limit", "times plain"):
        table.add_column(column, justify="right")
    for name, own in seconds.items():
        median = statistics.median(own)
        ratio = statistics.median(other / mine for other, mine in zip(seconds["plain"], own, strict=True))
        share = needed / median / rate
        table.add_row(
            name, f"{num_sentences / median:.1f}", f"{needed / median / 1e9:.1f}", f"{share:.0%}", f"{ratio:.2f}"
        )
    Console().print(table)
    print(
        f"limit: {num_sentences * rate / needed:.1f} sentences/s at {rate / 1e9:.0f} GFLOP/s; torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
