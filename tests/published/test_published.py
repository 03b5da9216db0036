"""The published tables, as printed, with averages that come out as printed and corrections below them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

import potstill
from potstill.answers import known_metrics
from potstill.data import describe_tasks
from potstill.errors import RecipeError
from potstill.published import PublishedRows, PublishedTable, average_half_up, load_published, published_names
from potstill.results import to_markdown
from potstill.suites.comparing import show_published

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
    assert {name: number for name, number in count.items() if name.startswith("tinybert-paper") and number} == {
        "tinybert-paper": 6,
        "tinybert-paper-table4": 7,
        "tinybert-paper-table5": 4,
        "tinybert-paper-table6": 6,
        "tinybert-paper-table7": 3,
    }


DEV = {
    "minilm-dev": {
        "MiniLM (6 x 768)": [76.4, 84.0, 92.0, 91.0, 49.2, 71.5, 88.4, 91.0],
        "MiniLM (6 x 384)": [72.4, 82.2, 91.0],
        "MiniLM (6 x 384, with an assistant)": [72.7, 82.4, 91.2],
        "MiniLMv2 (6 x 768)": [76.3, 84.2],
        "MiniLMv2 (6 x 384)": [72.9, 82.8],
    },
    "pkd-dev": {
        "BERT BASE (Teacher)": [86.93, 92.58, 69.43, 83.50, 91.09, 90.92],
        "FT, 6 layers": [82.23, 89.68, 66.06, 80.23, 87.42, 90.09],
        "KD, 6 layers": [82.84, 90.77, 67.51, 80.78, 88.69, 90.52],
        "PKD-skip, 6 layers": [83.46, 91.06, 68.23, 82.23, 89.66, 90.83],
        "PKD-last, 6 layers": [82.84, 90.54, 66.79, 81.45, 88.95, 90.78],
        "PKD, 3 layers": [75.33, 88.07, 62.09, 77.61, 85.63, 89.48],
    },
    "distilbert-dev": {"DistilBERT": [51.3, 82.2, 87.5, 89.2, 88.5, 59.9, 91.3, 86.9, 56.3]},
}
"""The figures of the methods' own papers and code, from left to right as far as they are printed."""


@pytest.mark.parametrize(("name", "system"), [(name, system) for name, rows in DEV.items() for system in rows])
def test_figures_of_the_methods_own_papers_are_as_printed(name: str, system: str) -> None:
    values = load_published(name).find_row(system, name=name).values
    printed = DEV[name][system]
    assert [float(value) for value in values if value is not None] == printed
    assert all(value is None for value in values[len(printed) :])


def test_mrpc_and_qqp_are_accuracies_on_development_sets_but_f1_in_distilberts_table() -> None:
    for name in published_names():
        table = load_published(name)
        found = {column.task: column.metric for column in table.columns if column.task in ("mrpc", "qqp")}
        f1 = {"mrpc"} if name == "distilbert-dev" else {"mrpc", "qqp"} if table.split == "test" else set()
        assert all((metric == "f1") == (task in f1) for task, metric in found.items()), name


def test_what_value_relations_are_worth_is_that_of_minilms_table_5() -> None:
    (note,) = load_published("minilm-dev").find_row("MiniLM (6 x 384)", name="minilm-dev").notes
    assert "SQuAD2 loses 1.4 and MNLI-m 1.3 points; 1.9 and 1.3 with 4 layers, 2.0 and 1.0 with 3 (table 5)" in note


def test_half_to_even_would_not_give_the_printed_averages() -> None:
    wide, bottom = load_published("tinybert-paper-table4").rows[4], load_published("tinybert-paper-table7").rows[2]
    for row, printed, wrong in ((wide, "76.1", "76.0"), (bottom, "71.3", "71.2")):
        exact = sum(row.values) / len(row.values)
        assert average_half_up(row.values) == Decimal(printed)
        assert exact.quantize(Decimal("0.1")) == Decimal(wrong)


def test_unrounded_means_are_those_of_the_slides() -> None:
    means = {
        "tinybert-paper": [79.600, 79.467, 70.178, None, 72.600, 71.933, 76.489],
        "tinybert-paper-table4": [78.2, 72.0, 71.9, 75.3, 76.05, 76.05, 77.325],
        "tinybert-paper-table5": [75.3, 72.5, 68.525, 68.425],
        "tinybert-paper-table6": [75.3, 74.075, 73.5, 56.325, 71.0, 72.9],
        "tinybert-paper-table7": [75.3, 70.875, 71.25],
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
    sizes = to_markdown(show_published(load_published("tinybert-paper-size")))
    assert "BERT-PKD/DistilBERT [2]" in sizes
    assert "[2] Correction: 52.2M and 63.7 s are those of the 4-layer models" in sizes
    glue = to_markdown(show_published(load_published("tinybert-paper")))
    assert "BERT-PKD [3]" in glue
    assert "DistilBERT [3]" in glue
    assert "its teacher is BERT LARGE" in glue
    assert "three protocols are mixed" in to_markdown(show_published(load_published("tinybert-paper-speed")))


def test_ratios_of_the_size_table_come_from_its_figures() -> None:
    table = load_published("tinybert-paper-size")
    labels = [column.quantity for column in table.columns]
    teacher = dict(zip(labels, table.rows[0].values, strict=True))
    for row in table.rows:
        values = dict(zip(labels, row.values, strict=True))
        for ratio, of in (("times_smaller", "million_weights"), ("times_faster", "seconds")):
            assert abs(teacher[of] / values[of] - values[ratio]) < Decimal("0.1")


def test_figures_are_kept_as_printed() -> None:
    assert [str(value) for value in load_published("tinybert-paper").rows[3].values[:2]] == ["73.0", "72.6"]
    assert str(load_published("tinybert-paper-size").rows[0].values[3]) == "109"


@pytest.mark.parametrize("name", published_names())
def test_columns_name_metrics_and_tasks_that_are_measured(name: str) -> None:
    known = {task.name for task in describe_tasks()} | {"squad2"}
    for column in load_published(name).columns:
        assert column.task is None or column.task in known
        assert column.metric is None or column.metric in known_metrics()


def test_no_published_figure_stands_outside_the_room() -> None:
    source = Path(potstill.__file__).parent
    figures = re.compile(
        r"\b(52\.2 ?M|67\.0 ?M|14\.5 ?M|10\.1 ?M|188\.0|63\.7|19\.9|24\.8)\b|"
        r"(MNLI|MRPC|CoLA|RTE|SST-2|QQP)(-mm?)? \.?\d"
    )
    found = [
        f"{path.name}: {match[0]}"
        for path in sorted([*source.rglob("*.toml"), *source.rglob("*.py")])
        if path.parent.name != "published"
        for match in figures.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_rows_figures_are_written_with_their_source_and_notes() -> None:
    lines = PublishedRows(table="tinybert-paper-size", systems=("BERT-PKD/DistilBERT",)).write()
    assert lines[0].startswith("Size and inference time. Slides 'Distilling BERT'")
    assert "Model Size (M) 52.2, times smaller 2.1, Inference Time (s) 63.7" in lines[1]
    assert "those of the 4-layer models" in lines[2]
    assert "average 76.5" in PublishedRows(table="tinybert-paper", systems=("TinyBERT",)).write()[1]


def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(RecipeError, match="'tinybert-paper' has no row 'TinyBERTT'. Did you mean 'TinyBERT'"):
        PublishedRows(table="tinybert-paper", systems=("TinyBERTT",)).write()


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
    with pytest.raises(RecipeError, match="table 'tinybert-papr' does not exist. Did you mean 'tinybert-paper'"):
        load_published("tinybert-papr")
