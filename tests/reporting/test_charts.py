"""Axes, places and pictures."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import HOSTILE

from potstill.reporting.axes import linear_axis, log_axis, round_ticks
from potstill.reporting.charts import Line, Spot, draw_lines, draw_reliability, draw_spots
from potstill.reporting.published import read_published
from potstill.results import Calibration, CalibrationBin

SVG = "{http://www.w3.org/2000/svg}"
numbers = st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda value: round(value, 6))


@given(numbers, numbers)
def test_ticks_are_round_and_enclose_what_is_drawn(first: float, second: float):
    low, high = sorted((first, second))
    ticks = round_ticks(low, high)
    assert 3 <= len(ticks) <= 9 or high - low <= 1e-9 * abs(high)
    slack = 1e-8 * (high - low)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert ticks == sorted(ticks)


@given(st.lists(numbers, min_size=1, max_size=9))
def test_a_linear_axis_places_every_value_inside(values: list[float]):
    axis = linear_axis("made up", values)
    for value in values:
        assert -1e-9 <= axis.place(value) <= 1 + 1e-9
    assert (axis.place(axis.low), axis.place(axis.high)) == (0, 1)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=9))
def test_a_log_axis_places_every_value_inside_and_equal_ratios_equally_far(values: list[float]):
    axis = log_axis("made up", values, unit="x")
    for value in values:
        assert 0 < axis.place(value) < 1
    assert len(axis.ticks) >= 1
    step = axis.place(values[0] * 1.1) - axis.place(values[0])
    assert step == pytest.approx(math.log(1.1) / math.log(axis.high / axis.low))


def dots(picture: str) -> list[tuple[float, float]]:
    circles = ElementTree.fromstring(picture).iter("circle")
    return [(float(each.get("cx")), float(each.get("cy"))) for each in circles]


def test_higher_values_lie_higher_and_later_steps_further_right():
    picture = draw_lines("loss", [Line(name="student", css="student", points=((10.0, 1.0), (20.0, 3.0), (30.0, 2.0)))])
    (x1, y1), (x2, y2), (x3, y3) = dots(picture)
    assert x1 < x2 < x3
    assert y2 < y3 < y1
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.02)


def test_points_that_are_not_finite_are_left_out():
    points = ((1.0, math.nan), (2.0, 1.0), (3.0, math.inf))
    assert len(dots(draw_lines("loss", [Line(name="a", css="student", points=points)]))) == 1
    assert draw_lines("loss", [Line(name="a", css="student", points=points[:1])]) is None


def test_every_dot_says_what_it_is():
    spots = [
        Spot(name="student", css="student", x=7.5, y=0.968, low=0.95, high=0.99),
        Spot(name="b", css="other", x=2.0, y=0.9),
    ]
    root = ElementTree.fromstring(draw_spots("times smaller", "% kept", spots))
    assert {each.text for each in root.iter("title")} == {"student: 7.5x, 96.8 %", "b: 2x, 90.0 %"}
    assert (
        root.get("aria-label") == "Scatter chart of % kept against times smaller. student: 7.5x, 96.8 %; b: 2x, 90.0 %."
    )


def test_names_of_dots_do_not_cover_each_other():
    spots = [
        Spot(name=f"system {number}", css="other", x=2.0 + number / 10, y=0.9 + number / 100) for number in range(4)
    ]
    root = ElementTree.fromstring(draw_spots("times smaller", "% kept", spots, size=(480.0, 340.0)))
    names = [each for each in root.iter("text") if (each.get("class") or "").startswith("name")]
    boxes = []
    for each in names:
        width, x, y = 6 * len(each.text), float(each.get("x")), float(each.get("y"))
        left = {"start": x, "end": x - width, "middle": x - width / 2}[each.get("text-anchor")]
        boxes.append((left, left + width, y - 10, y))
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


def test_reliability_is_drawn_where_confidence_and_accuracy_meet():
    bins = (
        CalibrationBin(low=0.4, high=0.6, num_examples=10, confidence=0.5, accuracy=0.5),
        CalibrationBin(low=0.8, high=1.0, num_examples=30, confidence=0.9, accuracy=0.6),
    )
    picture = draw_reliability("student", "student", Calibration(error=0.225, num_bins=5, bins=bins), start=0.4)
    (x1, y1), (x2, y2) = dots(picture)
    assert (x1 < x2, y2 < y1) == (True, True)
    radii = [float(each.get("r")) for each in ElementTree.fromstring(picture).iter("circle")]
    assert radii[0] < radii[1]
    assert "30 examples with confidence 90 % are right in 60 %" in picture


@given(st.text(max_size=30))
def test_names_in_pictures_stay_text(name: str):
    picture = draw_lines(name + HOSTILE, [Line(name=name + HOSTILE, css="student", points=((1.0, 1.0),))])
    tags = {each.tag for each in ElementTree.fromstring(picture).iter()}
    assert tags == {"svg", "g", "line", "text", "polyline", "circle", "title"}


def test_published_systems_are_relative_to_their_own_teacher():
    published = {each.name: each for each in read_published("sst-2").systems}
    tiny = published["TinyBERT, 4 layers"]
    assert tiny.kept == pytest.approx(92.6 / 93.4)
    assert tiny.times_smaller == pytest.approx(7.5, abs=0.05)
    assert tiny.times_faster == pytest.approx(9.4, abs=0.06)
    assert published["BERT-PKD, 4 layers"].times_smaller == pytest.approx(2.1, abs=0.05)
    assert published["BiLSTM"].times_faster == pytest.approx(7.6, abs=0.05)


def test_a_task_without_published_figures_gets_the_average():
    published = read_published("trec")
    assert published.measure == "GLUE's test average"
    kept = {each.name: each.kept for each in published.systems}
    assert kept["TinyBERT, 4 layers"] == pytest.approx(76.5 / 79.5)
    assert "BiLSTM" not in kept


@pytest.mark.parametrize(
    ("task", "metric", "measure"),
    [
        ("sst-2", "accuracy", "accuracy on sst-2's test set"),
        ("mrpc", "f1", "F1 on mrpc's test set"),
        ("qqp", "f1", "F1 on qqp's test set"),
        ("sts-b", "spearman", "Spearman on sts-b's test set"),
        ("trec", None, "GLUE's test average"),
    ],
)
def test_the_published_systems_say_what_they_kept(task: str, metric: str | None, measure: str):
    published = read_published(task)
    assert (published.metric, published.measure) == (metric, measure)
