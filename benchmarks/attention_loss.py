"""Time and peak memory of the attention-score loss, from the scores and from Gram matrices, over lengths.

Forward and backward of one layer pair. Each length is measured in rounds that alternate, so that a busy machine slows
both; memory is the largest sum of what torch holds at one time, from its profiler (on a GPU: its allocator's peak).

    python benchmarks/attention_loss.py --heads 12 --head-sizes 26 64 --device cpu
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from peak import peak_bytes
from rich.console import Console
from rich.table import Table
from torch import Tensor

from potstill.objectives.attention_scores import direct_score_mse, gram_score_mse

LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
TOKENS = 2048
"""Tokens of a batch, whatever the length."""


def main() -> None:
    """Measure every length and print a table."""
    arguments = parse()
    device = torch.device(arguments.device)
    table = Table(title=f"{arguments.heads} heads of {arguments.head_sizes}, {TOKENS} tokens, {device}, float32")
    for column in ("length", "direct ms", "Gram ms", "direct / Gram", "direct MB", "Gram MB"):
        table.add_column(column, justify="right")
    for length in LENGTHS:
        student, teacher, mask = draw(arguments.heads, arguments.head_sizes, length, device)

        def run(measure: Callable[..., Tensor], s: tuple = student, t: tuple = teacher, m: Tensor = mask) -> None:
            measure(s, t, m).backward()
            for tensor in s:
                tensor.grad = None

        direct, gram = rounds(lambda r=run: r(direct_score_mse), lambda r=run: r(gram_score_mse), arguments.rounds)
        memory = [
            peak_bytes(lambda r=run, m=measure: r(m), device) / 1e6 for measure in (direct_score_mse, gram_score_mse)
        ]
        ratio = statistics.median(d / g for d, g in zip(direct, gram, strict=True))
        figures = (statistics.median(direct) * 1e3, statistics.median(gram) * 1e3, ratio, *memory)
        table.add_row(str(length), *(f"{figure:.2f}" for figure in figures))
    Console().print(table)
    Console().print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.rounds} rounds, medians")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--head-sizes", type=int, nargs=2, default=(26, 64), metavar=("STUDENT", "TEACHER"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def draw(heads: int, sizes: tuple[int, int], length: int, device: torch.device) -> tuple:
    """Draw queries and keys of student and teacher, and a mask without padding."""
    batch = max(1, TOKENS // length)
    student, teacher = (
        tuple(torch.randn(batch, heads, length, size, device=device) for _ in range(2)) for size in sizes
    )
    for tensor in student:
        tensor.requires_grad_()
    return student, teacher, torch.ones(batch, length, dtype=torch.bool, device=device)


def rounds(first: Callable[[], None], second: Callable[[], None], number: int) -> tuple[list[float], list[float]]:
    """Time two functions in turn, after one warm-up of each."""
    first(), second()
    times = ([], [])
    for _ in range(number):
        for function, into in zip((first, second), times, strict=True):
            synchronise()
            begun = time.perf_counter()
            function()
            synchronise()
            into.append(time.perf_counter() - begun)
    return times


def synchronise() -> None:
    """Wait for a GPU to finish."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
