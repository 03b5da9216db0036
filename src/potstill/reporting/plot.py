"""The frame of a chart: axes with titles, ticks and grid, and what is drawn inside."""

from collections.abc import Sequence
from dataclasses import dataclass

from potstill.reporting.axes import Axis
from potstill.reporting.svg import Element, add, begin

_CHARACTER = 6.3
"""Mean width of a character of the labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A frame that can be drawn into.

    Attributes:
        root: The picture.
        inside: The group of what is drawn over the grid.
        x: The horizontal axis.
        y: The vertical axis.
        left: Where the horizontal axis begins.
        right: Where it ends.
        top: Where the vertical axis ends.
        bottom: Where it begins.
    """

    root: Element
    inside: Element
    x: Axis
    y: Axis
    left: float
    right: float
    top: float
    bottom: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Say where two values lie in the picture."""
        return (
            self.left + self.x.place(x) * (self.right - self.left),
            self.bottom - self.y.place(y) * (self.bottom - self.top),
        )

    def line(self, points: Sequence[tuple[float, float]], *, css: str) -> None:
        """Draw a line through values."""
        places = [self.at(x, y) for x, y in points]
        add(self.inside, "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), css=f"line {css}")

    def dot(self, x: float, y: float, *, css: str, tip: str, radius: float = 3.0) -> None:
        """Draw a dot that says more where the pointer rests on it."""
        across, down = self.at(x, y)
        circle = add(self.inside, "circle", cx=across, cy=down, r=radius, css=f"dot {css}")
        add(circle, "title", tip)


def draw_frame(x: Axis, y: Axis, *, size: tuple[float, float], label: str) -> Plot:
    """Draw axes and grid."""
    width, height = size
    left = 16 + _CHARACTER * max(map(len, y.labels))
    right, top, bottom = width - 14.0, 24.0, height - 38.0
    root = begin(width, height, label=label)
    grid = add(root, "g", css="grid")
    plot = Plot(root=root, inside=add(root, "g"), x=x, y=y, left=left, right=right, top=top, bottom=bottom)
    for tick, written in zip(x.ticks, x.labels, strict=True):
        across, _ = plot.at(tick, y.low)
        add(grid, "line", x1=across, x2=across, y1=top, y2=bottom)
        add(grid, "text", written, x=across, y=bottom + 15, text_anchor="middle")
    for tick, written in zip(y.ticks, y.labels, strict=True):
        _, down = plot.at(x.low, tick)
        add(grid, "line", x1=left, x2=right, y1=down, y2=down)
        add(grid, "text", written, x=left - 6, y=down + 4, text_anchor="end")
    add(grid, "text", x.title, x=(left + right) / 2, y=bottom + 32, text_anchor="middle", css="title")
    add(grid, "text", y.title, x=2.0, y=12.0, css="title")
    return plot


class Label:
    """Puts names beside dots where there is room."""

    def __init__(self, plot: Plot) -> None:
        """Begin with an empty plot."""
        self._plot = plot
        self._taken: list[tuple[float, float, float, float]] = []

    def keep_free(self, x: float, y: float, *, radius: float = 6.0) -> None:
        """Let no name cover the dot of two values."""
        across, down = self._plot.at(x, y)
        self._taken.append((across - radius, down - radius, across + radius, down + radius))

    def put(self, x: float, y: float, text: str, *, css: str) -> None:
        """Write a name beside the dot of two values, at the first side where it covers nothing."""
        across, down = self._plot.at(x, y)
        width = _CHARACTER * len(text)
        sides = [
            (across + 9, down + 4, "start"),
            (across - 9, down + 4, "end"),
            (across, down - 10, "middle"),
            (across, down + 19, "middle"),
            (across + 9, down - 9, "start"),
            (across + 9, down + 17, "start"),
            (across - 9, down - 9, "end"),
            (across - 9, down + 17, "end"),
        ]
        boxes = [_box(left, base, anchor, width) for left, base, anchor in sides]
        free = (index for index, box in enumerate(boxes) if self._is_free(box))
        best = next(free, 0)
        self._taken.append(boxes[best])
        left, base, anchor = sides[best]
        add(self._plot.inside, "text", text, x=left, y=base, text_anchor=anchor, css=f"name {css}")

    def _is_free(self, box: tuple[float, float, float, float]) -> bool:
        left, top, right, bottom = box
        is_inside = left >= self._plot.left and right <= self._plot.right + 10 and top >= self._plot.top - 12
        return is_inside and not any(
            left < other[2] and right > other[0] and top < other[3] and bottom > other[1] for other in self._taken
        )


def _box(x: float, base: float, anchor: str, width: float) -> tuple[float, float, float, float]:
    left = {"start": x, "end": x - width, "middle": x - width / 2}[anchor]
    return left, base - 11, left + width, base + 3
