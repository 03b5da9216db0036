"""The bench: load everybody, let them take turns, put the figures together."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.engines import spread_sample
from potstill.errors import ModelError
from potstill.evaluation import describe_environment, split_parameters
from potstill.progress import Observer
from potstill.serving.bench_batches import batches_of_lengths, published_rows, qnli_lengths, square_batch
from potstill.serving.bench_config import BenchConfig
from potstill.serving.bench_measure import make_latency, make_rates, take_turns
from potstill.serving.bench_probe import probe
from potstill.serving.bench_report import BenchEntry, BenchReport, LengthSpeed
from potstill.serving.bench_subjects import Origin, Runner, load_runner
from potstill.serving.classifier import trained_length
from potstill.serving.flops import count_flops
from potstill.tensors import Batch

_FLOPS_TOKENS = 128
_LENGTH_BATCH = 32
_PUBLISHED_EXAMPLES = 100 * 128


def run_bench(
    origins: Sequence[Origin], texts: Split | None, config: BenchConfig, *, observer: Observer
) -> BenchReport:
    """Time models side by side.

    Args:
        origins: The models; ratios refer to the first.
        texts: What they read in the protocol `real`; absent: random tokens with the lengths of QNLI.
        config: What is timed.
        observer: Draws the progress.

    Returns:
        The figures.

    Raises:
        ModelError: A model cannot be loaded on its back-end, or reads fewer tokens than it is to be timed with.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as scratch:
        runners = []
        for origin in origins:
            observer.note(f"load {origin.name} on {origin.backend}")
            runners.append(load_runner(origin, scratch=Path(scratch), num_threads=threads))
        probes = [probe(runner, num_threads=threads) if config.has_probe else None for runner in runners]
        bases = [_describe(runner) for runner in runners]
        if config.protocol == "seed":
            timed = _run_seed(runners, config, observer)
            mean = float(config.num_tokens)
        else:
            works = [_real_texts(runner, texts, config) for runner in runners]
            timed = run_real(runners, works, config, observer)
            mean = float(works[0].tokenised.tokens.lengths.mean())
    entries = [
        BenchEntry.parse({**base, **more, "probe": found})
        for base, more, found in zip(bases, timed, probes, strict=True)
    ]
    source = "every text is padded to one length" if config.protocol == "seed" else "lengths as those of QNLI"
    return BenchReport(
        settings=config,
        texts="given texts" if texts is not None and config.protocol == "real" else source,
        mean_tokens=mean,
        entries=tuple(entries),
        environment=describe_environment(),
    )


def _describe(runner: Runner) -> dict[str, object]:
    """Tell what a model is, apart from its speed."""
    origin = runner.origin
    row = published_rows().get(origin.name) if origin.is_shape else None
    return {
        "name": origin.name if origin.is_shape else Path(origin.name).name or origin.name,
        "backend": origin.backend,
        "parameters": split_parameters(runner.encoder),
        "size_bytes": runner.size_bytes,
        "gigaflops": count_flops(runner.encoder, _FLOPS_TOKENS) / 1e9,
        "published": row,
    }


def _run_seed(runners: Sequence[Runner], config: BenchConfig, observer: Observer) -> list[dict[str, object]]:
    """Time full batches of one length; a round is one batch of each model."""
    for runner in runners:
        _check_length(runner, config.num_tokens)
    works = [
        [square_batch(each.encoder, num_examples=config.batch_size, num_tokens=config.num_tokens)] for each in runners
    ]
    total = len(runners) * (config.warmup + config.num_batches)
    with observer.task("time full batches", total) as progress:
        seconds = take_turns(
            works,
            [runner.engine for runner in runners],
            rounds=config.num_batches,
            warmup=config.warmup,
            progress=progress,
        )
    rates = make_rates(seconds, [config.batch_size] * len(runners))
    scale = _PUBLISHED_EXAMPLES / (config.num_batches * config.batch_size)
    return [
        {"rate": rate, "seconds_per_100_batches": scale * sum(taken)}
        for rate, taken in zip(rates, seconds, strict=True)
    ]


def run_real(
    runners: Sequence[Runner], works: Sequence[Batches], config: BenchConfig, observer: Observer
) -> list[dict[str, object]]:
    """Time texts alone, texts in batches of similar length, and batches of given lengths."""
    engines = [runner.engine for runner in runners]
    batched = [spread_sample(list(work.ordered()), num_sentences=4 * config.num_texts) for work in works]
    singles = [_singles(work, config.num_texts) for work in works]
    lengths = [length for length in config.lengths if all(_reads(runner, length) for runner in runners)]
    rounds = config.repeats + config.warmup
    total = len(engines) * (rounds * (1 + len(lengths)) + config.warmup + config.repeats * len(singles[0]))
    with observer.task("time", total) as progress:
        seconds = take_turns(batched, engines, rounds=config.repeats, warmup=config.warmup, progress=progress)
        rates = make_rates(seconds, [sum(map(len, work)) for work in batched])
        by_length: list[list[LengthSpeed]] = [[] for _ in engines]
        for length in lengths:
            square = [[square_batch(each.encoder, num_examples=_LENGTH_BATCH, num_tokens=length)] for each in runners]
            taken = take_turns(square, engines, rounds=config.repeats, warmup=config.warmup, progress=progress)
            for found, rate in zip(by_length, make_rates(taken, [_LENGTH_BATCH] * len(engines)), strict=True):
                found.append(LengthSpeed(num_tokens=length, rate=rate))
        answers: list[list[float]] = [[] for _ in engines]
        for number in range(len(singles[0])):
            one = [[work[number]] for work in singles]
            warmup = config.warmup if number == 0 else 0
            times = take_turns(one, engines, rounds=config.repeats, warmup=warmup, progress=progress)
            for heard, more in zip(answers, times, strict=True):
                heard.extend(more)
    return [
        {"rate": rate, "latency": make_latency(heard), "by_length": tuple(speeds)}
        for rate, heard, speeds in zip(rates, answers, by_length, strict=True)
    ]


def _real_texts(runner: Runner, texts: Split | None, config: BenchConfig) -> Batches:
    """Make what a model reads: the given texts with its own tokenizer, or random tokens."""
    if texts is None or runner.origin.is_shape:
        return batches_of_lengths(runner.encoder, qnli_lengths(4 * config.num_texts))
    longest = trained_length(runner.origin.name)
    limit = runner.encoder.max_tokens
    tokenised = tokenise(texts, runner.encoder.tokenizer, max_length=min(longest, limit or longest))
    return Batches(tokenised, BatchConfig(), seed=0)


def _singles(work: Batches, count: int) -> list[Batch]:
    """Pick texts evenly over the lengths, each a batch of its own; the same ones for every model."""
    order = np.argsort(work.tokenised.tokens.lengths, kind="stable").astype(np.int64)
    chosen = order[np.linspace(0, len(order) - 1, count).astype(int)]
    return [work.collate(chosen[index : index + 1]) for index in range(count)]


def _reads(runner: Runner, num_tokens: int) -> bool:
    return runner.encoder.max_tokens is None or runner.encoder.max_tokens >= num_tokens


def _check_length(runner: Runner, num_tokens: int) -> None:
    if not _reads(runner, num_tokens):
        raise ModelError(
            f"'{runner.origin.name}' reads at most {runner.encoder.max_tokens} tokens, and the bench pads to "
            f"{num_tokens}; give a smaller --tokens."
        )
