"""The notebooks run from their first cell to their last, and show what they show without a terminal."""

import ast
import json
import sys
from pathlib import Path
from shutil import copytree
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console
from tiny_world import make_reviews, write_csv

from potstill.console import ConsoleCallback

FOLDER = Path(__file__).parents[2] / "notebooks"
BOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
QUICK = {"stages.distil.epochs": 1, "precision": "fp32"}


def read(book: str) -> dict[str, Any]:
    return json.loads((FOLDER / book).read_text(encoding="utf-8"))


def run_cells(book: str, **parameters: object) -> tuple[dict[str, Any], list[str]]:
    """Run the cells in order as a kernel does, with these parameters after the first, and say what they show."""
    names: dict[str, Any] = {}
    shown = []
    for number, cell in enumerate(cell for cell in read(book)["cells"] if cell["cell_type"] == "code"):
        *lines, last = ast.parse("".join(cell["source"])).body
        rest = [] if isinstance(last, ast.Expr) else [last]
        exec(compile(ast.Module([*lines, *rest], []), book, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), book, "eval"), names)
            shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
        if number == 0:
            assert set(parameters) <= set(names), "a parameter that the first cell does not have"
            names |= parameters
    return names, shown


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """What the first notebook leaves, in a folder that has what the notebooks speak of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebooks"))
        copytree(world.teacher, "my-teacher")
        copytree(world.base, "my-encoder")
        write_csv(Path("reviews.csv"), make_reviews(120, seed=0), ("review", "stars"))
        Path("more.txt").write_text("".join(f"{text}\n" for text, _ in make_reviews(60, seed=2)), encoding="utf-8")
        yield run_cells("distil-from-a-data-frame.ipynb", recipe="kd", settings=QUICK)


@pytest.mark.parametrize("book", BOOKS)
def test_a_notebook_is_kept_without_what_it_showed(book):
    cells = read(book)["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert [cell["metadata"].get("tags") for cell in cells if cell["cell_type"] == "code"][0] == ["parameters"]


def test_a_data_frame_becomes_a_student_that_is_shown_and_served(made):
    names, shown = made
    assert len(names["test"]) == 24
    assert names["run"].results.test.num_examples == 24
    assert len(names["answers"]) == 5
    assert sum("<iframe srcdoc=" in text for text in shown) == 1


def test_answers_of_a_function_teach_a_student(made):
    names, shown = run_cells("learn-from-an-llm.ipynb", recipe="kd", settings=QUICK)
    results = names["run"].results
    assert results.transfer is not None
    assert results.find("student").fidelity is not None
    assert "<table" in shown[-1]


def test_a_run_that_is_finished_is_looked_into(made):
    folder = made[0]["run"].folder
    (folder / "report.html").unlink()
    names, shown = run_cells("look-into-a-run.ipynb", folder=str(folder), texts=["a good film"])
    assert names["run"] == made[0]["run"]
    assert "<iframe srcdoc=" in shown[0]
    assert set(names["rows"].columns) == {"gold", "teacher", "student"}
    assert (folder / "report.html").is_file()


def test_progress_shows_in_a_notebook_as_lines_that_need_no_widgets(monkeypatch):
    shown: list[Any] = []
    stand_in = ModuleType("IPython.display")
    stand_in.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", stand_in)
    watch = ConsoleCallback(Console(stderr=True, force_jupyter=True))
    watch.note("a <b>")
    with watch.task("distil", 10) as task:
        task.advance(10, text="loss 1")
    pages = [each._repr_mimebundle_([], [])["text/html"] for each in shown]
    assert ["a &lt;b&gt;" in page for page in pages] == [True, False]
    assert "distil: 10 of 10" in pages[1]
