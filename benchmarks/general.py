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
from collections.abc import Iterator
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
STUDENT = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 768}


def main() -> None:
    """Measure in rounds and print medians."""
    given = parse()
    recipe = make_recipe(given)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer = open_model(given.base).tokenizer
        corpus = load_corpus(recipe.data.corpus, tokenizer, store=folder / "store", callback=SilentCallback())
        lengths = corpus.train.tokens.lengths.tolist()
        shape = load_encoder_base(given.base, label_names=()).shape
        teacher = {
            "hidden_size": shape.hidden_size,
            "num_hidden_layers": shape.num_layers,
            "num_attention_heads": shape.num_heads,
            "intermediate_size": shape.feed_forward_size,
        }
        layers = resolve_layer_map(
            "uniform", student_layers=STUDENT["num_hidden_layers"], teacher_layers=shape.num_layers
        )
        pairs = [(0, 0), *enumerate(layers, start=1)]
        needed = needed_operations(teacher, STUDENT, pairs, lengths)
        print(
            f"{len(lengths)} sentences of {sum(lengths) / len(lengths):.1f} tokens; {torch.get_num_threads()} threads"
        )
        plain, ours = [], []
        for number in range(given.rounds):
            batches = cut(corpus.train.tokens)
            plain.append(plain_seconds(teacher, STUDENT, pairs, batches, vocab_size=shape.vocab_size))
            ours.append(run_general(recipe, folder / f"{number}", store=folder / "store").results.training_seconds)
            rates = [len(lengths) / seconds[-1] for seconds in (plain, ours)]
            print(f"round {number + 1}: plain {rates[0]:7.1f}   run {rates[1]:7.1f} sentences/s", flush=True)
    show({"plain": plain, "run": ours}, len(lengths), needed)


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


def make_recipe(given: argparse.Namespace) -> Recipe:
    """Load the recipe of the general stage with the student's sizes and one pass over the sentences."""
    fields = {"teacher.base": given.base, "data.corpus.paths": [given.corpus], "data.corpus.limit": given.sentences}
    overrides = [
        "stages.intermediate=none",
        "stages.prediction=none",
        "augmentation=none",
        "stages.general.epochs=1",
        "stages.general.batches.examples_per_batch=128",
        "stages.general.accumulate=2",
        "data.corpus.packing=lines",
        "data.corpus.heldout=16",
        f"student.hidden_size={STUDENT['hidden_size']}",
        f"student.feed_forward_size={STUDENT['intermediate_size']}",
        *given.set,
    ]
    return load_recipe("tinybert-4x312", fields=fields, overrides=overrides)


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
