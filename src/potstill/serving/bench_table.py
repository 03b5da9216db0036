"""What a bench measured, as tables."""

from collections.abc import Iterator

from potstill.results import Table, figure_columns, word_columns
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
    rows = []
    for entry in report.entries:
        counts, probe = entry.parameters, entry.probe
        rows.append(
            (
                _name(entry),
                *(f"{count / 1e6:.2f} M" for count in (counts.total, counts.embeddings, counts.encoder, counts.pooler)),
                f"{counts.head:,}",
                f"{entry.size_bytes / 1e6:.1f} MB",
                f"{entry.gigaflops:.2f}",
                _ABSENT if probe is None else f"{probe.peak_bytes / 1e6:.0f} MB (+{probe.model_bytes / 1e6:.0f})",
            )
        )
    names = ("weights", "embeddings", "encoder", "pooler", "head", "on disk", "GFLOP", "peak memory")
    return Table(
        columns=(*word_columns("size"), *figure_columns(*names)),
        rows=tuple(rows),
        notes=("GFLOP: one text of 128 tokens. Peak memory: of a process with this model alone (and what it added).",),
    )


def _speeds(report: BenchReport) -> Table:
    heads = ["s per 100 batches"] if report.settings.protocol == "published" else ["ms p50", "p95", "p99"]
    names = ("sentences/s", "slowest - fastest", "times as fast", *heads, "cold start")
    return Table(
        columns=(*word_columns("speed"), *figure_columns(*names)),
        rows=tuple(map(_speed_row, report.entries)),
        notes=(_protocol(report),),
    )


def _speed_row(entry: BenchEntry) -> tuple[str, ...]:
    rate, probe, latency = entry.rate, entry.probe, entry.latency
    more = [f"{entry.seconds_per_100_batches:.1f}"] if entry.seconds_per_100_batches is not None else []
    if latency is not None:
        more = [f"{latency.p50:.1f}", f"{latency.p95:.1f}", f"{latency.p99:.1f}"]
    cold = probe.cold_start_seconds if probe is not None else None
    return (
        _name(entry),
        _count(rate.median),
        f"{_count(rate.slowest)} - {_count(rate.fastest)}",
        _ratio(rate),
        *more,
        _ABSENT if cold is None else f"{cold:.2f} s",
    )


def _protocol(report: BenchReport) -> str:
    """Say how speeds were measured, and where."""
    settings = report.settings
    if settings.protocol == "published":
        how = (
            f"{settings.num_batches} batches of {settings.batch_size} texts, all {settings.num_tokens} tokens long, "
            "scaled to 100 batches of 128; forward pass only"
        )
    else:
        how = (
            f"{report.texts}, {report.mean_tokens:.0f} tokens on average, in batches of similar length; "
            f"ms: one text at a time; {settings.repeats} rounds"
        )
    machine = report.environment.get("cpu") or "this machine"
    return f"{how}; {report.environment.get('num_threads')} threads of {machine}."


def _lengths(report: BenchReport) -> Table:
    lengths = [speed.num_tokens for speed in report.entries[0].by_length]
    rows = [
        (_name(entry), *(f"{_count(speed.rate.median)} ({speed.rate.ratio:.1f} x)" for speed in entry.by_length))
        for entry in report.entries
    ]
    return Table(
        columns=(
            *word_columns("sentences/s in batches of 32"),
            *figure_columns(*(f"{length} tokens" for length in lengths)),
        ),
        rows=tuple(rows),
    )


def _published(report: BenchReport) -> Table:
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for entry in report.entries:
        row = entry.published
        if row is None:
            continue
        if row.note is not None:
            notes.append(f"[{len(notes) + 1}] {row.note}")
        rows.append(
            (
                _name(entry),
                row.name if row.note is None else f"{row.name} [{len(notes)}]",
                row.parameters,
                _ABSENT if row.seconds is None else f"{row.seconds:g}",
                f"{row.speedup:.1f} x",
                f"{entry.rate.ratio:.1f} x",
            )
        )
    return Table(
        columns=(
            *word_columns("published", "as"),
            *figure_columns("weights", "s per 100 batches", "times as fast", "here"),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _name(entry: BenchEntry) -> str:
    return f"{entry.name} ({entry.backend})"


def _ratio(rate: Rate) -> str:
    low, high = rate.ratio_range
    return "1" if low == high == 1 else f"{rate.ratio:.1f} [{low:.1f}, {high:.1f}]"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
