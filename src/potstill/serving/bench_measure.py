"""Rates, ratios and percentiles of models that took turns."""

import statistics
from collections.abc import Sequence

import numpy as np

from potstill.serving.bench_report import Latency, Rate


def make_rates(seconds: Sequence[Sequence[float]], counts: Sequence[int]) -> list[Rate]:
    """Turn the seconds of rounds into sentences per second, and into ratios to the first model."""
    rates: list[Rate] = []
    for mine, count in zip(seconds, counts, strict=True):
        ratios = [(first / counts[0]) / (own / count) for first, own in zip(seconds[0], mine, strict=True)]
        rates.append(
            Rate(
                median=count / statistics.median(mine),
                slowest=count / max(mine),
                fastest=count / min(mine),
                ratio=statistics.median(ratios),
                ratio_range=(min(ratios), max(ratios)),
            )
        )
    return rates


def make_latency(seconds: Sequence[float]) -> Latency:
    """Give the percentiles of answers, in milliseconds."""
    p50, p95, p99 = (1000 * np.percentile(seconds, [50, 95, 99])).tolist()
    return Latency(p50=p50, p95=p95, p99=p99)
