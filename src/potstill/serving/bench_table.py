"""What a bench measured, as tables for a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from potstill.serving.bench_report import BenchEntry, BenchReport, Rate

_ABSENT = "-"


def make_bench_tables(report: BenchReport) -> Iterator[Table]:
    """Lay out a bench.

    Args:
        report: What was measured.

    Yields:
        What each model is; how fast it is; and, where they were measured, the throughput by length and the figures of
        papers.
    """
    yield _sizes(report)
    yield _speeds(report)
    if any(entry.by_length for entry in report.entries):
        yield _lengths(report)
    if any(entry.published for entry in report.entries):
        yield _published(report)


def _sizes(report: BenchReport) -> Table:
    table = _table("size", "weights", "embeddings", "encoder", "pooler", "head", "on disk", "GFLOP", "peak memory")
    for entry in report.entries:
        counts, probe = entry.parameters, entry.probe
        table.add_row(
            _name(entry),
            *(f"{count / 1e6:.2f} M" for count in (counts.total, counts.embeddings, counts.encoder, counts.pooler)),
            f"{counts.head:,}",
            f"{entry.size_bytes / 1e6:.1f} MB",
            f"{entry.gigaflops:.2f}",
            _ABSENT if probe is None else f"{probe.peak_bytes / 1e6:.0f} MB (+{probe.model_bytes / 1e6:.0f})",
        )
    table.caption = (
        "GFLOP: one text of 128 tokens. Peak memory: of a process with this model alone (and what it added)."
    )
    return table


def _speeds(report: BenchReport) -> Table:
    settings = report.settings
    is_seed = settings.protocol == "seed"
    heads = ["s per 100 batches"] if is_seed else ["ms p50", "p95", "p99"]
    table = _table("speed", "sentences/s", "slowest - fastest", "times as fast", *heads, "cold start")
    for entry in report.entries:
        rate, probe, latency = entry.rate, entry.probe, entry.latency
        more = [f"{entry.seconds_per_100_batches:.1f}"] if entry.seconds_per_100_batches is not None else []
        if latency is not None:
            more = [f"{latency.p50:.1f}", f"{latency.p95:.1f}", f"{latency.p99:.1f}"]
        cold = probe.cold_start_seconds if probe is not None else None
        table.add_row(
            _name(entry),
            _count(rate.median),
            f"{_count(rate.slowest)} - {_count(rate.fastest)}",
            _ratio(rate),
            *more,
            _ABSENT if cold is None else f"{cold:.2f} s",
        )
    threads = report.environment.get("num_threads")
    if is_seed:
        how = (
            f"{settings.num_batches} batches of {settings.batch_size} texts, all {settings.num_tokens} tokens long, "
            "scaled to 100 batches of 128; forward pass only"
        )
    else:
        how = (
            f"{report.texts}, {report.mean_tokens:.0f} tokens on average, in batches of similar length; "
            f"ms: one text at a time; {settings.repeats} rounds"
        )
    table.caption = f"{how}; {threads} threads of {report.environment.get('cpu') or 'this machine'}."
    return table


def _lengths(report: BenchReport) -> Table:
    lengths = [speed.num_tokens for speed in report.entries[0].by_length]
    table = _table("sentences/s in batches of 32", *(f"{length} tokens" for length in lengths))
    for entry in report.entries:
        cells = [f"{_count(speed.rate.median)} ({speed.rate.ratio:.1f} x)" for speed in entry.by_length]
        table.add_row(_name(entry), *cells)
    return table


def _published(report: BenchReport) -> Table:
    table = _table("published", "as", "weights", "s per 100 batches", "times as fast", "here")
    notes = []
    for entry in report.entries:
        row = entry.published
        if row is None:
            continue
        seconds = _ABSENT if row.seconds is None else f"{row.seconds:g}"
        mark = ""
        if row.note is not None:
            notes.append(row.note)
            mark = f" [{len(notes)}]"
        table.add_row(
            _name(entry),
            escape(row.name + mark),
            row.parameters,
            seconds,
            f"{row.speedup:.1f} x",
            f"{entry.rate.ratio:.1f} x",
        )
    table.caption = escape("\n".join(f"[{number}] {note}" for number, note in enumerate(notes, start=1)))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=SIMPLE, pad_edge=False, caption_justify="left")
    for name in others:
        table.add_column(name, justify="left" if name == "as" else "right")
    return table


def _name(entry: BenchEntry) -> str:
    return escape(f"{entry.name} ({entry.backend})")


def _ratio(rate: Rate) -> str:
    low, high = rate.ratio_range
    return "1" if low == high == 1 else f"{rate.ratio:.1f} [{low:.1f}, {high:.1f}]".replace("[", "\\[")


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
