"""A checkpoint is restored whole or not at all; a damaged one gives way to the one before, with a sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from test_selection import Training
from tiny_reviews import make_base, save_base

from potstill.errors import RunError
from potstill.training import EventLog
from potstill.training.checkpoint import Position

SCORES = [0.1, 0.2, 0.3, 0.4]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 16
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "missing": Path.unlink,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    Training(folder, save_base(folder / "base"), keep=2).train(SCORES, Position())
    return folder


def files_of_a_checkpoint(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints" / "000-000000003").iterdir())


def test_a_checkpoint_holds_no_pickle(trained: Path) -> None:
    kept = files_of_a_checkpoint(trained)
    assert kept == ["best.safetensors", "checksums.json", "model.safetensors", "optimizer.safetensors"] + [
        "position.json",
        "random-0.safetensors",
        "sums.safetensors",
    ]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_one_before_a_damaged_checkpoint_is_taken_whichever_file_it_is(
    trained: Path, tmp_path: Path, damage: str
) -> None:
    for name in files_of_a_checkpoint(trained):
        folder = tmp_path / name
        shutil.copytree(trained, folder)
        DAMAGES[damage](folder / "checkpoints" / "000-000000003" / name)
        told: list[str] = []
        training = Training(folder, folder / "base")
        position = training.checkpoints.newest(EventLog(folder / "events.jsonl"), told.append)
        assert position.step == 2, name
        (line,) = told
        assert "000-000000003" in line
        assert line.endswith("; going on from the checkpoint before it, 000-000000002")
        assert [path.name for path in (folder / "checkpoints").iterdir()] == ["000-000000002"]


def test_a_log_that_was_changed_or_cut_is_told(trained: Path, tmp_path: Path) -> None:
    for change in (lambda text: text[:10], lambda text: text.replace("0.1", "0.7", 1)):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(trained, folder)
        log = folder / "events.jsonl"
        events = log.read_text(encoding="utf-8")
        checkpoint = Position.read(folder / "checkpoints" / "000-000000003")
        log.write_text(change(events[: checkpoint.events_size]), encoding="utf-8")
        told: list[str] = []
        training = Training(folder, folder / "base")
        with pytest.raises(RunError, match=r"none of the checkpoints in .* is whole: .*events\.jsonl' is damaged"):
            training.checkpoints.newest(EventLog(log), told.append)
        assert len(list((folder / "checkpoints").iterdir())) == 2, "nothing is removed"


def test_where_none_is_whole_nothing_is_restored(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    for weights in folder.glob("checkpoints/*/model.safetensors"):
        flip(weights)
    training = Training(folder, folder / "base")
    with pytest.raises(RunError, match=r"none of the checkpoints in .* is whole: .*model\.safetensors' is damaged"):
        training.checkpoints.newest(EventLog(folder / "events.jsonl"), print)


def test_an_older_one_stays_until_the_newest_was_read_back(trained: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("potstill.training.checkpoint.is_whole", lambda _: False)
    training = Training(tmp_path, trained / "base", keep=1)
    training.train(SCORES, Position())
    assert len(list((tmp_path / "checkpoints").iterdir())) == 3


def test_a_checkpoint_of_another_model_is_refused(trained: Path, tmp_path: Path) -> None:
    other = save_base(tmp_path / "wide", make_base(hidden_size=64))
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    shutil.copy(trained / "events.jsonl", tmp_path)
    training = Training(tmp_path, other)
    start = training.checkpoints.newest(EventLog(tmp_path / "events.jsonl"), print)
    with pytest.raises(RunError, match=r"checkpoint '.*000-000000003' does not fit this run"):
        training.train(SCORES, start)
