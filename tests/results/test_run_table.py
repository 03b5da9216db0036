"""The table: rows, figures, ratios, in a terminal and in Markdown."""

from datetime import UTC, datetime

import numpy as np
import pytest
from rich.console import Console

from potstill.answers import LabelRows, OneClass
from potstill.results import (
    NO_INTERVAL,
    ClassFidelity,
    Comparison,
    ModelResult,
    Parameters,
    Results,
    ScoreFidelity,
    Speed,
    describe_results,
    make_table,
    to_terminal,
)


def speed(rate):
    return Speed(
        sentences_per_second=rate,
        slowest=rate * 0.9,
        fastest=rate * 1.1,
        num_repeats=5,
        num_sentences=256,
        device="cpu",
        num_threads=2,
        precision="fp32",
    )


def model(role, score, encoder, rate, fidelity=None):
    return ModelResult(
        role=role,
        name="some/model",
        metrics={"accuracy": score, "f1": score - 0.01},
        interval=(score - 0.02, score + 0.02),
        num_examples=872,
        fidelity=fidelity,
        parameters=Parameters(embeddings=4_000_000, encoder=encoder, pooler=500, head=500, total=encoder + 4_001_000),
        size_bytes=4 * encoder,
        speed=None if rate is None else speed(rate),
    )


def bundle(*models, comparisons=(), primary="accuracy"):
    return Results(
        task="sst-2",
        primary_metric=primary,
        num_examples=872,
        models=models,
        comparisons=comparisons,
        environment={},
        created=datetime.now(UTC),
    )


@pytest.fixture
def results() -> Results:
    return bundle(
        model("student", 0.897, 7_000_000, 1234.5, ClassFidelity(agreement=0.934, divergence=0.0874)),
        model("teacher", 0.921, 85_054_464, 98.6),
        model("student_hard_labels", 0.871, 7_000_000, 1230.0, ClassFidelity(agreement=0.9, divergence=0.2)),
        comparisons=(Comparison(other="teacher", difference=-0.024, interval=(-0.035, -0.012)),),
    )


def test_markdown_has_a_row_for_each_model_with_the_student_last(results):
    results = results.model_copy(
        update={"models": (*results.models, model("student_random_start", 0.8, 7_000_000, 9.0))}
    )
    rows = [line for line in describe_results(results).splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows] == [
        "model",
        ":--",
        "teacher",
        "labels only, random start",
        "labels only",
        "student",
    ]
    assert len({row.count("|") for row in rows}) == 1


def test_figures_are_those_a_reader_expects(results):
    student = describe_results(results).splitlines()[6]
    cells = [cell.strip() for cell in student.strip("|").split("|")]
    assert cells == [
        "student",
        "89.7 [87.7, 91.7]",
        "88.7",
        "93.4 %",
        "0.087",
        "7.0 M (12.2x smaller)",
        "11.0 M",
        "28.0",
        "1,234 (12.5x faster)",
    ]
    teacher = describe_results(results).splitlines()[4]
    assert "| - | - | 85.1 M | 89.1 M | 340.2 | 99 |" in teacher


def test_comparisons_stand_below_with_their_sign(results):
    assert describe_results(results).endswith("\n- student minus teacher: -2.4 [-3.5, -1.2] accuracy\n")


def test_a_student_that_is_slower_or_larger_is_called_so():
    worse = bundle(model("teacher", 0.9, 1_000_000, 100.0), model("student", 0.9, 2_000_000, 50.0))
    assert "2.0 M (2.0x larger)" in describe_results(worse)
    assert "50 (2.0x slower)" in describe_results(worse)


def test_equal_sizes_get_no_ratio():
    same = describe_results(bundle(model("teacher", 0.9, 1_000_000, 100.0), model("student", 0.9, 1_000_000, 101.0)))
    assert "smaller" not in same
    assert "faster" not in same


def test_a_single_model_goes_under_its_name():
    table = describe_results(bundle(model("model", 0.9, 1_000_000, None)))
    assert "| some/model |" in table
    assert "minus" not in table
    assert "teacher" not in table


def test_a_regression_shows_correlation_and_distance():
    fidelity = ScoreFidelity(pearson=0.912, mean_absolute_difference=0.25)
    table = describe_results(bundle(model("teacher", 0.9, 10, 1.0), model("student", 0.8, 10, 1.0, fidelity)))
    assert "| r with teacher | mean distance |" in table
    assert "| 0.912 | 0.250 |" in table


def render(results, width):
    console = Console(width=width, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(to_terminal(make_table(results)))
    return capture.get()


def test_the_terminal_shows_the_same_words(results):
    text = render(results, 240)
    for line in describe_results(results).splitlines():
        if line.startswith("| ") and ":--" not in line:
            for word in line.replace("|", " ").replace("model", "").split():
                assert word in text
    assert "student minus teacher: -2.4 [-3.5, -1.2] accuracy" in text
    assert "872 examples" in text


def test_teacher_control_and_student_fit_into_80_columns(results):
    narrow, wide = render(results, 80).splitlines(), render(results, 240).splitlines()
    assert [line.split() for line in narrow] == [line.split() for line in wide]


def test_brackets_in_a_name_are_no_markup():
    odd = bundle(model("model", 0.9, 1_000_000, None).model_copy(update={"name": "my[red]model[/red]"}))
    assert "my[red]model[/red]" in render(odd, 200)


def test_one_answer_to_all_texts_has_no_interval_and_the_table_says_why():
    cola = OneClass(label_names=("no", "yes"))
    gold = LabelRows.one_each(np.array([0, 1, 1, 1, 0, 1]))
    interval = cola.interval("matthews", np.array([[0.0, 1.0]] * 6), gold)
    constant = model("student", 0.0, 1_000_000, 100.0).model_copy(
        update={"interval": interval, "metrics": {"matthews": 0.0}}
    )
    sure = model("teacher", 0.9, 1_000_000, 100.0).model_copy(update={"metrics": {"matthews": 0.9}})
    told = describe_results(bundle(sure, constant, primary="matthews"))
    assert "0.0 [none]" in told
    assert "[88.0, 92.0]" in told
    assert "[95 % interval over examples], measured in fp32" in told
    assert NO_INTERVAL in told
    assert "none" not in describe_results(bundle(sure, primary="matthews"))
