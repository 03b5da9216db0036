"""Axes: from values to places, with round numbers at the ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale with its ticks.

    Attributes:
        title: What it shows, with the unit.
        low: Value at its beginning.
        high: Value at its end, above `low`.
        ticks: Values with a mark, within both.
        labels: What is written at each tick.
        is_log: Whether equal ratios, not equal differences, are equally far apart.
    """

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        """Say where a value lies: 0 at the beginning, 1 at the end."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear_axis(title: str, values: Iterable[float], *, percent: bool = False, pad: float = 0.0) -> Axis:
    """Make an axis of equal differences that holds all values."""
    every = list(values)
    low, high = min(every), max(every)
    room = (high - low) * pad
    ticks = round_ticks(low - room, high + room)
    written = [write_number(tick * (100 if percent else 1)) for tick in ticks]
    return Axis(title=title, low=ticks[0], high=ticks[-1], ticks=tuple(ticks), labels=tuple(written))


def log_axis(title: str, values: Iterable[float], *, unit: str = "") -> Axis:
    """Make an axis of equal ratios that holds all values."""
    every = list(values)
    low, high = min(every) / 1.15, max(every) * 1.15
    if high / low < 2:
        low, high = low / 1.5, high * 1.5
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 1.5, 2, 3, 4, 6, 8) if high / low < 12 else (1, 2, 5) if high / low < 300 else (1,)
    ticks = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
    labels = tuple(f"{write_number(tick)}{unit}" for tick in ticks)
    return Axis(title=title, low=low, high=high, ticks=tuple(ticks), labels=labels, is_log=True)


def round_ticks(low: float, high: float, *, target: int = 5) -> list[float]:
    """Find round numbers that enclose an interval.

    Example:
        >>> round_ticks(0.13, 0.92)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        >>> round_ticks(3.0, 3.0)
        [2.0, 3.0, 4.0]
    """
    if not high > low:
        spread = 10.0 ** math.floor(math.log10(abs(high))) if high else 1.0
        return [low - spread, float(low), high + spread]
    raw = (high - low) / target
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def write_number(value: float) -> str:
    """Write a number as short as it can be told from its neighbours.

    Example:
        >>> [write_number(value) for value in (0.0, 12.5, 3000.0, 0.0004, 12_500_000.0)]
        ['0', '12.5', '3,000', '0.0004', '12.5 M']
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.0e}"
