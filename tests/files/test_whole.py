"""A file or folder is there whole, on the disk and with ordinary rights, or not at all."""

import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from potstill.errors import RunError
from potstill.files import whole_file, whole_folder, write_json, write_text


@contextmanager
def small_disk(num_bytes: int = 4096) -> Iterator[None]:
    """Let no file grow beyond some bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_tensors(folder: Path) -> None:
    save_file({"weights": torch.zeros(10_000)}, folder / "model.safetensors")


def write_array(folder: Path) -> None:
    np.save(folder / "offsets.npy", np.zeros(10_000))


def write_words(folder: Path) -> None:
    (folder / "words.txt").write_text("word " * 10_000)


@pytest.mark.parametrize("write", [write_tensors, write_array, write_words])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, write) -> None:
    path = tmp_path / "kept" / "thing"
    told = rf"^'{path}' cannot be written: .+; nothing is left half written\.$"
    with pytest.raises(RunError, match=told), small_disk(), whole_folder(path) as aside:
        write(aside)
    assert list(path.parent.iterdir()) == []


def test_a_full_disk_leaves_the_older_file_and_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with whole_folder(tmp_path / "b") as aside:
        (aside / "c.txt").write_text("old")
    with pytest.raises(RunError), small_disk():
        write_text(tmp_path / "a.txt", "new" * 10_000)
    with pytest.raises(RunError), small_disk(), whole_folder(tmp_path / "b") as aside:
        write_words(aside)
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b" / "c.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


def test_messages_name_what_the_user_wrote(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=rf"^'{tmp_path}/none/a.txt' cannot be written: No such file or directory"):
        write_text(tmp_path / "none" / "a.txt", "text")
    with pytest.raises(RunError) as caught, small_disk(), whole_folder(tmp_path / "b") as aside:
        write_json(aside / "figures.json", list(range(10_000)))
    assert f"'{tmp_path}/b/figures.json' cannot be written" in str(caught.value)
    assert ".partial" not in str(caught.value)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_rights_follow_the_umask_whatever_a_library_does(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with whole_folder(tmp_path / "student") as aside:
            write_tensors(aside)
        with whole_file(tmp_path / "single.safetensors") as aside:
            save_file({"weights": torch.zeros(2)}, aside)
    finally:
        os.umask(before)
    for file in (tmp_path / "student" / "model.safetensors", tmp_path / "single.safetensors"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask


def test_content_and_names_are_on_the_disk_before_and_after_the_renaming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def logged(call, name):
        def wrapped(*given):
            where = os.readlink(f"/proc/self/fd/{given[0]}") if isinstance(given[0], int) else str(given[-1])
            done.append(f"{name} {Path(where).name}")
            return call(*given)

        return wrapped

    for name in ("fsync", "rename", "replace"):
        monkeypatch.setattr(os, name, logged(getattr(os, name), name))
    with whole_folder(tmp_path / "new" / "kept") as aside:
        (aside / "weights").write_bytes(b"w")
    renamed = done.index("rename kept")
    assert f"fsync {tmp_path.name}" in done[:renamed], "the folder above is new"
    assert {"fsync weights", "fsync checksums.json", f"fsync {aside.name}"} <= set(done[:renamed])
    assert done[renamed + 1 :] == ["fsync new"]
    done.clear()
    with whole_file(tmp_path / "a.txt") as aside:
        aside.write_text("a")
    assert done == [f"fsync {aside.name}", "replace a.txt", f"fsync {tmp_path.name}"]


def test_what_is_no_plain_file_is_written_to(tmp_path: Path) -> None:
    fifo, null = tmp_path / "fifo", Path(os.devnull)
    os.mkfifo(fifo)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    write_text(fifo, "answers")
    reader.join(timeout=10)
    assert read == ["answers"]
    assert fifo.is_fifo()
    write_text(null, "answers")
    assert null.is_char_device()
    (tmp_path / "link").symlink_to(os.devnull)
    write_text(tmp_path / "link", "answers")
    assert (tmp_path / "link").is_symlink()


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    for write in (whole_file, whole_folder):
        with pytest.raises(RunError, match=r"is a link to 'nowhere', which does not exist"), write(link):
            pass
    link.unlink()
    link.symlink_to(link.name)
    with pytest.raises(RunError, match=r"is a link to 'link'"), whole_file(link):
        pass


KILLED = """
import os, signal, sys
from pathlib import Path
from potstill.files import whole_file, whole_folder
path = Path(sys.argv[1])
with whole_folder(path) as folder, whole_file(path.with_name("file")) as file:
    (folder / "half").write_text("half")
    file.write_text("half")
    if sys.argv[2] == "replaced":
        os.rename(path, str(folder).removesuffix(".partial") + ".old")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["written", "replaced"])
def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path: Path, moment: str) -> None:
    with whole_folder(tmp_path / "kept") as aside:
        (aside / "old").write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "kept"), moment], check=False)
    assert len(list(tmp_path.glob(".*.partial"))) == 2
    with pytest.raises(RunError), whole_folder(tmp_path / "kept"):
        raise RunError("stopped")
    assert (tmp_path / "kept" / "old").read_text() == "old"
    with whole_file(tmp_path / "file") as aside:
        aside.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "kept"]
