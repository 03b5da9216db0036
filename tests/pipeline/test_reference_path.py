"""The fast path learns what a plain loop does: padded to one length, attention written out, a teacher at every step.

Tolerance: 1e-4 of every loss, in float32, over a whole stage of 24 steps.
"""

import copy
import json
import random

import pytest
import torch
from tiny_reviews import WORDS, make_base, save_base
from torch import Tensor, nn
from torch.nn.functional import kl_div
from transformers import PreTrainedModel

from potstill.data import DataConfig, load_task_data
from potstill.hub import Encoder, load_encoder_base
from potstill.layer_map import resolve_layer_map
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.training import StepPlan

TOLERANCE = 1e-4
NUM_STEPS = 24
LENGTH = 32
STAGE = [
    'stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}, {kind="soft_labels", temperature=2.0}]',
    "stages.0.epochs=none",
    f"stages.0.steps={NUM_STEPS}",
    "stages.0.select=last",
    "stages.0.optimizer.learning_rate=1e-2",
    "stages.0.batches.examples_per_batch=8",
    "tracking.every_steps=1",
    "precision=fp32",
    "student.num_layers=2",
    "student.hidden_size=8",
    "student.feed_forward_size=16",
    "student.num_heads=4",
    "student.dropout=0.0",
    "student.attention_dropout=0.0",
    "student.init.kind=random",
]
"""Heads of 2 and 8: texts above 16 tokens are compared by Gram matrices, shorter ones by their scores."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> OpenRun[TaskSource]:
    generator = random.Random(0)
    rows = [
        f"{' '.join(generator.choices(WORDS, k=generator.randint(3, 28)))},{('good', 'bad')[number % 2]}"
        for number in range(100)
    ]
    path = tmp_path_factory.mktemp("data") / "texts.csv"
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    data = load_task_data(DataConfig(path=str(path)))
    source = TaskSource(recipe=load_recipe("kd", overrides=STAGE).with_length(128), data=data)
    return OpenRun(source=source, folder=RunFolder(path=path.parent / "run"), callback=SilentCallback())


@pytest.fixture(scope="module")
def run_teacher(run: OpenRun[TaskSource], tmp_path_factory: pytest.TempPathFactory) -> RunTeacher:
    """A teacher of large random weights, so that no loss is near 0."""
    base = save_base(tmp_path_factory.mktemp("base"), make_base(num_hidden_layers=4, initializer_range=0.2))
    torch.manual_seed(1)
    teacher = load_encoder_base(str(base), label_names=run.source.data.task.label_names)
    return RunTeacher(encoder=teacher, name="tiny", fingerprint="tiny", dev_logits=run.source.logits(teacher))


def test_the_fast_path_has_the_losses_of_a_plain_loop(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> None:
    train_stages(run, build_student(run, run_teacher), run_teacher)
    events = [json.loads(line) for line in run.folder.events.read_text(encoding="utf-8").splitlines()]
    fast = [event["loss"] for event in events if event["event"] == "step"]
    slow = plain_losses(run, run_teacher)
    assert len(fast) == NUM_STEPS
    assert slow[-1] < 0.9 * slow[0], "something is learnt"
    assert fast == pytest.approx(slow, rel=TOLERANCE)


def plain_losses(run: OpenRun[TaskSource], run_teacher: RunTeacher) -> list[float]:
    """Train from the same start on the same batches, everything written out."""
    (stage,) = run.recipe.stages
    student = build_student(run, run_teacher)
    torch.manual_seed(run.recipe.seed + 1000)
    (fit,) = (
        part for part in make_distiller(stage, student, run_teacher).objectives.modules() if isinstance(part, nn.Linear)
    )
    small, big = PlainModel(student), PlainModel(run_teacher.encoder)
    weights = [*small.model.parameters(), *fit.parameters()]
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": stage.optimizer.weight_decay},
        {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, foreach=False, fused=False)
    batches = run.source.batches_of("train", student, stage.batches)
    plan = StepPlan(batches=batches, accumulate=1)
    losses = []
    for number, step in enumerate(plan.steps(0, NUM_STEPS)):
        batch = batches.collate(step.batches[0])
        mask = nn.functional.pad(batch.token_mask, (0, LENGTH - batch.token_mask.shape[1]))
        ids = nn.functional.pad(batch.input_ids, (0, LENGTH - batch.input_ids.shape[1]))
        small.model.train()
        with torch.no_grad():
            theirs = big.run(ids, mask)
        loss = plain_loss(small.run(ids, mask), theirs, fit, mask)
        for group in optimizer.param_groups:
            group["lr"] = stage.optimizer.learning_rate * stage.schedule.multiplier(number, NUM_STEPS)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, stage.clip_norm or 0.0, foreach=False)
        optimizer.step()
        losses.append(loss.item())
    return losses


class PlainModel:
    """A copy of an encoder whose attention is written out, and which hands back all its states."""

    def __init__(self, encoder: Encoder) -> None:
        self.model: PreTrainedModel = copy.deepcopy(encoder.model).eval()
        self.model.set_attn_implementation("eager")
        self.num_heads = encoder.shape.num_heads

    def run(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
        """Give logits, hidden states, and scores [batch, heads, tokens, tokens] computed from the states."""
        outputs = self.model(ids, attention_mask=mask.long(), output_hidden_states=True)
        scores = []
        for states, layer in zip(outputs.hidden_states, self.model.base_model.encoder.layer, strict=False):
            query, key = (
                part(states).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
                for part in (layer.attention.self.query, layer.attention.self.key)
            )
            scores.append(query @ key.transpose(2, 3) / query.shape[-1] ** 0.5)
        return outputs.logits, outputs.hidden_states, scores


def plain_loss(
    ours: tuple[Tensor, tuple[Tensor, ...], list[Tensor]],
    theirs: tuple[Tensor, tuple[Tensor, ...], list[Tensor]],
    fit: nn.Linear,
    mask: Tensor,
) -> Tensor:
    """Add up the three losses, padding picked out by indexing."""
    student_logits, student_states, student_scores = ours
    teacher_logits, teacher_states, teacher_scores = theirs
    layers = resolve_layer_map("uniform", student_layers=len(student_scores), teacher_layers=len(teacher_scores))
    pairs = [(0, 0), *enumerate(layers, start=1)]
    loss = kl_div((student_logits / 2).log_softmax(-1), (teacher_logits / 2).softmax(-1), reduction="batchmean") * (
        2.0**2
    )
    for s, t in pairs:
        loss = loss + (fit(student_states[s]) - teacher_states[t])[mask].square().mean()
    real = (mask[:, :, None] & mask[:, None, :])[:, None]
    for s, t in pairs[1:]:
        gaps = student_scores[s - 1] - teacher_scores[t - 1]
        loss = loss + gaps[real.expand_as(gaps)].square().mean()
    return loss
