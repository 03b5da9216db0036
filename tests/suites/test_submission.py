"""The eleven files of the GLUE server: complete, in order, with the right labels."""

import zipfile
from pathlib import Path

import pytest

from potstill.errors import DataError
from potstill.suites import check_submission, write_submission
from potstill.suites.submission import answer_files

FILES = answer_files()


def full_answers() -> dict[str, list[str]]:
    """Answers to every file, with every allowed label in turn."""
    return {
        name: [values[row % len(values)] for row in range(file.num_rows)]
        for name, file in FILES.items()
        for values in [file.entry.values or ("0.000", "4.217")]
        if name != "QQP"
    } | {"QQP": ["1", *["0"] * (FILES["QQP"].num_rows - 1)]}


@pytest.fixture(scope="module")
def complete(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("glue") / "glue.zip"
    assert write_submission(path, full_answers()) == ()
    return path


def rewrite(path: Path, out: Path, changes: dict[str, str | None]) -> Path:
    """Copy a zip with some files changed, added or (None) left out."""
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()} | changes
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in texts.items():
            if text is not None:
                archive.writestr(name, text)
    return out


def test_the_files_and_their_labels_are_the_servers() -> None:
    assert set(FILES) == {
        *("AX", "CoLA", "MNLI-m", "MNLI-mm", "MRPC", "QNLI", "QQP", "RTE", "SST-2", "STS-B", "WNLI"),
    }
    for name in ("CoLA", "SST-2", "MRPC", "QQP", "WNLI"):
        assert set(FILES[name].entry.values) == {"0", "1"}
    for name in ("MNLI-m", "MNLI-mm", "AX"):
        assert set(FILES[name].entry.values) == {"entailment", "neutral", "contradiction"}
        assert FILES[name].task == "mnli"
    for name in ("QNLI", "RTE"):
        assert set(FILES[name].entry.values) == {"entailment", "not_entailment"}
    assert FILES["STS-B"].entry.values == ()


def test_a_complete_submission_is_written_and_passes_its_own_check(complete: Path) -> None:
    assert check_submission(complete) == ()
    with zipfile.ZipFile(complete) as archive:
        assert len(archive.namelist()) == 11
        lines = archive.read("RTE.tsv").decode().split("\n")
    assert lines[:3] == ["index\tprediction", "0\tentailment", "1\tnot_entailment"]
    assert len(lines) == 3000 + 2
    assert lines[-1] == ""


def test_equal_answers_give_equal_bytes(complete: Path, tmp_path: Path) -> None:
    write_submission(tmp_path / "again.zip", full_answers())
    assert (tmp_path / "again.zip").read_bytes() == complete.read_bytes()


def test_missing_files_are_filled_only_where_that_is_asked_for(tmp_path: Path) -> None:
    answers = {name: full_answers()[name] for name in ("CoLA", "STS-B")}
    with pytest.raises(DataError, match=r"no model for AX, MNLI-m, .* WNLI.*all 11 files.*--placeholders"):
        write_submission(tmp_path / "glue.zip", answers)
    assert not (tmp_path / "glue.zip").exists()
    filled = write_submission(tmp_path / "glue.zip", answers, allow_placeholders=True)
    assert set(filled) == set(FILES) - {"CoLA", "STS-B"}
    assert set(check_submission(tmp_path / "glue.zip")) == set(filled)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("RTE", ["entailment"] * 277, "RTE.tsv: 277 answers, but the server wants 3,000"),
        ("RTE", ["neutral"] * 3000, "RTE.tsv: row 0 has the answer 'neutral'; allowed are entailment, not_entailment"),
        ("STS-B", ["0.000"] * 1378 + ["5.001"], "STS-B.tsv: row 1378 has the answer '5.001'; allowed are numbers"),
        ("STS-B", ["nan"] * 1379, "row 0 has the answer 'nan'"),
        ("CoLA", ["acceptable"] * 1063, "row 0 has the answer 'acceptable'; allowed are 0, 1"),
    ],
)
def test_answers_that_the_server_would_refuse_are_refused(tmp_path: Path, name, answers, message) -> None:
    with pytest.raises(DataError, match=message):
        write_submission(tmp_path / "glue.zip", {name: answers}, allow_placeholders=True)
    assert list(tmp_path.iterdir()) == []


def test_a_submission_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give a name that ends with .zip"):
        write_submission(tmp_path / "glue.tar", full_answers())
    (tmp_path / "glue.zip").write_text("no")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        check_submission(tmp_path / "glue.zip")


WNLI = "index\tprediction\n" + "".join(f"{row}\t1\n" for row in range(146))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AX.tsv": None}, "missing or not wanted: AX.tsv"),
        ({"notes.txt": "hello"}, "missing or not wanted: notes.txt"),
        ({"WNLI.tsv": WNLI.replace("index", "id")}, "the first line is 'id\tprediction'"),
        ({"WNLI.tsv": WNLI.replace("\n7\t1", "\n8\t1")}, "line 9 is '8\t1', and has to be '7<TAB>answer'"),
        ({"WNLI.tsv": WNLI + "146\t1\n"}, "147 answers, but the server wants 146"),
        ({"WNLI.tsv": WNLI.replace("\n7\t1", "\n7\t2")}, "row 7 has the answer '2'"),
    ],
)
def test_what_is_wrong_with_a_submission_is_said(complete: Path, tmp_path: Path, changes, message) -> None:
    with pytest.raises(DataError, match=message):
        check_submission(rewrite(complete, tmp_path / "changed.zip", changes))


def test_scores_are_moved_into_a_range_only_where_their_task_has_one() -> None:
    entry = FILES["STS-B"].entry
    assert [entry.answer.write_value(score, (), entry.score_range) for score in (-0.2, 7.3)] == ["0.000", "5.000"]
    assert entry.answer.write_value(7.3, (), None) == "7.300"
