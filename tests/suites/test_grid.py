"""Which cells a suite has, what they share, and what is refused."""

from pathlib import Path

import pytest
from tiny_grid import make_small_suite, make_suite

from potstill.errors import RecipeError
from potstill.suites import Suite, choose_cells, load_suite, run_suite
from potstill.suites.planning import plan_cells
from potstill.suites.schedule import SilentWatcher
from potstill.suites.scores import read_scores
from potstill.suites.workers import InProcess


def test_every_system_meets_every_task_and_seed_and_teachers_come_first(suite: Suite) -> None:
    cells = plan_cells(suite)
    assert [cell.id for cell in cells[:2]] == ["teacher.stars", "teacher.score"]
    students = {(cell.row, cell.task, cell.seed) for cell in cells[2:]}
    assert students == {(row, task, seed) for row in ("KD", "Labels") for task in ("stars", "score") for seed in (0, 1)}
    assert len(cells) == 10
    assert {cell.teacher for cell in cells[2:] if cell.task == "stars"} == {"teacher.stars"}
    assert all(cell.recipe.seed == cell.seed for cell in cells)


def test_changes_are_laid_over_each_other_from_the_widest_to_the_narrowest(base: Path, reviews: Path) -> None:
    suite = make_suite(
        base,
        reviews,
        systems=[
            {
                "name": "KD",
                "recipe": "kd",
                "set": ["stages.0.epochs=3", "stages.0.clip_norm=3.0"],
                "per_task": {"score": ["stages.0.clip_norm=4.0"]},
            }
        ],
        variants=[{"name": "as it is"}, {"name": "colder", "set": ["stages.0.objectives.soft_labels.temperature=1.5"]}],
        set=["stages.0.epochs=2", "stages.0.accumulate=2", "data.limit=50"],
        seeds=[7],
    )
    cells = {cell.id: cell.recipe for cell in plan_cells(suite)}
    assert set(cells) == {
        "teacher.stars",
        "teacher.score",
        *(f"{variant}.{task}.7" for variant in ("as-it-is", "colder") for task in ("stars", "score")),
    }
    stage = cells["colder.score.7"].stages[0]
    assert (stage.epochs, stage.accumulate, stage.clip_norm) == (3, 2, 4.0)
    assert cells["colder.stars.7"].stages[0].clip_norm == 3.0
    assert cells["colder.stars.7"].stages[0].objectives[0].temperature == 1.5
    assert cells["as-it-is.stars.7"].stages[0].objectives[0].temperature == 2.0
    assert cells["teacher.stars"].data.limit == 50
    assert cells["teacher.stars"].stages[0].accumulate == 1


def test_each_seed_draws_the_student_alone_unless_the_suite_says_more(suite: Suite) -> None:
    for vary, seeds in ((("student",), {0, 1}), (("teacher", "student"), {0, 1}), (("teacher",), {0})):
        cells = plan_cells(suite.model_copy(update={"vary": vary}))
        teachers = {cell.id: cell for cell in cells if cell.row == suite.teacher_row}
        students = [cell for cell in cells if cell.id not in teachers]
        assert {cell.recipe.seed for cell in students} == seeds
        for cell in students:
            assert cell.teacher is not None
            own = teachers[cell.teacher]
            assert own.recipe.seed == own.seed == (cell.seed if "teacher" in vary else 0)
        assert len(teachers) == (4 if "teacher" in vary else 2)


@pytest.mark.parametrize("vary", [("student",), ("student", "general", "augmentation")])
def test_a_seed_can_draw_the_general_student_and_the_new_texts(vary: tuple[str, ...]) -> None:
    suite = load_suite("tinybert-paper-table5").model_copy(
        update={"data": "glue", "corpus": ("wiki.txt",), "vary": vary}
    )
    cells = {cell.id: cell for cell in plan_cells(suite)}
    generals = [cell for cell in cells.values() if cell.is_general]
    is_drawn = "general" in vary
    assert sorted(cell.recipe.seed for cell in generals) == ([0, 1, 2] if is_drawn else [0])
    for cell in cells.values():
        if cell.general is not None:
            assert cells[cell.general].recipe.seed == (cell.seed if is_drawn else 0)
        if cell.recipe.augmentation is not None:
            assert cell.recipe.augmentation.seed == (cell.seed if is_drawn else 0)
    assert any(cell.recipe.augmentation is not None for cell in cells.values())


def test_a_variant_of_several_systems_names_both(base: Path, reviews: Path) -> None:
    suite = make_suite(base, reviews, variants=[{"name": "plain"}], seeds=[0])
    assert {cell.row for cell in plan_cells(suite) if cell.row != suite.teacher_row} == {"KD, plain", "Labels, plain"}


def test_a_task_with_a_teacher_of_its_own_makes_none(base: Path, reviews: Path) -> None:
    suite = make_suite(
        base,
        reviews,
        tasks=[{"name": "stars", "data": str(reviews), "teacher": "someones/model", "set": ["data.label=stars"]}],
    )
    cells = plan_cells(suite)
    assert {cell.recipe.teacher.model for cell in cells} == {"someones/model"}
    assert {cell.teacher for cell in cells} == {None}


def test_a_part_of_the_tasks_keeps_their_teachers(suite: Suite) -> None:
    chosen = choose_cells(suite, tasks=["score"])
    assert len(chosen) == 5
    assert {cell.task for cell in chosen} == {"score"}
    with pytest.raises(RecipeError, match=r"--task scor: suite 'tiny' has no such task. Did you mean 'score'"):
        choose_cells(suite, tasks=["scor"])


def test_a_part_of_the_systems_keeps_what_it_waits_for(suite: Suite) -> None:
    rows = [cell.row for cell in choose_cells(suite)]
    chosen = choose_cells(suite, tasks=["score"], systems=[rows[-1]])
    assert {cell.row for cell in chosen if cell.row != suite.teacher_row} == {rows[-1]}
    assert {name for cell in chosen for name in cell.waits_for} <= {cell.id for cell in chosen}
    assert len(chosen) < len(choose_cells(suite, tasks=["score"]))
    with pytest.raises(RecipeError, match=rf"--system {rows[-1]}x: suite 'tiny' has no such system. Did you mean"):
        choose_cells(suite, systems=[rows[-1] + "x"])


SYSTEM = {"name": "KD", "recipe": "kd"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"systems": [SYSTEM, SYSTEM]}, r"systems: two have the same name \(KD, KD\)"),
        ({"systems": []}, r"systems: must be a list of 1 or more"),
        ({"systems": [SYSTEM | {"recipes": "kd"}]}, r"systems\.0\.recipes: no such field. Did you mean 'recipe'"),
        ({"systems": [SYSTEM | {"per_task": {"star": []}}]}, r"no task 'star'. Did you mean 'stars'"),
        ({"seeds": [1, 1]}, r"seeds: one occurs twice \(1, 1\)"),
        ({"seeds": [-1]}, r"seeds\.0"),
        ({"tasks": ["trec", "trec"]}, r"tasks: two have the same name"),
        ({"name": "Tiny Suite"}, r"name: "),
        ({"vary": []}, r"vary: must be a list of 1 or more"),
        ({"vary": ["teacher", "teacher"]}, r"vary: one occurs twice \(teacher, teacher\)"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(base: Path, reviews: Path, fields: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make_suite(base, reviews, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"systems": [SYSTEM | {"recipe": "kdd"}]},
            r"systems\.KD, stars: recipe 'kdd' does not exist. Did you mean 'kd'",
        ),
        ({"systems": [SYSTEM | {"set": ["stages.0.epoch=1"]}]}, r"systems\.KD, stars: stages\.0\.epoch: no such field"),
        ({"variants": [{"name": "v", "set": ["seed"]}]}, r"systems\.KD, variants\.v, stars: --set seed: write it as"),
        ({"teacher": {}}, r"teacher\.base: suite 'tiny' needs a teacher for task 'stars' and has none"),
        ({"vary": ["general"]}, r"vary: no run of suite 'tiny' has a part 'general' to draw; leave it out"),
        ({"vary": ["augmentation"]}, r"vary: no run of suite 'tiny' has a part 'augmentation' to draw"),
        (
            {"vary": ["teacher"], "tasks": [{"name": "stars", "teacher": "some/one", "set": ["data.label=stars"]}]},
            r"vary: no seed draws the teacher anew: task 'stars' has a teacher of its own; leave 'teacher' out",
        ),
        ({"systems": [SYSTEM, {"name": "kd!", "recipe": "kd"}]}, r"'KD' and 'kd!' would both lie in 'kd.stars.0'"),
    ],
)
def test_a_grid_that_cannot_be_laid_out_is_refused(base: Path, reviews: Path, fields: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        plan_cells(make_suite(base, reviews, **fields))


def test_a_suite_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(RecipeError, match="is not valid TOML"):
        load_suite(str(tmp_path / "bad.toml"))
    with pytest.raises(RecipeError, match="suite file '.*none.toml' does not exist"):
        load_suite(str(tmp_path / "none.toml"))
    with pytest.raises(RecipeError, match="suite 'smok' does not exist"):
        load_suite("smok")


@pytest.mark.parametrize(
    ("given", "ablations"), [(None, ()), ("no-gd", ("no-gd",)), (["no-gd", "no-da"], ("no-gd", "no-da"))]
)
def test_a_system_has_no_ablation_or_one_or_several(given, ablations, suite):
    system = {"name": "TinyBERT", "recipe": "tinybert-4x312", "ablation": given}
    assert Suite.parse(suite.model_dump(mode="json") | {"systems": [system]}).systems[0].ablation == ablations


def test_a_table_of_answers_is_the_teacher_of_a_task(
    base: Path, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line.rsplit(",", 2)[:2] for line in reviews.read_text(encoding="utf-8").splitlines()]
    (tmp_path / "answers.csv").write_text("\n".join(f"{text},{label}" for text, label in rows) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    task = {
        "name": "stars",
        "data": str(reviews),
        "answers": "answers.csv",
        "set": ["data.text=review", "data.label=stars"],
    }
    suite = make_small_suite(base, reviews, tasks=[task], seeds=[0])
    (cell,) = plan_cells(suite)
    assert (cell.teacher, cell.recipe.teacher.answers) == (None, str(tmp_path / "answers.csv"))
    assert not run_suite(suite, tmp_path / "suite", InProcess(), SilentWatcher()).outcome.failed
    sheet = read_scores(tmp_path / "suite")
    assert {(model.row, model.result.role, model.result.has_weights) for model in sheet.models} == {
        ("teacher", "teacher", False),
        ("KD", "student", True),
    }
    with pytest.raises(RecipeError, match="no seed draws the teacher anew: task 'stars' has a teacher of its own"):
        plan_cells(suite.model_copy(update={"vary": ("teacher",)}))
