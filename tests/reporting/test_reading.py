"""Run folders are read whole, and what cannot be drawn is one clear sentence."""

import json
from pathlib import Path

import pytest
from unsealing import unseal

from potstill.errors import RunError
from potstill.reporting import find_runs, read_run, write_report
from potstill.reporting.courses import read_course
from potstill.run_folder import RunFolder


def test_steps_of_later_stages_go_on_from_those_of_earlier_ones(tmp_path: Path):
    events = [
        {"event": "step", "stage": "first", "step": 10, "loss": 2.0, "losses": {"attention_scores": 2.0}},
        {"event": "evaluation", "stage": "first", "step": 10, "accuracy": 0.5},
        {"event": "stage", "stage": "first", "steps": 10, "seconds": 1.0},
        {"event": "step", "stage": "second", "step": 5, "loss": 4.0, "losses": {"soft_labels": 1.0, "patience": 3.0}},
        {"event": "evaluation", "stage": "second", "step": 5, "accuracy": 0.6},
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    course = read_course(RunFolder(path=tmp_path), "student")
    assert course.stages == (("first", 0), ("second", 10))
    found = {(curve.stage, curve.name): curve.points for curve in course.losses}
    assert found == {
        ("first", "attention_scores"): ((10, 2.0),),
        ("second", "soft_labels"): ((15, 1.0),),
        ("second", "patience"): ((15, 3.0),),
        ("second", "loss"): ((15, 4.0),),
    }
    assert [(curve.name, curve.points) for curve in course.scores] == [
        ("accuracy", ((10, 0.5),)),
        ("accuracy", ((15, 0.6),)),
    ]


def test_a_loss_that_is_not_finite_leaves_a_report(make_run):
    folder = make_run()
    line = '{"event": "step", "stage": "distil", "step": 60, "loss": NaN, "losses": {"soft_labels": NaN}}\n'
    with (folder / "events.jsonl").open("a") as file:
        file.write(line)
    assert write_report(folder).is_file()


def test_runs_are_found_in_folders_without_controls_and_teachers(make_run, tmp_path: Path):
    first, second = make_run("suite/runs/a"), make_run("suite/runs/b")
    make_run("suite/teachers/t")
    make_run("suite/general/g")
    general = make_run("suite/runs/general.tiny-1")
    (unseal(general) / "results.json").write_text('{"kind": "general"}')
    assert find_runs([tmp_path / "suite"]) == [first, second]
    assert find_runs([second, tmp_path / "suite"]) == [second, first]


def test_a_folder_with_too_much_in_it_is_not_walked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("potstill.reporting.reading._MOST_FILES", 20)
    for number in range(30):
        (tmp_path / str(number)).write_text("")
    with pytest.raises(RunError, match="holds more than 20 files, too many to look for runs in"):
        find_runs([tmp_path])


def test_no_folder_is_one_clear_sentence(tmp_path: Path):
    with pytest.raises(RunError, match=r"run folder '.*nothing' does not exist; give the folder of a finished run\."):
        find_runs([tmp_path / "nothing"])


def test_a_file_is_no_run(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file' is a file; give the folder of a finished run\."):
        find_runs([tmp_path / "file"])


def test_an_empty_folder_holds_no_run(tmp_path: Path):
    with pytest.raises(RunError, match="holds no finished run; give a run folder, or a folder of run folders"):
        find_runs([tmp_path])
    with pytest.raises(RunError, match="holds no run: it has no results.json"):
        read_run(tmp_path)


def test_an_unfinished_run_is_told_how_to_be_finished(make_run):
    folder = make_run()
    (folder / "results.json").unlink()
    with pytest.raises(RunError, match=r"is not finished; finish it with 'potstill distill .*recipe\.json --resume'"):
        find_runs([folder])


@pytest.mark.parametrize("name", ["recipe.json", "environment.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff"])
def test_a_damaged_settings_file_is_named(make_run, name: str, content: str):
    folder = make_run()
    (folder / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(RunError, match=rf"{name}' is damaged \(.*\); bring it back"):
        read_run(folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 11: it is not JSON"),
        ("[]", "line 11: it holds a list, not an object"),
        ('{"event": "step"}', "line 11: it is no event"),
        ('{"event": "step", "stage": "a", "step": 1, "loss": 1, "losses": 3}', "line 11: it is no event"),
        ('{"event": "evaluation", "stage": "a", "step": 1, "accuracy": "x"}', "line 11: it is no event"),
    ],
)
def test_a_damaged_line_of_events_is_named(make_run, line: str, message: str):
    folder = make_run()
    lines = (folder / "events.jsonl").read_text().splitlines()[:10]
    (folder / "events.jsonl").write_text("\n".join([*lines, line]) + "\n")
    with pytest.raises(RunError, match=rf"events.jsonl' is damaged \({message}"):
        read_run(folder)


@pytest.mark.parametrize("name", ["results.json", "examples.json", "attention.json", "predictions.safetensors"])
def test_a_damaged_file_of_figures_is_named(make_run, name: str):
    folder = make_run()
    (folder / name).write_bytes(b"{")
    with pytest.raises(RunError, match=name):
        read_run(folder)


@pytest.mark.parametrize("stages", [5, [5], [{"name": "distil", "batches": 5}]])
def test_a_recipe_whose_stages_are_none_is_named(make_run, stages: object):
    folder = make_run(recipe={"stages": stages})
    with pytest.raises(RunError, match=r"recipe.json' is damaged \(its stages are none"):
        read_run(folder)


def test_a_report_that_cannot_be_drawn_leaves_the_old_one(make_run):
    folder = make_run()
    page = write_report(folder).read_bytes()
    (folder / "examples.json").write_text("{")
    with pytest.raises(RunError):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == page
