"""Stored logits belong to their example, whatever the order, and a damaged file is made anew."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from potstill.progress import SilentObserver
from potstill.teachers import StoredTeacher, store_logits
from potstill.tensors import Batch, EncoderOutputs, Needs

NUM_EXAMPLES = 7
LOGITS = Needs(logits=True)


class CountingTeacher:
    """Its logits are the first token id and the text's length."""

    def __init__(self) -> None:
        self.num_calls = 0

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        self.num_calls += 1
        return EncoderOutputs(logits=torch.stack([batch.input_ids[:, 0], batch.token_mask.sum(1)], dim=1).float())


def make_batch(example_ids: list[int]) -> Batch:
    ids = torch.tensor(example_ids)[:, None] * 10 + torch.arange(3)
    mask = torch.arange(3) <= torch.tensor(example_ids)[:, None] % 3
    return Batch(
        input_ids=ids, token_mask=mask, token_type_ids=None, labels=None, example_ids=torch.tensor(example_ids)
    )


BATCHES = [make_batch([5, 2, 6]), make_batch([0, 1]), make_batch([4, 3])]


def store(path: Path, teacher: CountingTeacher) -> Tensor:
    return store_logits(teacher, BATCHES, num_examples=NUM_EXAMPLES, path=path, observer=SilentObserver())


def test_lookup_equals_the_teacher_under_any_batching(tmp_path: Path) -> None:
    teacher = CountingTeacher()
    stored = StoredTeacher(store(tmp_path / "logits.safetensors", teacher))
    for example_ids in ([3, 0, 5], [6], [1, 1, 2]):
        batch = make_batch(example_ids)
        expected = teacher.outputs(batch, LOGITS).logits
        assert torch.equal(stored.outputs(batch, LOGITS).logits, expected)


def test_second_run_reads_what_the_first_wrote(tmp_path: Path) -> None:
    path = tmp_path / "store" / "logits.safetensors"
    first, second = CountingTeacher(), CountingTeacher()
    assert torch.equal(store(path, first), store(path, second))
    assert (first.num_calls, second.num_calls) == (len(BATCHES), 0)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", ["empty", "cut", "other"])
def test_damaged_file_is_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "logits.safetensors"
    expected = store(path, CountingTeacher())
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "other": b"not a tensor"}[damage])
    assert torch.equal(store(path, CountingTeacher()), expected)
    assert path.read_bytes() == whole


def test_interrupted_storing_leaves_no_file(tmp_path: Path) -> None:
    class Failing(CountingTeacher):
        def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
            if self.num_calls == 1:
                raise KeyboardInterrupt
            return super().outputs(batch, needs)

    with pytest.raises(KeyboardInterrupt):
        store(tmp_path / "logits.safetensors", Failing())
    assert not list(tmp_path.iterdir())
