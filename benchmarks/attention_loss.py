"""Time and peak memory of the attention-score loss, from the scores and from Gram matrices, over lengths.

Forward and backward of one layer pair. Each length is measured in rounds that alternate, so that a busy machine slows
both; memory is the largest sum of what torch holds at one time, from its profiler (on a GPU: its allocator's peak).

    python benchmarks/attention_loss.py --heads 12 --head-sizes 26 64 --device cpu
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from functools import partial

import torch
from peak import peak_bytes
from rich.console import Console
from rich.table import Table
from torch import Tensor

from potstill.objectives.attention_scores import direct_score_mse, gram_score_mse
from potstill.timing import time_work

LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
COLUMNS = ("direct ms", "Gram ms", "direct / Gram", "direct MB", "Gram MB")
TOKENS = 2048
"""Tokens of a batch, whatever the length."""


def main() -> None:
    """Measure every length and print a table."""
    arguments = parse()
    device = torch.device(arguments.device)
    table = Table(title=f"{arguments.heads} heads of {arguments.head_sizes}, {TOKENS} tokens, {device}, float32")
    for column in ("length", *COLUMNS):
        table.add_column(column, justify="right")
    for length in LENGTHS:
        figures = measure(length, arguments.heads, arguments.head_sizes, device, arguments.rounds)
        table.add_row(str(length), *(f"{figure:.2f}" for figure in figures.values()))
    Console().print(table)
    Console().print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.rounds} rounds, medians")


def measure(length: int, heads: int, sizes: Sequence[int], device: torch.device, number: int) -> dict[str, float]:
    """Measure one length in some rounds: milliseconds of both ways, their ratio within a round, and megabytes."""
    student, teacher, mask = draw(heads, sizes, length, device)

    def run(loss: Callable[..., Tensor]) -> None:
        loss(student, teacher, mask).backward()
        for tensor in student:
            tensor.grad = None

    ways = [partial(run, loss) for loss in (direct_score_mse, gram_score_mse)]
    direct, gram = rounds(*ways, number, device)
    ratio = statistics.median(d / g for d, g in zip(direct, gram, strict=True))
    times = statistics.median(direct) * 1e3, statistics.median(gram) * 1e3
    megabytes = [peak_bytes(way, device) / 1e6 for way in ways]
    return dict(zip(COLUMNS, (*times, ratio, *megabytes), strict=True))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--head-sizes", type=int, nargs=2, default=(26, 64), metavar=("STUDENT", "TEACHER"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def draw(heads: int, sizes: Sequence[int], length: int, device: torch.device) -> tuple:
    """Draw queries and keys of student and teacher, and a mask without padding."""
    batch = max(1, TOKENS // length)
    student, teacher = (
        tuple(torch.randn(batch, heads, length, size, device=device) for _ in range(2)) for size in sizes
    )
    for tensor in student:
        tensor.requires_grad_()
    return student, teacher, torch.ones(batch, length, dtype=torch.bool, device=device)


def rounds(
    first: Callable[[], None], second: Callable[[], None], number: int, device: torch.device
) -> tuple[list[float], list[float]]:
    """Time two functions in turn, after one warm-up of each."""
    first(), second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(number):
        for function, into in zip((first, second), times, strict=True):
            into.append(time_work(function, device=device))
    return times


if __name__ == "__main__":
    main()
