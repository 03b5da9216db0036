"""What was damaged after it was written is told by its checksum, and never when a writer was only killed."""

import json
from pathlib import Path

import pytest

from potstill.errors import RunError
from potstill.files import SEAL, check_folder, is_whole, read_json, whole_folder, write_json

REMEDY = "write it again"


def test_a_folder_knows_its_files_but_for_what_people_rewrite(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "kept") as aside:
        (aside / "weights").write_bytes(b"weights")
        (aside / "README.md").write_text("read me")
    assert list(json.loads((tmp_path / "kept" / SEAL).read_text())) == ["weights"]
    (tmp_path / "kept" / "README.md").write_text("read me again")
    assert is_whole(tmp_path / "kept")
    (tmp_path / "kept" / "weights").write_bytes(b"Weights")
    assert not is_whole(tmp_path / "kept")
    with pytest.raises(RunError, match=r"weights' is damaged \(it is not what was written.*\); write it again\.$"):
        check_folder(tmp_path / "kept", remedy=REMEDY)
    (tmp_path / "kept" / "weights").unlink()
    with pytest.raises(RunError, match=r"weights' cannot be read \(No such file or directory\)"):
        check_folder(tmp_path / "kept", remedy=REMEDY)


def test_a_file_that_is_replaced_is_right_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "figures.json"
    write_json(path, {"a": 1}, is_sealed=True)
    with monkeypatch.context() as patch:

        def killed(self, target):
            if target.name == path.name:
                raise KeyboardInterrupt
            return target

        replace = Path.replace
        patch.setattr(Path, "replace", lambda self, target: killed(self, target) and replace(self, target))
        for number in (2, 3):  # neither ever lands
            with pytest.raises(KeyboardInterrupt):
                write_json(path, {"a": number}, is_sealed=True)
    assert read_json(path, remedy=REMEDY) == {"a": 1}
    write_json(path, {"a": 4}, is_sealed=True)
    assert read_json(path, remedy=REMEDY) == {"a": 4}
    path.write_text(path.read_text().replace("4", "5"))
    with pytest.raises(RunError, match=r"figures.json' is damaged \(it is not what was written"):
        read_json(path, remedy=REMEDY)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"../a": ["b"]}', "[" * 100_000])
def test_a_damaged_seal_is_told(tmp_path: Path, content: str) -> None:
    write_json(tmp_path / "a.json", {}, is_sealed=True)
    (tmp_path / SEAL).write_text(content)
    with pytest.raises(RunError, match=r"checksums.json' is damaged \(it does not hold checksums\); delete it if"):
        read_json(tmp_path / "a.json", remedy=REMEDY)
