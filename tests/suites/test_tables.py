"""Tables: mean and spread over seeds, the published figure, the difference, averages and footnotes."""

import csv
import io
import json
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_suites import model, write_cell, write_run
from unsealing import unseal

from potstill.architectures import BiLstmConfig
from potstill.errors import RecipeError, RunError
from potstill.files import write_json
from potstill.published import published_names
from potstill.results import to_terminal
from potstill.suites import Suite, collect_tables, read_scores, render_tables, write_tables
from potstill.suites.figures import Figure
from potstill.suites.sizes import measure_size

MNLI = [0.8265, 0.8285, 0.8295]
COLA = [0.50, 0.49, 0.52]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a suite: TinyBERT and one without GD on MNLI, MRPC and CoLA, three seeds."""
    suite = Suite.parse(
        {
            "name": "ours",
            "description": "made up",
            "systems": [{"name": "Ours", "recipe": "kd", "published": "TinyBERT"}, {"name": "No GD", "recipe": "kd"}],
            "tasks": ["mnli", "mrpc", "cola"],
            "seeds": [0, 1, 2],
            "published": ["tinybert-paper-table5"],
            "teacher": {"base": "minilm", "name": "Teacher"},
        }
    )
    path = tmp_path / "suite"
    path.mkdir()
    write_json(path / "suite.json", suite.model_dump(mode="json"))
    teacher = model("teacher", {"accuracy": 0.9}, weights=60, rate=25.0)
    for seed in range(3):
        mnli = model("student", {"accuracy": MNLI[seed]}, other={"mismatched": {"accuracy": 0.83}})
        write_cell(path, "Ours", "mnli", [teacher, mnli], seed=seed, examples=29_949)
        mrpc = model("student", {"accuracy": 0.858, "f1": 0.9})
        write_cell(path, "Ours", "mrpc", [teacher, mrpc], seed=seed, examples=3_668)
        labels_only = model("student_hard_labels", {"matthews": 0.25, "accuracy": 0.8})
        cola = model("student", {"matthews": COLA[seed], "accuracy": 0.8})
        write_cell(path, "Ours", "cola", [cola, labels_only], seed=seed)
    write_cell(path, "No GD", "cola", [model("student", {"matthews": 0.408, "accuracy": 0.7})])
    missing = {"row": "No GD", "task": "mnli", "seed": 0, "is_general": False}
    (path / "cells" / "no-gd.mnli.0.json").write_text(json.dumps(missing))
    return path


def cells(text: str, name: str, what: str) -> list[str]:
    """Find the cells behind the first two of a row of a Markdown table."""
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if parts[:2] == [name, what]:
            return parts[2:]
    raise AssertionError(f"no row '{name}', '{what}' in\n{text}")


def test_ours_stands_beside_the_published_figures_with_spread_and_difference(folder: Path) -> None:
    text = render_tables(read_scores(folder), (), form="markdown")
    assert cells(text, "TinyBERT", "published") == ["82.8", "82.9", "85.8", "49.7", "75.3"]
    spread = statistics.stdev(value * 100 for value in COLA)
    assert cells(text, "Ours", "ours") == ["82.8 ± 0.2", "83.0 ± 0.0", "85.8 ± 0.0", f"50.3 ± {spread:.1f}", "75.5"]
    assert cells(text, "", "difference")[2:4] == ["+0.0", "+0.6"]
    assert cells(text, "No GD", "published")[-1] == "72.5"
    assert cells(text, "No GD", "ours") == ["-", "-", "-", "40.8", "-"]
    assert cells(text, "No TD", "published")[0] == "80.6"


def test_our_average_is_taken_as_the_published_tables_take_theirs() -> None:
    assert str(Figure(values=(76.05,)).mean) == "76.1"
    assert str(Figure(values=(71.25,)).mean) == "71.3"
    assert str(Figure(values=(0.5, 0.7))) == "0.6 ± 0.1"


def test_our_own_tables_show_controls_teachers_second_sets_and_sizes(folder: Path) -> None:
    text = render_tables(read_scores(folder), (), form="markdown")
    assert "mnli mismatched (accuracy)" in text
    assert cells(text, "Ours, labels only", "3")[3] == "25.0 ± 0.0"
    assert cells(text, "Teacher", "1")[0] == "90.0"
    assert cells(text, "Ours", "4") == ["312", "1200", "0.0", "6.0", "4.0"]


def test_notes_say_what_is_not_as_published(folder: Path) -> None:
    text = render_tables(read_scores(folder), (), form="markdown")
    assert "mnli: trained on 29,949 of the 392,702 published examples" in text
    assert "mrpc: trained" not in text
    assert "1 runs of the suite are not finished" in text
    assert "mean ± standard deviation over up to 3 seeds" in text
    beside_test = render_tables(read_scores(folder), ["tinybert-paper"], form="markdown")
    assert "no difference is taken" in beside_test
    assert "no difference is taken" not in text


def test_a_difference_is_taken_only_where_both_figures_are_of_the_same(folder: Path) -> None:
    sheet = read_scores(folder)
    beside_test = render_tables(sheet, ["tinybert-paper"], form="markdown")
    assert cells(beside_test, "Ours", "ours")[5] == "90.0 ± 0.0"
    assert "| difference |" not in beside_test
    text = render_tables(sheet, (), form="markdown")  # MNLI was learnt from a part of its examples
    assert cells(text, "", "difference") == ["-", "-", "+0.0", "+0.6", "-"]
    sizes = cells(render_tables(sheet, ["tinybert-paper-size"], form="markdown"), "", "difference")
    assert sizes[5:] == ["-", "-"], "seconds and speeds are those of a machine"


@pytest.mark.parametrize("layers", [12, 6])
def test_sizes_of_students_of_another_teacher_are_not_subtracted(folder: Path, layers: int) -> None:
    values = json.loads((folder / "suite.json").read_text())
    values["teacher"] |= {"published": "BERT BASE (Teacher)"}
    (folder / "suite.json").write_text(json.dumps(values))
    write_cell(folder, "Teacher", "cola", [model("model", {"matthews": 0.5, "accuracy": 0.8}, weights=109_000_000)])
    shape = {"num_hidden_layers": layers, "hidden_size": 768, "intermediate_size": 3072}
    (folder / "runs" / "teacher.cola.0" / "student" / "config.json").write_text(json.dumps(shape))
    text = render_tables(read_scores(folder), ["tinybert-paper-size"], form="markdown")
    assert cells(text, "Teacher", "ours")[:3] == [str(layers), "768", "3072"]
    assert ("| difference |" in text) == (layers == 12)


def test_a_row_may_stand_beside_rows_of_several_published_tables(folder: Path) -> None:
    values = json.loads((unseal(folder) / "suite.json").read_text())
    values["systems"][0]["published"] = ["TinyBERT", "Tiny BERT"]
    values["teacher"] |= {"published": ["BERT BASE (Teacher)", "BERT Base"]}
    (folder / "suite.json").write_text(json.dumps(values))
    sheet = read_scores(folder)
    slides = render_tables(sheet, ["tinybert-paper-speed"], form="markdown")
    assert cells(slides, "Ours", "ours") == ["16.7", "400.0"]
    assert cells(slides, "Teacher", "ours") == ["100.0", "100.0"]
    order = [line.split("|")[1].strip() for line in slides.splitlines() if line.startswith("|")]
    assert order.index("Ours") == order.index("Tiny BERT [3]") + 1
    assert cells(render_tables(sheet, (), form="markdown"), "Ours", "ours")[2] == "85.8 ± 0.0"


def test_notes_say_what_each_seed_drew_and_what_was_made_once(folder: Path) -> None:
    drawn = "Each seed draws anew: the student's start, order of examples and dropout"
    text = render_tables(read_scores(folder), (), form="markdown")
    assert f"{drawn}. Made once, and so not in the spread: the teacher's fine-tuning." in text
    for run in (folder / "runs").glob("ours.*"):
        recipe = {"name": "kd", "seed": 0, "general": "general.kd", "augmentation": {"seed": 0}}
        (run / "recipe.json").write_text(json.dumps(recipe))
    text = render_tables(read_scores(folder), (), form="markdown")
    assert "in the spread: the teacher's fine-tuning; the general student; the augmented texts." in text
    suite = json.loads((unseal(folder) / "suite.json").read_text())
    (folder / "suite.json").write_text(json.dumps(suite | {"vary": ["student", "teacher", "general"]}))
    text = render_tables(read_scores(folder), (), form="markdown")
    assert f"{drawn}; the teacher's fine-tuning; the general student. Made once, and so not in the spread: the" in text


def test_a_note_says_which_examples_chose_the_weights(folder: Path) -> None:
    text = render_tables(read_scores(folder), (), form="markdown")
    assert "The examples that are measured on also chose the weights." in text
    for run in (folder / "runs").iterdir():
        (run / "recipe.json").write_text(json.dumps({"name": "kd", "seed": 0, "data": {"select_on": "train"}}))
    text = render_tables(read_scores(folder), (), form="markdown")
    assert "A part of the training examples chose the weights." in text
    assert "measured on" not in text


def test_figures_on_test_sets_are_shown_where_all_runs_of_a_task_have_them(tmp_path: Path) -> None:
    for number in (0, 1):
        models = [model("teacher", {"accuracy": 0.95}), model("student", {"accuracy": 0.9})]
        write_run(tmp_path / f"run-{number}", "mood", models, seed=number)
    path, other = (tmp_path / f"run-{number}" / "results.json" for number in (0, 1))
    tested = [{"role": role, "metrics": {"accuracy": 0.7}, "interval": [0.6, 0.8]} for role in ("teacher", "student")]
    test = {"num_examples": 10, "models": tested}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"test": test}))
    text = render_tables(read_scores(tmp_path), (), form="markdown")
    assert "| mood (accuracy) |" in text
    assert "mood: not all runs were measured on a test set" in text
    other.write_text(json.dumps(json.loads(other.read_text()) | {"test": test}))
    text = render_tables(read_scores(tmp_path), (), form="markdown")
    assert "Quality on the test sets" in text
    assert "| mood test (accuracy) |" in text
    assert "The test sets chose nothing." in text
    assert cells(text, "kd", "2") == ["70.0 ± 0.0"]


def test_sizes_stand_beside_the_published_ones(folder: Path) -> None:
    text = render_tables(read_scores(folder), ["tinybert-paper-size"], form="markdown")
    assert cells(text, "Ours", "ours") == ["4", "312", "1200", "0.0", "6.0", "-", "4.0"]
    assert cells(text, "", "difference")[:3] == ["+0", "+0", "+0"]


def test_a_bilstm_has_the_sizes_of_its_own_words(folder: Path) -> None:
    shape = BiLstmConfig(vocab_size=50, embedding_size=8, lstm_size=300, head_size=400).to_dict()
    model = replace(read_scores(folder).models[0], shape=shape)
    assert [measure_size(model, name) for name in ("layers", "hidden_size", "feed_forward_size")] == [1, 300, 400]


def test_latex_is_escaped_and_has_every_row(folder: Path) -> None:
    text = render_tables(read_scores(folder), ["tinybert-paper-table4"], form="latex")
    assert r"\begin{tabular}{llrrrrr}" in text
    assert r"Ours & ours & 82.8 $\pm$ 0.2" in text
    assert r"TinyBERT (M=4; d'=312; d'i=1200) & published & 82.8 & 82.9 & 85.8 & 49.7 & 75.3 \\" in text
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 3
    assert " 50 %" not in text


def test_csv_has_every_single_figure(folder: Path) -> None:
    lines = list(csv.DictReader(render_tables(read_scores(folder), (), form="csv").splitlines()))
    ours = [line for line in lines if line["source"] == "ours" and line["system"] == "Ours" and line["task"] == "cola"]
    assert [float(line["value"]) for line in ours if line["quantity"] == "matthews"] == [100 * value for value in COLA]
    printed = [line for line in lines if line["source"] == "tinybert-paper-table5"]
    assert len(printed) == 4 * 5
    assert {line["split"] for line in printed} == {"dev", "mismatched"}


def test_csv_has_likeness_sizes_and_speed_of_every_model(tmp_path: Path) -> None:
    likeness = {"kind": "classes", "agreement": 0.75, "divergence": 0.5}
    student = model("student", {"accuracy": 0.8}, weights=10, rate=100.0) | {"fidelity": likeness}
    write_run(tmp_path / "run", "trec", [model("teacher", {"accuracy": 0.9}, weights=40, rate=50.0), student])
    lines = csv.DictReader(render_tables(read_scores(tmp_path), (), form="csv").splitlines())
    found = {line["quantity"]: float(line["value"]) for line in lines if line["system"] == "kd"}
    assert found["same_as_teacher"] == 75.0
    assert found["divergence_from_teacher"] == 0.5
    assert (found["times_smaller"], found["times_faster"]) == (4.0, 2.0)
    assert (found["weights"], found["sentences_per_second"], found["training_seconds"]) == (15, 100.0, 60.0)


def test_no_table_has_a_column_without_a_cell(folder: Path) -> None:
    shown = [*collect_tables(read_scores(folder)), *collect_tables(None, published_names())]
    for table in shown:
        for heading, *cells in zip(table.columns, *table.rows, strict=True):
            assert any(cells), f"{table.title}: {heading.text}"


def test_the_terminal_shows_the_same_cells(folder: Path) -> None:
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    for table in collect_tables(read_scores(folder)):
        console.print(to_terminal(table))
    text = console.export_text()
    for words in ("82.8 ± 0.2", "difference", "Average: mean of the 4 columns, half up."):
        assert words in text


def test_tables_are_written_in_every_format(folder: Path) -> None:
    write_tables(read_scores(folder), folder / "tables")
    assert {path.name for path in (folder / "tables").iterdir()} == {"tables.md", "tables.tex", "tables.csv"}


def test_any_folder_of_runs_has_tables(tmp_path: Path) -> None:
    for seed, score in enumerate((0.8, 0.9)):
        teacher = model("teacher", {"accuracy": 0.95})
        write_run(tmp_path / f"run-{seed}", "trec", [teacher, model("student", {"accuracy": score})], seed=seed)
    text = render_tables(read_scores(tmp_path), (), form="markdown")
    assert cells(text, "kd", "2") == ["85.0 ± 7.1"]
    assert cells(text, "teacher", "1") == ["95.0"]
    assert cells(render_tables(read_scores(tmp_path / "run-1"), (), form="markdown"), "kd", "1") == ["90.0"]


def test_runs_that_differ_in_more_than_their_seed_are_rows_of_their_own(tmp_path: Path) -> None:
    for name, epochs, score, teacher in (
        ("a", 1, 0.8, 0.9),
        ("b", 3, 0.9, 0.9),
        ("again", 3, 0.9, 0.9),
        ("c", 5, 0.7, 0.95),
    ):
        models = [model("teacher", {"accuracy": teacher}), model("student", {"accuracy": score})]
        write_run(tmp_path / name, "trec", models)
        recipe = {"name": "kd", "seed": 0, "epochs": epochs}
        (tmp_path / name / "recipe.json").write_text(json.dumps(recipe))
    text = render_tables(read_scores(tmp_path), (), form="markdown")
    for epochs, score in ((1, "80.0"), (3, "90.0"), (5, "70.0")):
        assert cells(text, f"kd (epochs = {epochs})", "1") == [score], "and a seed that is repeated is no spread"
    assert cells(text, "teacher of kd (epochs = 3)", "1") == ["90.0"]
    assert cells(text, "teacher of kd (epochs = 5)", "1") == ["95.0"]
    assert "±" not in text.replace("mean ±", "")


def test_teachers_of_several_seeds_are_counted_as_several(tmp_path: Path) -> None:
    for seed, score in enumerate((0.9, 0.92, 0.92)):
        models = [model("teacher", {"accuracy": score}), model("student", {"accuracy": 0.8})]
        write_run(tmp_path / f"run-{seed}", "trec", models, seed=seed)
    assert len(read_scores(tmp_path).find("teacher")) == 2


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no finished run"):
        read_scores(tmp_path)
    with pytest.raises(RunError, match="is not a folder; give the folder of a suite or of runs"):
        read_scores(tmp_path / "none")
    write_run(tmp_path / "run", "trec", [model("student", {"accuracy": 0.8})])
    (tmp_path / "run" / "recipe.json").write_text("{")
    with pytest.raises(RunError, match=r"recipe.json' is damaged .*run it anew"):
        read_scores(tmp_path)
    (tmp_path / "suite.json").write_text('{"name": "x"}')
    with pytest.raises(RunError, match=r"suite.json' is damaged \(description: this field is required"):
        read_scores(tmp_path)


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(RecipeError, match="there is nothing to show"):
        collect_tables(None)
