"""The bench: load everybody, let them take turns, put the figures together."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from potstill.data import Batches, Split
from potstill.engines import Backend, Engine, build_engine, load_engine, make_batches, spread_sample, time_in_turns
from potstill.errors import ModelError
from potstill.evaluation import describe_environment
from potstill.progress import ProgressCallback
from potstill.serving.bench_batches import batches_of_lengths, published_rows, qnli_lengths, square_batch
from potstill.serving.bench_config import BenchConfig
from potstill.serving.bench_measure import make_latency, make_rates
from potstill.serving.bench_probe import probe
from potstill.serving.bench_report import BenchEntry, BenchReport, LengthSpeed
from potstill.serving.flops import count_flops
from potstill.serving.training_run import trained_length
from potstill.tensors import Batch

_FLOPS_TOKENS = 128
_LENGTH_BATCH = 32
_PUBLISHED_EXAMPLES = 100 * 128


def run_bench(
    models: Sequence[tuple[str, Backend]],
    shapes: Sequence[tuple[str, Backend]],
    texts: Split | None,
    config: BenchConfig,
    *,
    callback: ProgressCallback,
) -> BenchReport:
    """Time models side by side.

    Args:
        models: Saved models, each with its back-end; ratios refer to the first.
        shapes: Bare shapes, each with its back-end.
        texts: What they read in the protocol `real`; absent: random tokens with the lengths of QNLI.
        config: What is timed.
        callback: Draws the progress.

    Returns:
        The figures.

    Raises:
        ModelError: A model cannot be loaded on its back-end, or reads fewer tokens than it is to be timed with.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    with tempfile.TemporaryDirectory() as scratch:
        engines = [*_load(models, callback), *_build(shapes, Path(scratch), callback)]
        probes = [probe(engine, Path(scratch)) if config.has_probe else None for engine in engines]
        bases = [_describe(engine) for engine in engines]
        if config.protocol == "published":
            timed = _run_seed(engines, config, callback)
            mean = float(config.num_tokens)
        else:
            works = [_real_texts(engine, texts, config) for engine in engines]
            timed = run_real(engines, works, config, callback)
            mean = float(works[0].tokenised.tokens.lengths.mean())
    entries = [
        BenchEntry.parse({**base, **more, "probe": found})
        for base, more, found in zip(bases, timed, probes, strict=True)
    ]
    source = "every text is padded to one length" if config.protocol == "published" else "lengths as those of QNLI"
    return BenchReport(
        settings=config,
        texts="given texts" if texts is not None and config.protocol == "real" else source,
        mean_tokens=mean,
        entries=tuple(entries),
        environment=describe_environment(),
    )


def _load(models: Sequence[tuple[str, Backend]], callback: ProgressCallback) -> Iterator[Engine]:
    for name, backend in models:
        callback.note(f"load {name} on {backend.name}")
        yield load_engine(name, backend)


def _build(shapes: Sequence[tuple[str, Backend]], scratch: Path, callback: ProgressCallback) -> Iterator[Engine]:
    for shape, backend in shapes:
        callback.note(f"load {shape} on {backend.name}")
        yield build_engine(shape, backend, scratch)


def _describe(engine: Engine) -> dict[str, object]:
    """Tell what a model is, apart from its speed."""
    row = published_rows().get(engine.name) if engine.is_shape else None
    return {
        "name": engine.name if engine.is_shape else Path(engine.name).name or engine.name,
        "backend": engine.backend.name,
        "parameters": engine.parameters,
        "size_bytes": engine.size_bytes,
        "gigaflops": count_flops(engine.draft(), _FLOPS_TOKENS) / 1e9,
        "published": row,
    }


def _run_seed(engines: Sequence[Engine], config: BenchConfig, callback: ProgressCallback) -> list[dict[str, object]]:
    """Time full batches of one length; a round is one batch of each model."""
    for engine in engines:
        _check_length(engine, config.num_tokens)
    works = [
        [square_batch(each.model, num_examples=config.batch_size, num_tokens=config.num_tokens)] for each in engines
    ]
    total = len(engines) * (config.warmup + config.num_batches)
    with callback.task("time full batches", total) as progress:
        seconds = time_in_turns(engines, works, rounds=config.num_batches, warmup=config.warmup, progress=progress)
    rates = make_rates(seconds, [config.batch_size] * len(engines))
    scale = _PUBLISHED_EXAMPLES / (config.num_batches * config.batch_size)
    return [
        {"rate": rate, "seconds_per_100_batches": scale * sum(taken)}
        for rate, taken in zip(rates, seconds, strict=True)
    ]


def run_real(
    engines: Sequence[Engine], works: Sequence[Batches], config: BenchConfig, callback: ProgressCallback
) -> list[dict[str, object]]:
    """Time texts alone, texts in batches of similar length, and batches of given lengths."""
    batched = [spread_sample(list(work.ordered()), num_sentences=4 * config.num_texts) for work in works]
    singles = [_singles(work, config.num_texts) for work in works]
    lengths = [length for length in config.lengths if all(_reads(engine, length) for engine in engines)]
    rounds = config.repeats + config.warmup
    total = len(engines) * (rounds * (1 + len(lengths)) + config.warmup + config.repeats * len(singles[0]))
    with callback.task("time", total) as progress:
        take_turns = partial(time_in_turns, engines, rounds=config.repeats, progress=progress)
        seconds = take_turns(batched, warmup=config.warmup)
        rates = make_rates(seconds, [sum(map(len, work)) for work in batched])
        by_length: list[list[LengthSpeed]] = [[] for _ in engines]
        for length in lengths:
            square = [[square_batch(each.model, num_examples=_LENGTH_BATCH, num_tokens=length)] for each in engines]
            taken = take_turns(square, warmup=config.warmup)
            for found, rate in zip(by_length, make_rates(taken, [_LENGTH_BATCH] * len(engines)), strict=True):
                found.append(LengthSpeed(num_tokens=length, rate=rate))
        answers: list[list[float]] = [[] for _ in engines]
        for number in range(len(singles[0])):
            one = [[work[number]] for work in singles]
            for heard, more in zip(answers, take_turns(one, warmup=0 if number else config.warmup), strict=True):
                heard.extend(more)
    return [
        {"rate": rate, "latency": make_latency(heard), "by_length": tuple(speeds)}
        for rate, heard, speeds in zip(rates, answers, by_length, strict=True)
    ]


def _real_texts(engine: Engine, texts: Split | None, config: BenchConfig) -> Batches:
    """Make what a model reads: the given texts with its own tokenizer, or random tokens."""
    if texts is None or engine.is_shape:
        return batches_of_lengths(engine.model, qnli_lengths(4 * config.num_texts))
    longest = trained_length(engine.name)
    return make_batches(texts, engine.model, max_length=min(longest, engine.model.max_tokens or longest))


def _singles(work: Batches, count: int) -> list[Batch]:
    """Pick texts evenly over the lengths, each a batch of its own; the same ones for every model."""
    order = np.argsort(work.tokenised.tokens.lengths, kind="stable").astype(np.int64)
    chosen = order[np.linspace(0, len(order) - 1, count).astype(int)]
    return [work.collate(chosen[index : index + 1]) for index in range(count)]


def _reads(engine: Engine, num_tokens: int) -> bool:
    return engine.model.max_tokens is None or engine.model.max_tokens >= num_tokens


def _check_length(engine: Engine, num_tokens: int) -> None:
    if not _reads(engine, num_tokens):
        raise ModelError(
            f"'{engine.name}' reads at most {engine.model.max_tokens} tokens, and the bench pads to {num_tokens}; give "
            "a smaller --tokens."
        )
