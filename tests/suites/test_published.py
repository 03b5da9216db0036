"""The published tables, as printed, with averages that come out as printed and corrections below them."""

from decimal import Decimal

import pytest

from potstill.errors import RecipeError
from potstill.suites import PublishedTable, load_published, published_names
from potstill.suites.published import average_half_up
from potstill.suites.tables import show_published
from potstill.suites.text_table import to_markdown

AVERAGED = [
    pytest.param(row.values, row.average, id=f"{name}: {row.system}")
    for name in published_names()
    for row in load_published(name).rows
    if row.average is not None
]


@pytest.mark.parametrize(("values", "average"), AVERAGED)
def test_a_printed_average_is_the_mean_of_the_printed_columns_half_up(values, average) -> None:
    assert average_half_up(values) == average


def test_all_averages_of_the_slides_are_there() -> None:
    count = {name: sum(row.average is not None for row in load_published(name).rows) for name in published_names()}
    assert {name: number for name, number in count.items() if name.startswith("seed") and number} == {
        "seed-glue": 6,
        "seed-table4": 7,
        "seed-table5": 4,
        "seed-table6": 6,
        "seed-table7": 3,
    }


def test_half_to_even_would_not_give_the_printed_averages() -> None:
    wide, bottom = load_published("seed-table4").rows[4], load_published("seed-table7").rows[2]
    for row, printed, wrong in ((wide, "76.1", "76.0"), (bottom, "71.3", "71.2")):
        exact = sum(row.values) / len(row.values)
        assert average_half_up(row.values) == Decimal(printed)
        assert exact.quantize(Decimal("0.1")) == Decimal(wrong)


def test_unrounded_means_are_those_of_the_slides() -> None:
    means = {
        "seed-glue": [79.600, 79.467, 70.178, None, 72.600, 71.933, 76.489],
        "seed-table4": [78.2, 72.0, 71.9, 75.3, 76.05, 76.05, 77.325],
        "seed-table5": [75.3, 72.5, 68.525, 68.425],
        "seed-table6": [75.3, 74.075, 73.5, 56.325, 71.0, 72.9],
        "seed-table7": [75.3, 70.875, 71.25],
    }
    for name, expected in means.items():
        for row, mean in zip(load_published(name).rows, expected, strict=True):
            if mean is not None:
                assert float(sum(row.values) / len(row.values)) == pytest.approx(mean, abs=5e-4)


@pytest.mark.parametrize("name", published_names())
def test_a_table_says_where_it_was_printed_and_shows_every_figure(name: str) -> None:
    table = load_published(name)
    text = to_markdown(show_published(table))
    assert f"Source: {table.source}." in text
    for row in table.rows:
        assert row.system in text
        for note in row.notes:
            assert note in text
        for value in row.values:
            assert value is None or f" {value} |" in text


def test_corrections_stand_below_the_tables() -> None:
    sizes = to_markdown(show_published(load_published("seed-size")))
    assert "BERT-PKD/DistilBERT [2]" in sizes
    assert "[2] Correction: 52.2M and 63.7 s are those of the 4-layer models" in sizes
    glue = to_markdown(show_published(load_published("seed-glue")))
    assert "BERT-PKD [3]" in glue
    assert "DistilBERT [3]" in glue
    assert "its teacher is BERT LARGE" in glue
    assert "three protocols are mixed" in to_markdown(show_published(load_published("seed-speed")))


def test_ratios_of_the_size_table_come_from_its_figures() -> None:
    table = load_published("seed-size")
    labels = [column.quantity for column in table.columns]
    teacher = dict(zip(labels, table.rows[0].values, strict=True))
    for row in table.rows:
        values = dict(zip(labels, row.values, strict=True))
        for ratio, of in (("times_smaller", "million_weights"), ("times_faster", "seconds")):
            assert abs(teacher[of] / values[of] - values[ratio]) < Decimal("0.1")


def test_figures_are_kept_as_printed() -> None:
    assert [str(value) for value in load_published("seed-glue").rows[3].values[:2]] == ["73.0", "72.6"]
    assert str(load_published("seed-size").rows[0].values[3]) == "109"


COLUMN = {"label": "a", "task": "cola", "metric": "matthews"}
TABLE = {"title": "t", "source": "s", "columns": [COLUMN], "rows": [{"system": "x", "values": [1]}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": [{"system": "x", "values": [1, 2]}]}, "rows.x: 2 values for 1 columns"),
        ({"columns": [COLUMN | {"quantity": "layers"}]}, "set task and metric, or quantity alone"),
        ({"columns": [{"label": "a", "task": "cola"}]}, "set task and metric, or quantity alone"),
        ({"rows": [{"system": "x", "values": ["much"]}]}, "rows.0.values.0"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changes: dict, message: str) -> None:
    assert PublishedTable.parse(TABLE)
    with pytest.raises(RecipeError, match=message):
        PublishedTable.parse(TABLE | changes)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(RecipeError, match="published table 'seed-glu' does not exist. Did you mean 'seed-glue'"):
        load_published("seed-glu")
