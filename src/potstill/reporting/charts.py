"""The charts of a report, each with a text for those who do not see it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from potstill.reporting.axes import linear_axis, log_axis, write_number
from potstill.reporting.plot import Label, draw_frame
from potstill.reporting.svg import add, finish
from potstill.results import Calibration, Trust

SIZE = (440.0, 270.0)
SMALL = (320.0, 270.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes:
        name: Who it belongs to.
        css: Class that colours it.
        points: Pairs (x, y).
    """

    name: str
    css: str
    points: tuple[tuple[float, float], ...]

    @property
    def finite(self) -> tuple[tuple[float, float], ...]:
        """The points that can be drawn."""
        return tuple((x, y) for x, y in self.points if math.isfinite(x) and math.isfinite(y))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One named dot of a chart.

    Attributes:
        name: What it stands for.
        css: Class that colours it.
        x: Horizontal value, above 0.
        y: Vertical value.
        low: Lower end of the vertical value's interval, if it has one.
        high: Upper end.
    """

    name: str
    css: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


def draw_lines(
    title: str, lines: Sequence[Line], *, percent: bool = False, level: float | None = None
) -> Markup | None:
    """Draw lines over the steps of a training."""
    shown = [line for line in lines if line.finite]
    if not shown:
        return None
    values = [y for line in shown for _, y in line.finite]
    steps = [x for line in shown for x, _ in line.finite]
    across = [0.0, *steps]
    down = [*values, *([] if level is None else [level])]
    ends = "; ".join(
        f"{line.name} from {_write(line.finite[0][1], percent)} to {_write(line.finite[-1][1], percent)}"
        for line in shown
    )
    y = linear_axis(title, down, percent=percent)
    plot = draw_frame(linear_axis("step", across), y, size=SIZE, label=f"Line chart of {title} over steps: {ends}.")
    if level is not None:
        plot.line([(plot.x.low, level), (plot.x.high, level)], css="teacher level")
    for line in shown:
        plot.line(line.finite, css=line.css)
        dots = line.finite if len(line.finite) <= 60 else line.finite[:: len(line.finite) // 60 + 1]
        for x, value in dots:
            tip = f"{line.name}, step {x:,.0f}: {_write(value, percent)}"
            plot.dot(x, value, css=line.css, tip=tip, radius=2.2)
    return finish(plot.root)


def draw_spots(x_title: str, y_title: str, spots: Sequence[Spot], *, size: tuple[float, float] = SIZE) -> Markup:
    """Draw named dots: how much smaller or faster against how much quality is left."""
    heights = [value for spot in spots for value in (spot.y, spot.low, spot.high) if value is not None]
    told = "; ".join(f"{spot.name}: {write_number(round(spot.x, 2))}x, {_write(spot.y, True)} %" for spot in spots)
    x = log_axis(x_title, [spot.x for spot in spots], unit="x")
    y = linear_axis(y_title, heights, percent=True, pad=0.04)
    plot = draw_frame(x, y, size=size, label=f"Scatter chart of {y_title} against {x_title}. {told}.")
    labels = Label(plot)
    for spot in spots:
        labels.keep_free(spot.x, spot.y)
        if spot.low is not None and spot.high is not None:
            plot.line([(spot.x, spot.low), (spot.x, spot.high)], css=f"{spot.css} whisker")
    for spot in reversed(spots):
        tip = f"{spot.name}: {write_number(round(spot.x, 2))}x, {_write(spot.y, True)} %"
        plot.dot(spot.x, spot.y, css=spot.css, tip=tip, radius=5.0)
    for spot in spots:
        labels.put(spot.x, spot.y, spot.name, css=spot.css)
    return finish(plot.root)


def draw_reliability(name: str, css: str, calibration: Calibration, *, start: float) -> Markup:
    """Draw how often a model is right over how sure it is."""
    total = sum(each.num_examples for each in calibration.bins)
    x, y = linear_axis("confidence, %", [start, 1.0], percent=True), linear_axis("right, %", [0.0, 1.0], percent=True)
    told = "; ".join(
        f"{each.num_examples} examples with confidence {each.confidence * 100:.0f} % are right in "
        f"{each.accuracy * 100:.0f} %"
        for each in calibration.bins
    )
    label = f"Reliability chart of the {name}: calibration error {calibration.error * 100:.1f} points. {told}."
    plot = draw_frame(x, y, size=SMALL, label=label)
    plot.line([(x.low, x.low), (1.0, 1.0)], css="diagonal")
    plot.line([(each.confidence, each.accuracy) for each in calibration.bins], css=css)
    for each in calibration.bins:
        tip = (
            f"{each.num_examples} examples with confidence {each.low * 100:.0f} to {each.high * 100:.0f} %: "
            f"mean {each.confidence * 100:.1f} %, right in {each.accuracy * 100:.1f} %"
        )
        radius = 2.5 + 8 * math.sqrt(each.num_examples / total)
        plot.dot(each.confidence, each.accuracy, css=css, tip=tip, radius=radius)
    return finish(plot.root)


def draw_trust(trust: Trust) -> Markup:
    """Draw over the share of texts that are answered how often these answers agree, and at least agree."""
    shares = [step.num_answered / trust.num_texts for step in trust.steps]
    agreed = [step.num_agreed / step.num_answered for step in trust.steps]
    verb, target = "agrees with its teacher" if trust.reference == "teacher" else "is right", trust.promise.target
    told = "; ".join(
        f"of the surest {share * 100:.0f} % it {verb} in {value * 100:.1f} %, at least {step.bound * 100:.1f} %"
        for share, value, step in zip(shares, agreed, trust.steps, strict=True)
    )
    shown = [(share, step.bound) for share, step in zip(shares, trust.steps, strict=True) if step.bound > 0.5]
    x = linear_axis("texts answered, the surest first, %", [0.0, 1.0], percent=True)
    y = linear_axis(f"{verb}, %", [*agreed, *(bound for _, bound in shown), target, 1.0], percent=True)
    plot = draw_frame(x, y, size=SIZE, label=f"Line chart of how often the model {verb}. {told}.")
    plot.line([(x.low, target), (x.high, target)], css="teacher level")
    plot.line(list(zip(shares, agreed, strict=True)), css="student")
    plot.line(shown, css="student whisker")
    if trust.promise.threshold is not None and trust.promise.agreement is not None:
        tip = f"confidence {trust.promise.threshold:.4g} and more: {trust.promise.coverage * 100:.1f} % of the texts"
        plot.dot(trust.promise.coverage, trust.promise.agreement, css="student", tip=tip, radius=5.0)
    return finish(plot.root)


def draw_scatter(name: str, css: str, gold: Sequence[float], scores: Sequence[float]) -> Markup:
    """Draw a regressor's scores over the gold scores."""
    label = f"Scatter chart of the {name}'s scores over the gold scores, {len(gold)} examples."
    x = linear_axis("gold score", gold)
    plot = draw_frame(x, linear_axis("score", [*gold, *scores]), size=SMALL, label=label)
    ends = max(x.low, plot.y.low), min(x.high, plot.y.high)
    plot.line([(ends[0], ends[0]), (ends[1], ends[1])], css="diagonal")
    cloud = add(plot.inside, "g", css=f"cloud {css}")
    for actual, score in zip(gold, scores, strict=True):
        across, down = plot.at(actual, score)
        add(cloud, "circle", cx=across, cy=down, r=2.0)
    return finish(plot.root)


def _write(value: float, percent: bool) -> str:  # noqa: FBT001 - private
    return f"{value * 100:.1f}" if percent else write_number(value)
