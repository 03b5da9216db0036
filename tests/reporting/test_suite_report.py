"""The page of many runs: grouped by system, means and spreads, links."""

import json
import statistics
from pathlib import Path

import html5lib
import pytest
from test_run_report import HTML, SVG, parse, text_of

from potstill.errors import RunError
from potstill.reporting import find_runs, read_run, write_report, write_suite_report
from potstill.reporting.groups import group_runs
from potstill.results import Results


@pytest.fixture
def suite(make_run, tmp_path: Path) -> Path:
    """Three seeds of one system, two of another."""
    for seed in range(3):
        make_run(f"suite/four-{seed}", seed=seed)
    for seed in range(2):
        make_run(f"suite/three-{seed}", seed=seed, recipe={"student": {"num_layers": 3}})
    return tmp_path / "suite"


def score(folder: Path) -> float:
    student = Results.read(folder / "results.json").find("student")
    assert student is not None
    return student.score


def test_runs_that_differ_in_their_seed_alone_are_one_system(suite: Path):
    groups = group_runs([read_run(folder) for folder in find_runs([suite])])
    assert [len(group.runs) for group in groups] == [3, 2]
    assert groups[0].name.endswith("(num_layers = 4)")
    assert groups[1].name.endswith("(num_layers = 3)")


def test_means_and_spreads_are_over_seeds(suite: Path):
    page = write_suite_report(find_runs([suite]), suite / "report.html")
    root = parse(page.read_text(encoding="utf-8"))
    table = root.find(f".//{HTML}section[@id='systems']//{HTML}tbody")
    cells = [[text_of(cell) for cell in row] for row in table]
    scores = [score(suite / f"four-{seed}") * 100 for seed in range(3)]
    assert cells[0][1:3] == ["3", f"{statistics.mean(scores):.1f} ± {statistics.stdev(scores):.1f}"]
    assert cells[1][1] == "2"
    assert "±" in cells[0][4]  # the same student on labels alone
    assert cells[0][5:7] == ["3.1 ×", "3.1 ×"]


def test_a_single_run_has_no_spread(make_run, tmp_path: Path):
    folder = make_run()
    root = parse(write_suite_report([folder], tmp_path / "one.html").read_text(encoding="utf-8"))
    assert "±" not in text_of(root.find(f".//{HTML}section[@id='systems']//{HTML}tbody"))


def test_runs_link_to_their_own_reports_where_there_are_some(suite: Path):
    write_report(suite / "four-1")
    page = write_suite_report(find_runs([suite]), suite / "report.html")
    root = parse(page.read_text(encoding="utf-8"))
    runs = root.find(f".//{HTML}section[@id='runs']")
    links = {text_of(each): each.get("href") for each in runs.iter(f"{HTML}a")}
    assert links == {"four-1": "four-1/report.html"}
    assert len(runs.find(f".//{HTML}tbody")) == 5


def test_a_link_to_a_hostile_folder_stays_a_link(make_run, tmp_path: Path):
    folder = make_run('a "b" <c>&?#')
    write_report(folder)
    root = parse(write_suite_report([folder], tmp_path / "page.html").read_text(encoding="utf-8"))
    (link,) = [each for each in root.iter(f"{HTML}a") if not each.get("href").startswith("#")]
    assert link.get("href") == "a%20%22b%22%20%3Cc%3E%26%3F%23/report.html"


def test_systems_are_drawn_with_the_spread_of_their_seeds(suite: Path):
    page = write_suite_report(find_runs([suite]), suite / "report.html")
    root = html5lib.parse(page.read_text(encoding="utf-8"))
    pictures = list(root.find(f".//{HTML}section[@id='tradeoff']").iter(f"{SVG}svg"))
    assert len(pictures) == 2
    whiskers = [each for each in pictures[0].iter(f"{SVG}polyline") if "whisker" in each.get("class")]
    assert len(whiskers) == 2


def test_a_run_of_a_suite_is_called_by_its_row(make_run, tmp_path: Path):
    folder = make_run("grid/runs/cell-1")
    (tmp_path / "grid" / "cells").mkdir()
    (tmp_path / "grid" / "cells" / "cell-1.json").write_text(json.dumps({"row": "No TD", "seed": 0}))
    (group,) = group_runs([read_run(folder)])
    assert group.name == "No TD"


def test_no_runs_are_one_clear_sentence(tmp_path: Path):
    with pytest.raises(RunError, match="there is no run to report on"):
        write_suite_report([], tmp_path / "page.html")
