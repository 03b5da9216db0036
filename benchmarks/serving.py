"""What a student buys when it is served, on this machine, in one run of a few minutes.

1. Like for like, as the published tables have it: PyTorch, float32, full batches of 128 tokens.
2. As served: a student (`--student`) in int8 on ONNX Runtime, in batches of similar length, against BERT-base as it is
   commonly run, in PyTorch and float32 with every text padded to 128 tokens; texts as long as those of QNLI.

All models take turns in every round; a ratio is the median over the rounds. `python benchmarks/serving.py --help`.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from potstill.console import ConsoleCallback
from potstill.data import Batches
from potstill.engines import Engine, build_engine, find_backend, time_in_turns
from potstill.evaluation import describe_environment
from potstill.serving.bench_batches import batches_of_lengths, qnli_lengths, square_batch
from potstill.serving.bench_measure import make_rates
from potstill.serving.bench_report import Rate
from potstill.tensors import Batch

TEACHER, STUDENT, BILSTM, HALF = "12x768x3072", "4x312x1200", "bilstm:300x400", "6x768x3072"
TARGETS = {STUDENT: 9.4, BILSTM: 7.6, HALF: 1.9}
SERVED_TARGET = 100.0
TOKENS = 128


def load(shape: str, backend: str, scratch: str) -> Engine:
    """Build a shape on a back-end."""
    return build_engine(shape, find_backend(backend), Path(scratch))


def pad(texts: Batches, num_tokens: int) -> Batch:
    """Put all texts into one batch whose rows are all of one length."""
    batch = texts.collate(np.arange(len(texts.tokenised), dtype=np.int64))
    missing = num_tokens - batch.input_ids.shape[1]
    grown = {
        name: torch.nn.functional.pad(getattr(batch, name), (0, missing))
        for name in ("input_ids", "token_mask", "token_type_ids")
    }
    return replace(batch, **grown)


def compare(
    engines: Sequence[Engine], works: Sequence[Sequence[Batch]], *, rounds: int, callback: ConsoleCallback, name: str
) -> list[Rate]:
    """Let models take turns."""
    with callback.task(name, len(engines) * (rounds + 1)) as progress:
        seconds = time_in_turns(engines, works, rounds=rounds, progress=progress)
    return make_rates(seconds, [sum(map(len, work)) for work in works])


def tell(name: str, rate: Rate, target: float | None) -> None:
    """Print a row."""
    low, high = rate.ratio_range
    wanted = "" if target is None else f"   wanted {target:g}: {'reached' if rate.ratio >= target else 'MISSED'}"
    print(f"{name:40} {rate.median:10.1f} sentences/s {rate.ratio:8.1f} x [{low:.1f}, {high:.1f}]{wanted}")


def measure_full(options: argparse.Namespace, callback: ConsoleCallback) -> dict[str, object]:
    """Compare shapes like for like."""
    with tempfile.TemporaryDirectory() as scratch:
        engines = [load(shape, "sdpa", scratch) for shape in (TEACHER, HALF, STUDENT, BILSTM)]
        works = [[square_batch(each.model, num_examples=options.batch, num_tokens=TOKENS)] for each in engines]
        rates = compare(engines, works, rounds=options.rounds, callback=callback, name="full batches")
    print(f"full batches of {options.batch} x {TOKENS} tokens, PyTorch float32, {options.threads} threads")
    for engine, rate in zip(engines, rates, strict=True):
        tell(engine.name, rate, TARGETS.get(engine.name))
    return {engine.name: rate.model_dump() for engine, rate in zip(engines, rates, strict=True)}


def measure_served(options: argparse.Namespace, callback: ConsoleCallback) -> dict[str, object]:
    """Compare a student as it is served with a teacher as it is commonly run."""
    with tempfile.TemporaryDirectory() as scratch:
        teacher = load(TEACHER, "sdpa", scratch)
        students = [load(options.student, backend, scratch) for backend in ("sdpa", "onnx", "onnx-int8")]
        texts = batches_of_lengths(teacher.model, qnli_lengths(options.texts))
        more = batches_of_lengths(students[0].model, qnli_lengths(8 * options.texts))
        works = [[pad(texts, TOKENS)], *([list(more.ordered())] * len(students))]
        engines, rounds = [teacher, *students], max(3, options.rounds // 2)
        rates = compare(engines, works, rounds=rounds, callback=callback, name="as served")
    print(f"texts as long as QNLI's: {TEACHER} padded to {TOKENS}; {options.student} in batches of similar length")
    names = [f"{engine.name} ({engine.backend.name})" for engine in engines]
    for name, rate in zip(names, rates, strict=True):
        tell(name, rate, SERVED_TARGET if name == names[-1] else None)
    return {f"served {name}": rate.model_dump() for name, rate in zip(names, rates, strict=True)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=8, help="texts of a full batch (published: 128)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=int, default=32, help="texts that the padded teacher reads in a round")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--student", default=STUDENT, help="shape of the student that is served")
    parser.add_argument("--part", choices=("full", "served", "both"), default="both")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    callback = ConsoleCallback()
    found: dict[str, object] = {}
    if options.part != "served":
        found |= measure_full(options, callback)
    if options.part != "full":
        found |= measure_served(options, callback)
    if options.out is not None:
        options.out.write_text(json.dumps({"rates": found, "environment": describe_environment()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
