"""Stored logits belong to their text, whatever the order and the split, and a damaged file is made anew."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from test_stored_states import make_batches
from torch import Tensor

from potstill.progress import SilentCallback
from potstill.teachers import StoredTeacher, store_logits
from potstill.tensors import Batch, EncoderOutputs, Needs

LOGITS = Needs(logits=True)
TEXTS = [[7, 2], [1, 5, 3, 8], [4], [7, 2], [2, 7, 9]]


class CountingTeacher:
    """Its logits are a third of the first token id, which no short format holds, and the text's length."""

    def __init__(self, patience: int = 1000) -> None:
        self.asked: list[list[int]] = []
        self.patience = patience

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        if len(self.asked) + len(batch) > self.patience:
            raise KeyboardInterrupt
        self.asked += [ids[mask].tolist() for ids, mask in zip(batch.input_ids, batch.token_mask, strict=True)]
        return EncoderOutputs(logits=torch.stack([batch.input_ids[:, 0] / 3, batch.token_mask.sum(1).float()], dim=1))


def store(folder: Path, teacher: CountingTeacher, texts: Sequence[Sequence[int]] = TEXTS) -> Tensor:
    device = torch.device("cpu")
    return store_logits(teacher, make_batches(texts, 2), folder=folder, device=device, callback=SilentCallback())


def expected(texts: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor([[text[0] / 3, len(text)] for text in texts])


def test_lookup_equals_the_teacher_under_any_batching(tmp_path: Path) -> None:
    teacher, batches = CountingTeacher(), make_batches(TEXTS)
    stored = StoredTeacher(store(tmp_path / "logits", teacher))
    for example_ids in ([3, 0, 4], [2], [1, 1, 2]):
        batch = batches.collate(np.array(example_ids))
        assert torch.equal(stored.outputs(batch, LOGITS).logits, teacher.outputs(batch, LOGITS).logits)


def test_equal_texts_are_asked_about_once_and_another_split_only_adds_what_is_new(tmp_path: Path) -> None:
    first, again, other = CountingTeacher(), CountingTeacher(), CountingTeacher()
    assert torch.equal(store(tmp_path / "logits", first), expected(TEXTS))
    assert torch.equal(store(tmp_path / "logits", again), expected(TEXTS))
    texts = [[6, 6], *reversed(TEXTS), [2, 7]]
    assert torch.equal(store(tmp_path / "logits", other, texts), expected(texts))
    assert sorted(first.asked) == [[1, 5, 3, 8], [2, 7, 9], [4], [7, 2]]
    assert again.asked == []
    assert sorted(other.asked) == [[2, 7], [6, 6]]


@pytest.mark.parametrize("damage", ["empty", "cut", "changed"])
def test_damaged_file_is_made_anew(tmp_path: Path, damage: str) -> None:
    store(tmp_path / "logits", CountingTeacher())
    (path,) = (tmp_path / "logits").rglob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "changed": whole[:-1] + b"x"}[damage])
    teacher = CountingTeacher()
    assert torch.equal(store(tmp_path / "logits", teacher), expected(TEXTS))
    assert len(teacher.asked) == 4
    assert path.read_bytes() == whole


def test_interrupted_storing_keeps_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("potstill.teachers.states._SHARD_EXAMPLES", 2)
    with pytest.raises(KeyboardInterrupt):
        store(tmp_path / "logits", CountingTeacher(patience=3))
    teacher = CountingTeacher()
    assert torch.equal(store(tmp_path / "logits", teacher), expected(TEXTS))
    assert sorted(teacher.asked) == [[4], [7, 2]], "the two longest were stored"
