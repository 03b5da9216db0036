"""The steps of a stage against a loop in plain torch: rates, clipping, gradients and losses of a step, dropout."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_selection import Training
from tiny_reviews import WORDS, make_base, save_base
from torch.nn import functional

from potstill.answers import LabelRows
from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.hub import Encoder
from potstill.tensors import Needs
from potstill.training import Masker, choose_rate
from potstill.training.checkpoint import Position
from potstill.training.masking import MaskingConfig

RATE, EPSILON, CLIP, WEIGHT = 0.2, 0.5, 0.3, 0.7
MASK, FIRST_WORD = 4, 5
PLAIN = {"kind": "bert_adam", "learning_rate": RATE, "epsilon": EPSILON, "betas": [0.0, 0.0], "weight_decay": 0.0}
"""Without memory, so that a step is rate * g / (|g| + epsilon)."""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = make_base(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.3)
    return save_base(tmp_path_factory.mktemp("calm"), model)


def loss_of(student: Encoder, *, is_masked: bool = False) -> torch.Tensor:
    """Give the cross-entropy of the texts that `Training` trains on, of which all words may be hidden."""
    split = Split(texts=["good film", "bad plot"], labels=LabelRows.one_each(np.array([1, 0])))
    batches = Batches(tokenise(split, student.tokenizer, max_length=8), BatchConfig(), seed=0)
    batch = batches.collate(np.arange(2))
    if is_masked:
        batch = replace(batch, input_ids=batch.input_ids.where(batch.input_ids < FIRST_WORD, MASK))
    return functional.cross_entropy(student(batch, Needs(logits=True)).logits, batch.labels)


def read_steps(folder: Path) -> list[dict[str, Any]]:
    events = map(json.loads, (folder / "events.jsonl").read_text(encoding="utf-8").splitlines())
    return [event for event in events if event["event"] == "step"]


def slow_steps(student: Encoder, multipliers: list[float], *, scope: str) -> list[float]:
    """Make steps, and give the loss before each."""
    losses = []
    for multiplier in multipliers:
        student.zero_grad()
        loss = loss_of(student)
        (WEIGHT * loss).backward()
        losses.append(loss.item())
        gradients = {weight: weight.grad for weight in student.parameters() if weight.grad is not None}
        whole = sum(float(gradient.square().sum()) for gradient in gradients.values()) ** 0.5
        assert whole > CLIP, "something is clipped"
        for weight, gradient in gradients.items():
            norm = whole if scope == "global" else float(gradient.norm())
            clipped = gradient * min(1.0, CLIP / (norm + 1e-6))
            with torch.no_grad():
                weight -= RATE * multiplier * clipped / (clipped.abs() + EPSILON)
    return losses


@pytest.mark.parametrize(
    ("schedule", "multipliers"),
    [({"warmup": 0.0}, [1.0, 2 / 3, 1 / 3]), ({"warmup": 0.6}, [0.5, 1.0, 1.0]), ({"kind": "constant"}, [1.0] * 3)],
    ids=["falls", "rises", "stays"],
)
@pytest.mark.parametrize("scope", ["global", "tensor"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_stage_makes_the_steps_of_a_slow_loop(
    calm: Path, tmp_path: Path, schedule: dict[str, object], multipliers: list[float], scope: str, accumulate: int
) -> None:
    training = Training(tmp_path, calm)
    slow = copy.deepcopy(training.student)
    settings = {"clip_norm": CLIP, "clip_scope": scope, "schedule": schedule, "optimizer": PLAIN, "select": "last"}
    settings["batches"] = {"examples_per_batch": 2 // accumulate}
    objectives = [{"kind": "hard_labels", "weight": WEIGHT}]
    training.train([0.0] * 3, Position(), **settings, accumulate=accumulate, objectives=objectives)
    losses = slow_steps(slow, multipliers, scope=scope)
    steps = read_steps(tmp_path)
    assert [step["losses"]["hard_labels"] for step in steps] == pytest.approx(losses, rel=1e-4)
    assert [step["loss"] for step in steps] == pytest.approx([WEIGHT * loss for loss in losses], rel=1e-4)
    assert [step["learning_rate"] for step in steps] == pytest.approx([RATE * each for each in multipliers])
    for (name, ours), theirs in zip(training.student.named_parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_student_is_trained_with_its_dropout(tmp_path: Path, dropout: float) -> None:
    model = make_base(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    training = Training(tmp_path, save_base(tmp_path / "base", model))
    before = loss_of(training.student.eval()).item()
    training.train([0.0], Position())
    (step,) = read_steps(tmp_path)
    assert (step["loss"] == pytest.approx(before, rel=1e-5)) == (dropout == 0.0)


def test_a_student_reads_what_its_stage_hides(calm: Path, tmp_path: Path) -> None:
    training = Training(tmp_path, calm)
    seen, hidden = loss_of(training.student).item(), loss_of(training.student, is_masked=True).item()
    masking = MaskingConfig(rate=0.99, mask_share=1.0, random_share=0.0)
    counts = np.ones(FIRST_WORD + len(WORDS), dtype=np.int64)
    masker = Masker(masking, mask_id=MASK, special_ids=range(FIRST_WORD), token_counts=counts)
    training.train([0.0], Position(), masker=masker)
    (step,) = read_steps(tmp_path)
    assert step["loss"] == pytest.approx(hidden, rel=1e-5) != pytest.approx(seen, rel=1e-2)


def try_rates(folder: Path, base: Path, **fields: object) -> list[dict[str, float]]:
    """Have the rates of a stage tried, and give those with their losses."""
    torch.manual_seed(0)  # for the head
    training = Training(folder, base)
    stage = training.read({"optimizer": {"learning_rate": [1e-2, 1e-4]}, "clip_norm": None, **fields})
    distiller, batches, run = training.prepare(stage)
    choose_rate(stage, distiller, {}, batches, run=run)
    (event,) = map(json.loads, (folder / "events.jsonl").read_text(encoding="utf-8").splitlines())
    return event["tried"]


def test_a_trial_of_rates_is_no_longer_than_its_stage(calm: Path, tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
    short = try_rates(tmp_path / "short", calm, steps=2, trial_steps=2)
    assert try_rates(tmp_path / "long", calm, steps=2, trial_steps=40) == short


def test_rates_are_measured_on_texts_that_their_trial_did_not_learn(calm: Path, tmp_path: Path) -> None:
    """One text is good and one is bad: who learns from one alone is wrong about the other."""
    high, low = try_rates(tmp_path, calm, steps=30, trial_steps=30)
    assert high["loss"] > max(1.0, low["loss"])
