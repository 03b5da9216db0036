"""A run that is taken up is the one that was begun: what changed is told, and what only moved is found."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from potstill import distill
from potstill.errors import RunError
from potstill.files import write_json
from potstill.progress import ProgressTask, SilentCallback
from potstill.run_folder import RunFolder

SHORT = ["precision=fp32", "student.num_layers=1", "stages.0.epochs=none", "stages.0.steps=3"]


class Stopping(SilentCallback):
    """Stops a run after its first step, and keeps what is said."""

    def __init__(self, *, stops: bool = False) -> None:
        self.stops, self.said = stops, []

    def note(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def task(self, name: str, total: int, *, done: int = 0) -> Iterator[ProgressTask]:
        stops = self.stops and name == "distil"

        class Task:
            def advance(self, amount: int = 1, *, text: str | None = None) -> None:
                if stops and amount:
                    raise KeyboardInterrupt

        yield Task()


def begin(place: Path, teacher: Path, reviews: Path) -> Path:
    """Make a folder with `reviews.csv`, a teacher, and a run that was begun there with relative names and stopped."""
    place.mkdir()
    shutil.copy(reviews, place / "reviews.csv")
    shutil.copytree(teacher / "student", place / "teacher")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        fields = {"teacher": "teacher", "data": "reviews.csv", "text": "review", "label": "stars"}
        with pytest.raises(KeyboardInterrupt):
            distill("kd", **fields, out="run", overrides=SHORT, callback=Stopping(stops=True))
    assert (place / "run" / "checkpoints" / "000-000000001").is_dir(), "the step that was made is saved"
    return place


@pytest.fixture(scope="module")
def stopped(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder, which lies elsewhere now."""
    folder = tmp_path_factory.mktemp("begun")
    return begin(folder / "first", teacher, reviews).rename(folder / "moved")


@pytest.fixture
def place(stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the working directory."""
    shutil.copytree(stopped, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


def edit_a_text(place: Path) -> None:
    path = place / "reviews.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("grain", "barley", 1), encoding="utf-8")


def add_a_row(place: Path) -> None:
    with (place / "reviews.csv").open("a", encoding="utf-8") as file:
        file.write("a good film,good,1.0\n")


def change_the_teacher(place: Path) -> None:
    path = place / "teacher" / "model.safetensors"
    weights = load_file(path)
    weights["classifier.bias"] += 1
    save_file(weights, path, metadata={"format": "pt"})
    (place / "teacher" / "checksums.json").unlink()


@pytest.mark.parametrize(
    ("change", "what"), [(edit_a_text, "data"), (add_a_row, "data"), (change_the_teacher, "teacher.model")]
)
def test_what_was_changed_meanwhile_is_told(place: Path, change: Callable[[Path], None], what: str) -> None:
    change(place)
    before = sorted(path.name for path in place.rglob("*"))
    told = rf"^'run' was begun with another content of {what}: its fingerprint was \w{{16}} and is \w{{16}} now; bring"
    with pytest.raises(RunError, match=told):
        distill("run/recipe.json", resume=True)
    assert sorted(path.name for path in place.rglob("*")) == before


def test_another_teacher_than_the_run_made_for_itself_is_told(place: Path) -> None:
    folder = RunFolder(path=place / "run")
    begun = folder.read_begun()
    write_json(folder.begun, begun | {"made": begun["made"] | {"teacher": "another"}}, is_sealed=True)
    with pytest.raises(RunError, match="begun with another content of the teacher: its fingerprint was another and is"):
        distill("run/recipe.json", resume=True)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("seed=5", r"seed = 0, and 5 is asked for"),
        ("stages.distil.steps=9", r"stages\.distil\.steps = 3, and 9 is asked for"),
        ("data.max_length=64", r"data\.max_length = 32, and 64 is asked for"),
        ("stages.distil.clip_norm=none", r"stages\.distil\.clip_norm = 1\.0, and none is asked for"),
    ],
)
def test_another_setting_is_told_with_both_values(place: Path, setting: str, told: str) -> None:
    with pytest.raises(RunError, match=rf"'run' was begun with {told}; resume it with"):
        distill("run/recipe.json", resume=True, overrides=[setting])
    assert not (place / "run" / "student").exists()


def test_a_run_goes_on_from_any_working_directory(
    teacher: Path, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begin(tmp_path / "place", teacher, reviews)
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    run = distill("../run/recipe.json", resume=True, callback=(heard := Stopping()))
    assert run.results.find("student") is not None
    assert not [line for line in heard.said if "other code" in line]


def test_data_and_teacher_that_moved_are_pointed_at(place: Path) -> None:
    (place / "new").mkdir()
    for name in ("reviews.csv", "teacher"):
        (place / name).rename(place / "new" / name)
    run = distill("run/recipe.json", resume=True, data="new/reviews.csv", teacher="new/teacher")
    assert run.results.find("student") is not None
    again = distill("run/recipe.json", resume=True)
    assert again.results == run.results


def test_other_code_is_told_and_does_no_harm(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("potstill.pipeline.begun._fingerprint_code", lambda: "other")
    distill("run/recipe.json", resume=True, callback=(heard := Stopping()))
    (line,) = [line for line in heard.said if "other code" in line]
    assert 'potstill = "' in line
    assert line.endswith('and "other" is here')


def test_a_page_that_is_missing_is_drawn(place: Path) -> None:
    run = distill("run/recipe.json", resume=True)
    page = run.folder / "report.html"
    page.unlink()
    distill("run/recipe.json", resume=True)
    assert page.is_file()


@pytest.mark.parametrize("name", ["environment.json", "begun.json", "recipe.json"])
def test_a_damaged_beginning_is_told(place: Path, name: str) -> None:
    path = place / "run" / name
    path.write_text(path.read_text(encoding="utf-8").replace("0", "1", 1), encoding="utf-8")
    with pytest.raises(RunError, match=rf"{name}' is damaged \(it is not what was written"):
        distill("run/recipe.json", resume=True)
