"""Every suite that comes along can be laid out, and stands beside the published rows that it is meant for."""

from pathlib import Path

import pytest

from potstill.architectures import BiLstmConfig, BiLstmForSequenceClassification
from potstill.errors import RecipeError
from potstill.published import load_published, published_names
from potstill.recipes import read_recipe_file
from potstill.students import StudentConfig
from potstill.suites import Suite, load_suite, shipped_suites
from potstill.suites.config import System
from potstill.suites.planning import plan_cells, row_names

MEASURED = [str(Path(__file__).parents[2] / "docs" / f"{name}.toml") for name in ("grid", "methods-measured")]


def load(name: str) -> Suite:
    suite = load_suite(name)
    assert suite.name == Path(name).stem
    return suite.model_copy(update={"data": "glue", "corpus": ("wiki.txt",)})


@pytest.mark.parametrize("name", [*shipped_suites(), *MEASURED])
def test_every_recipe_ablation_and_change_of_a_suite_exists(name: str) -> None:
    suite = load(name)
    cells = plan_cells(suite)
    students = [cell for cell in cells if cell.row in row_names(suite)]
    assert len(students) == len(row_names(suite)) * len(suite.tasks) * len(suite.seeds)
    made = {cell.id for cell in cells}
    assert all(made.issuperset(cell.waits_for) for cell in cells)


@pytest.mark.parametrize("name", [name for name in shipped_suites() if name in published_names()])
def test_every_published_row_of_a_system_has_ours_beside_it(name: str) -> None:
    suite = load(name)
    assert name in suite.published
    rows = (*suite.systems, *suite.variants)
    wanted = {*suite.teacher.published, *(each for item in rows for each in item.published or (item.name,))}
    for table in suite.published:
        assert {row.system for row in load_published(table).rows} - {"BERT BASE (Google)"} <= wanted, table


def test_the_row_of_a_teacher_is_called_by_what_it_was_fine_tuned_from() -> None:
    suite = load("tinybert-paper")
    assert suite.teacher_row == "teacher (bert-base-uncased)"
    other = suite.model_copy(update={"teacher": suite.teacher.model_copy(update={"base": "hub/minilm"})})
    assert other.teacher_row == "teacher (minilm)"
    assert {cell.row for cell in plan_cells(other) if cell.id.startswith("teacher.")} == {"teacher (minilm)"}
    named = suite.teacher.model_copy(update={"name": "mine"})
    assert suite.model_copy(update={"teacher": named}).teacher_row == "mine"


def test_the_bilstm_of_the_slides_has_its_sizes_and_the_weights_that_its_note_says() -> None:
    (cell,) = [cell for cell in plan_cells(load("tinybert-paper-size")) if cell.recipe.student.kind == "bilstm"]
    student = cell.recipe.student
    assert (student.lstm_size, student.head_size, student.vocabulary.kind) == (300, 400, "teacher")
    sizes = {"lstm_size": student.lstm_size, "head_size": student.head_size, "channels": student.channels}
    model = BiLstmForSequenceClassification(
        BiLstmConfig(vocab_size=30522, embedding_size=student.vectors.size, num_labels=2, **sizes)
    )
    whole, body = (sum(each.numel() for each in part.parameters()) for part in (model, model.base_model))
    assert (body, whole) == (10_601_400, 10_842_602)
    (note,) = load_published("tinybert-paper-size").find_row("Distilled BiLSTM SOFT", name="tinybert-paper-size").notes
    assert f"{body / 1e6:.2f}M without the head, {whole / 1e6:.2f}M with it" in note


@pytest.mark.parametrize("name", [name for name in shipped_suites() if name.startswith("tinybert-paper")])
def test_a_suite_of_published_tables_takes_the_settings_that_were_published_for_a_task(name: str) -> None:
    suite = load(name)
    recipes = {row: system.recipe for row, system in zip(row_names(suite), _systems_of_rows(suite), strict=True)}
    for cell in plan_cells(suite):
        own = f"on-{cell.task}"
        if cell.row in recipes and own in read_recipe_file(recipes[cell.row]).ablations:
            assert own in cell.recipe.ablated, cell.id


def _systems_of_rows(suite: Suite) -> list[System]:
    return [system for system in suite.systems for _ in suite.variants or (None,)]


@pytest.mark.parametrize("name", ["methods", "smoke"])
def test_every_row_is_given_equal_steps_batches_and_scorings_that_choose(name: str) -> None:
    given = set()
    for cell in plan_cells(load(name)):
        if cell.row != load(name).teacher_row:
            stages, choosing = cell.recipe.stages, [stage for stage in cell.recipe.stages if stage.select == "best"]
            assert [stage.patience for stage in stages] == [None] * len(stages)
            assert all(float(stage.epochs).is_integer() for stage in stages), "else steps are rounded"
            assert {stage.evaluations for stage in stages} == {None}
            given.add(
                (
                    sum(stage.epochs for stage in stages),
                    frozenset(len(stage.optimizer.rates_to_try) for stage in stages),
                    frozenset((stage.batches, stage.accumulate) for stage in stages),
                    sum(stage.epochs * stage.evaluations_per_epoch for stage in choosing),
                )
            )
    assert len(given) == 1


@pytest.mark.parametrize("name", [name for name in shipped_suites() if name != "tinybert-paper-size"])
def test_every_suite_shows_what_start_and_teacher_are_worth(name: str) -> None:
    cells = {cell.row: cell for cell in plan_cells(load(name))}
    students = [cell.recipe.student for row, cell in cells.items() if not row.startswith(("labels only", "teacher"))]
    starts = {}
    for start in ("cut from the teacher", "cut from the base", "random start"):
        cell = cells[f"labels only, {start}"]
        assert {objective.kind for stage in cell.recipe.stages for objective in stage.objectives} == {"hard_labels"}
        assert (cell.teacher is not None) == (start == "cut from the teacher"), "no other one waits for a teacher"
        assert any(_size(cell.recipe.student) == _size(student) for student in students)
        starts[start] = (cell.recipe.start_from, cell.recipe.student.init.kind)
    assert list(starts.values()) == [("teacher", "svd"), ("base", "svd"), ("base", "random")]


def _size(student: StudentConfig) -> list[object]:
    return [getattr(student, name, None) for name in ("num_layers", "hidden_size", "feed_forward_size")]


def test_no_control_without_a_teacher_waits_for_one() -> None:
    for cell in plan_cells(load("methods")):
        if cell.row.endswith(("of the base", "from the base", "random start")):
            assert cell.waits_for == (), cell.id


def test_the_methods_are_compared_on_the_tasks_own_texts_alone() -> None:
    cells = plan_cells(load("methods"))
    assert {stage.data for cell in cells for stage in cell.recipe.stages} <= {"task", "transfer"}
    assert {cell.recipe.data.unlabeled for cell in cells} == {()}
    assert {cell.recipe.augmentation for cell in cells} == {None}


def test_the_suites_of_the_published_tables_are_there() -> None:
    assert {
        "methods",
        "tinybert-paper",
        "tinybert-paper-size",
        "smoke",
        *(f"tinybert-paper-table{n}" for n in range(4, 8)),
    } == set(shipped_suites())


def test_general_students_are_shared_by_tasks_seeds_and_equal_stages() -> None:
    cells = plan_cells(load("tinybert-paper-table5"))
    general = [cell for cell in cells if cell.is_general]
    assert len(general) == 1
    waiting = {cell.row for cell in cells if cell.general == general[0].id}
    assert waiting == {"TinyBERT", "No TD", "No DA"}
    assert general[0].recipe == type(general[0].recipe).parse(general[0].recipe.to_json())
    assert {cell.recipe.data.corpus.paths for cell in cells if not cell.is_general} == {()}
    other_objectives = plan_cells(load("tinybert-paper-table6"))
    # No Pred changes the task's stages alone and shares the whole one's
    assert len([cell for cell in other_objectives if cell.is_general]) == 5


def test_a_suite_without_the_text_that_a_recipe_reads_is_refused() -> None:
    suite = load("tinybert-paper-table6").model_copy(update={"corpus": ()})
    with pytest.raises(RecipeError, match=r"systems\.TinyBERT: .* reads plain text and the suite has none; pass"):
        plan_cells(suite)
