"""A bench as a picture: throughput against size, and throughput by length."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from potstill.errors import ModelError
from potstill.files import whole_file
from potstill.serving.bench_report import BenchReport

PLOT_SUFFIXES = (".png", ".svg", ".html", ".json")


def check_plot(file: Path) -> None:
    """Refuse a picture that could not be drawn, before any time is spent.

    Args:
        file: Where it is to go.

    Raises:
        ModelError: The packages are missing, or the kind of file is not known.
    """
    if any(find_spec(name) is None for name in ("altair", "vl_convert")):
        raise ModelError("--plot needs altair and vl-convert-python; run \"pip install 'potstill[plots]'\".")
    if file.suffix.lower() not in PLOT_SUFFIXES:
        raise ModelError(f"--plot {file}: pictures are written as {', '.join(PLOT_SUFFIXES)}; choose one of these.")


def write_plot(report: BenchReport, file: Path) -> None:
    """Draw a bench.

    Args:
        report: What was measured.
        file: PNG, SVG, HTML or Vega-Lite JSON, by its suffix; written whole or not at all.
    """
    chart = _draw(report)
    kind = file.suffix.lower().lstrip(".")
    with whole_file(file) as aside:
        chart.save(str(aside), format=kind, **({"scale_factor": 2} if kind == "png" else {}))


def _draw(report: BenchReport) -> Any:  # noqa: ANN401 - a chart of a lazy import
    import altair

    rows = [
        {
            "model": f"{entry.name} ({entry.backend})",
            "megabytes": entry.size_bytes / 1e6,
            "rate": entry.rate.median,
            "slowest": entry.rate.slowest,
            "fastest": entry.rate.fastest,
        }
        for entry in report.entries
    ]
    logarithm = altair.Scale(type="log")
    rate = altair.Y("rate:Q", scale=logarithm, title="sentences per second")
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X("megabytes:Q", scale=logarithm, title="size on disk, MB"), color=altair.Color("model:N", sort=None)
    )
    ranges = base.mark_rule().encode(y=altair.Y("slowest:Q", title="sentences per second"), y2="fastest:Q")
    left = (ranges + base.mark_point(filled=True, size=80).encode(y=rate)).properties(title="speed and size")
    points = [
        {"model": f"{entry.name} ({entry.backend})", "tokens": speed.num_tokens, "rate": speed.rate.median}
        for entry in report.entries
        for speed in entry.by_length
    ]
    if not points:
        return left
    right = (
        altair.Chart(altair.Data(values=points), title="batches of 32")
        .mark_line(point=True)
        .encode(x=altair.X("tokens:Q", title="tokens"), y=rate, color=altair.Color("model:N", sort=None))
    )
    return altair.hconcat(left, right)
