"""How a grid is worked through: teachers first, a second try, nothing stops the rest, nothing is done twice."""

from concurrent.futures import Future
from pathlib import Path

import pytest
from tiny_grid import make_small_suite, make_suite
from tiny_reviews import WORDS

from potstill.errors import DataError, RunError
from potstill.reporting import read_effort
from potstill.suites import Suite, SuiteFolder, read_scores, run_suite
from potstill.suites.cell import CellFailed, Job
from potstill.suites.planning import plan_cells
from potstill.suites.schedule import SilentWatcher, run_cells
from potstill.suites.tables import make_own_tables
from potstill.suites.workers import InProcess, Workers


class Scripted(Workers):
    """Ends cells as told, without training anything: how often each fails before it is finished."""

    def __init__(self, failures: dict[str, int], *, num_slots: int = 2) -> None:
        self.num_slots = num_slots
        self.failures = failures
        self.begun: list[str] = []

    def start(self, job: Job) -> "Future[None]":
        self.begun.append(job.cell_id)
        future: Future[None] = Future()
        if self.failures.get(job.cell_id, 0) > 0:
            self.failures[job.cell_id] -= 1
            future.set_exception(CellFailed("out of luck"))
            return future
        job.folder.mkdir(parents=True)
        (job.folder / "results.json").write_text("{}")
        future.set_result(None)
        return future

    def close(self) -> None:
        pass


def test_a_failure_is_tried_once_more_and_does_not_stop_the_rest(suite: Suite, tmp_path: Path) -> None:
    workers = Scripted({"kd.stars.0": 1, "labels.stars.1": 2, "teacher.score": 2})
    folder = SuiteFolder(path=tmp_path / "out")
    outcome = run_cells(plan_cells(suite), folder, workers, SilentWatcher())
    assert outcome.failed == {"labels.stars.1": "out of luck", "teacher.score": "out of luck"}
    assert outcome.finished == ("teacher.stars", "kd.stars.0", "labels.stars.0", "kd.stars.1")
    assert outcome.skipped == ("kd.score.0", "labels.score.0", "kd.score.1", "labels.score.1")
    assert workers.begun.count("kd.stars.0") == workers.begun.count("labels.stars.1") == 2
    assert workers.begun.index("teacher.stars") < workers.begun.index("kd.stars.0")


def test_a_second_call_does_only_what_is_missing(suite: Suite, tmp_path: Path) -> None:
    folder = SuiteFolder(path=tmp_path / "out")
    cells = plan_cells(suite)
    run_cells(cells, folder, Scripted({"kd.score.0": 2, "teacher.stars": 2}), SilentWatcher())
    again = Scripted({})
    outcome = run_cells(cells, folder, again, SilentWatcher())
    assert set(again.begun) == {"kd.score.0", *(cell.id for cell in cells if cell.task == "stars")}
    assert len(outcome.finished) == len(cells)


def test_a_finished_suite_has_a_normal_run_folder_for_each_cell_and_shares_teachers(
    small_suite: Suite, finished: Path
) -> None:
    from potstill.results import Results

    cells = plan_cells(small_suite)
    assert {path.name for path in (finished / "runs").iterdir()} - {"store"} == {cell.id for cell in cells}
    for cell in cells:
        run = SuiteFolder(path=finished).run(cell)
        for path in (run.results, run.recipe, run.events, run.student / "model.safetensors"):
            assert path.is_file(), path
    results = Results.read(finished / "runs" / "kd.stars.1" / "results.json")
    teacher = results.find("teacher")
    assert teacher is not None
    assert teacher.name == "teacher.stars"


def test_a_suite_ends_with_a_report_of_all_its_runs(small_suite: Suite, finished: Path) -> None:
    page = (finished / "report.html").read_text(encoding="utf-8")
    for cell in plan_cells(small_suite):
        assert f'href="runs/{cell.id}/report.html"' in page


def test_tables_and_page_say_what_each_training_was_given(small_suite: Suite, finished: Path) -> None:
    folder, cells = SuiteFolder(path=finished), plan_cells(small_suite)
    given = {cell.row: read_effort(folder.run(cell)) for cell in cells}
    events = {cell.row: folder.run(cell).read_events() for cell in cells}
    assert events.keys() == {"KD", small_suite.teacher_row}
    for row, effort in given.items():
        assert effort is not None
        steps = max(event["step"] for event in events[row] if event["event"] == "step")
        assert effort.steps == f"{steps:,}"
        assert effort.scorings == sum(event["event"] == "evaluation" for event in events[row])
    assert {effort.rates for effort in given.values()} == {"1"}
    assert (given["KD"].texts, given[small_suite.teacher_row].texts) == ("64", "32")
    table = make_own_tables(read_scores(finished))[-1]
    assert table.title == "What each training was given"
    assert {row[0]: row[1:] for row in table.rows} == {
        row: (effort.steps, effort.texts, effort.rates, str(effort.scorings)) for row, effort in given.items()
    }
    page = folder.report.read_text(encoding="utf-8")
    assert "scorings that chose" in page
    assert "were not given the same" in page


def test_a_finished_suite_is_not_trained_again(small_suite: Suite, finished: Path) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in finished.glob("runs/*/results.json")}
    run = run_suite(small_suite, finished, InProcess(), SilentWatcher())
    assert len(run.outcome.finished) == len(run.cells) == len(stamps)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_other_settings_are_refused_for_a_folder_that_has_runs(base: Path, reviews: Path, finished: Path) -> None:
    changed = make_small_suite(base, reviews, set=["precision=fp32", "stages.0.evaluations_per_epoch=2"])
    with pytest.raises(
        RunError, match=r"was made with recipe\.stages\.\S+ = 1, and 2 is asked for; give .*another folder with --out"
    ):
        run_suite(changed, finished, InProcess(), SilentWatcher())
    fewer = make_small_suite(base, reviews, seeds=[0])
    assert len(run_suite(fewer, finished, InProcess(), SilentWatcher()).outcome.finished) == 2


def test_a_folder_that_holds_something_else_is_refused(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty and holds no suite"):
        run_suite(suite, tmp_path, InProcess(), SilentWatcher())
    with pytest.raises(RunError, match=r"notes.txt' is a file; give a folder"):
        run_suite(suite, tmp_path / "notes.txt", InProcess(), SilentWatcher())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_data_that_cannot_be_read_is_refused_before_anything_begins(base: Path, reviews: Path, tmp_path: Path) -> None:
    tasks = [{"name": "stars", "data": str(reviews), "set": ["data.text=revue", "data.label=stars"]}]
    with pytest.raises(DataError, match="has no column 'revue'"):
        run_suite(make_suite(base, reviews, tasks=tasks), tmp_path / "out", InProcess(), SilentWatcher())
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_general_student_is_made_once_for_all_seeds(base: Path, reviews: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"the {first} {second} is very {first}\n" for first in WORDS for second in WORDS))
    tiny = ["student.num_layers=1", "student.hidden_size=32", "student.feed_forward_size=32", "student.num_heads=4"]
    short = ["stages.pretrain.epochs=none", "stages.pretrain.steps=2", "stages.finetune.epochs=1"]
    systems = [{"name": "Small", "recipe": "bert-small", "set": [*tiny, *short, "data.corpus.max_length=16"]}]
    suite = make_small_suite(base, reviews, systems=systems, corpus=[str(text)], set=["precision=fp32"])
    run = run_suite(suite, tmp_path / "out", InProcess(), SilentWatcher())
    assert run.outcome.failed == {}
    general, *students = run.cells
    assert general.is_general
    assert [cell.general for cell in students] == [general.id] * 2
    folder = SuiteFolder(path=tmp_path / "out")
    made = (folder.run(general).student / "model.safetensors").stat().st_mtime_ns
    assert all((folder.run(cell).student / "model.safetensors").stat().st_mtime_ns > made for cell in students)
    assert not (folder.runs / "general").exists()
    assert read_scores(folder.path).rows == ("Small",)
