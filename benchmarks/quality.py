"""Whether speed costs quality: the same training by Potstill and by the published protocol, on real examples.

Both follow the teacher's softened logits and, through one projection, its hidden states, from the same start:

    reference  as published code does it: every text padded to --pad tokens, float32, attention written out, the teacher
               at every step, batches of 32 drawn at random, torch's own dropout
    run        Potstill: batches of 32 of similar length, fused attention, stored logits, its own dropout

First both take the same 20 batches without dropout, which shows how far rounding takes their losses apart. Then each
trains in full for every seed, and the development set says which student is better.

    python benchmarks/quality.py --data GLUE --task sst-2 --teacher TEACHER --examples 2000
"""

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from plain import pad
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, mse_loss, softmax
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from potstill.data import load_task_data
from potstill.hub import Encoder, load_classifier
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.teachers import OnlineTeacher

TEMPERATURE = 2.0
BATCH = 32
OBJECTIVES = (
    '[{kind="soft_labels", temperature=2.0}, {kind="hidden_states", layer_map="uniform", projection_init="fitted"}]'
)


def main() -> None:
    """Compare curves, then scores."""
    given = parse()
    data_fields = {"data.task": given.task, "data.limit": given.examples}
    fields = data_fields | ({"data.path": given.data} if given.data else {})
    rows = []
    for seed in range(given.seeds):
        sets = [
            f"stages.0.epochs={given.epochs}",
            "stages.0.evaluations_per_epoch=1",
            "stages.0.select=last",
            f"stages.0.batches.examples_per_batch={BATCH}",
            f"stages.0.objectives={OBJECTIVES}",
            "precision=fp32",
        ]
        recipe = load_recipe("kd", fields=fields | {"teacher.model": given.teacher, "seed": seed}, overrides=sets)
        data = load_task_data(recipe.data)
        if data.task.answer.lacks_classes is not None:
            raise SystemExit(f"--task {given.task}: this benchmark compares classifiers; choose another task.")
        source = TaskSource(recipe=recipe.for_answer(data.task.answer), data=data)
        teacher = load_classifier(given.teacher)
        run_teacher = RunTeacher(
            encoder=teacher, name=given.teacher, fingerprint="benchmark", dev_logits=source.logits(teacher)
        )
        run = OpenRun(source=source, folder=RunFolder(path=Path("unused")), callback=SilentCallback())
        student = build_student(run, run_teacher)
        if seed == 0:
            apart = compare_curves(source, run_teacher, copy.deepcopy(student), given.pad)
            print(f"same batches, no dropout, 20 steps: losses apart by at most {max(apart):.1e} of their size")
        plain_score, plain_seconds = train_plain(source, run_teacher, copy.deepcopy(student), given.pad)
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            train_stages(replace(run, folder=RunFolder(path=Path(folder) / "run")), student, run_teacher)
            seconds = time.perf_counter() - begun
        rows.append((plain_score, score(source, student), plain_seconds, seconds))
        print(
            f"seed {seed}: reference {rows[-1][0]:.4f} in {plain_seconds:.0f} s   "
            f"run {rows[-1][1]:.4f} in {seconds:.0f} s",
            flush=True,
        )
    show(rows, score(source, teacher))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="GLUE folder; leave out for trec and movies")
    parser.add_argument("--task", default="sst-2")
    parser.add_argument("--teacher", required=True, help="fine-tuned classifier")
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pad", type=int, default=128, help="tokens to which the reference pads (default 128)")
    return parser.parse_args()


@dataclass(frozen=True)
class Loss:
    """The two losses as a script would write them, on padded outputs of transformers.

    Attributes:
        projection: From the student's width to the teacher's.
        pairs: Hidden states that are compared.
    """

    projection: nn.Linear
    pairs: list[tuple[int, int]]

    def __call__(self, big: PreTrainedModel, small: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
        """Run both models and add up."""
        with torch.no_grad():
            theirs = big(**batch)
        ours = small(**batch)
        targets = softmax(theirs.logits / TEMPERATURE, dim=-1)
        soft = kl_div(log_softmax(ours.logits / TEMPERATURE, dim=-1), targets, reduction="batchmean") * TEMPERATURE**2
        real = batch["attention_mask"].bool()
        states = [
            mse_loss(self.projection(ours.hidden_states[s][real]), theirs.hidden_states[t][real]) for s, t in self.pairs
        ]
        return soft + torch.stack(states).sum()


def make_eager(encoder: Encoder) -> PreTrainedModel:
    """Copy an encoder into a model of transformers alone, its attention written out."""
    config = copy.deepcopy(encoder.model.config)
    config.output_hidden_states = True
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    model.load_state_dict(encoder.model.state_dict())
    return model


def prepare_plain(
    source: TaskSource, run_teacher: RunTeacher, student: Encoder
) -> tuple[PreTrainedModel, PreTrainedModel, Loss]:
    """Make teacher, student and loss for the reference, its projection fitted as ours is."""
    distiller = make_fitted(source, run_teacher, student)
    hidden = distiller.objectives[1]
    loss = Loss(copy.deepcopy(hidden.projections[0]), list(hidden.layer_pairs))
    return make_eager(run_teacher.encoder).eval(), make_eager(student), loss


def make_fitted(source: TaskSource, run_teacher: RunTeacher, student: Encoder) -> nn.Module:
    """Make the objectives with their projection fitted."""
    distiller = make_distiller(source.recipe.stages[0], student, run_teacher)
    distiller.fit_projections(
        source.calibration_set(student), dict.fromkeys(distiller.teacher_needs, run_teacher.encoder)
    )
    return distiller


def tokenise(source: TaskSource, encoder: Encoder, length: int) -> Callable[[NDArray[np.int64]], dict[str, Tensor]]:
    """Tokenise the training texts; the function that comes back pads chosen ones to a length."""
    train = source.data.train
    encoded = encoder.tokenizer.wrapped(
        list(train.texts), list(train.pairs) if train.pairs else None, truncation=True, max_length=length
    )
    keys = [key for key in ("input_ids", "token_type_ids") if key in encoded]
    return lambda ids: pad([{key: encoded[key][i] for key in keys} for i in ids], length)


def compare_curves(source: TaskSource, run_teacher: RunTeacher, student: Encoder, length: int) -> list[float]:
    """Take the same steps both ways, without dropout, and give how far the losses are apart, relative."""
    big, small, loss = prepare_plain(source, run_teacher, student)
    distiller = make_fitted(source, run_teacher, student)
    small.eval(), distiller.eval()
    plain_optimizer = torch.optim.AdamW([*small.parameters(), *loss.projection.parameters()], lr=1e-4)
    optimizer = torch.optim.AdamW(distiller.parameters(), lr=1e-4)
    batches, padded = (
        source.batches_of("train", student, source.recipe.stages[0].batches),
        tokenise(source, student, length),
    )
    teacher = OnlineTeacher(run_teacher.encoder)
    apart = []
    for example_ids in batches.plan(0)[:20]:
        batch = batches.collate(example_ids)
        targets = {number: teacher.outputs(batch, needs) for number, needs in distiller.teacher_needs.items()}
        ours, theirs = distiller(batch, targets)[0], loss(big, small, padded(example_ids))
        for each, stepper in ((ours, optimizer), (theirs, plain_optimizer)):
            each.backward()
            stepper.step()
            stepper.zero_grad()
        apart.append(abs(ours.item() - theirs.item()) / theirs.item())
    return apart


def train_plain(source: TaskSource, run_teacher: RunTeacher, student: Encoder, length: int) -> tuple[float, float]:
    """Train by the published protocol; gives the score on the development set and the seconds."""
    stage = source.recipe.stages[0]
    big, small, loss = prepare_plain(source, run_teacher, student)
    padded = tokenise(source, student, length)
    optimizer = stage.optimizer.build([*small.parameters(), *loss.projection.parameters()])
    random = np.random.default_rng(source.recipe.seed)
    torch.manual_seed(source.recipe.seed)
    count = len(source.data.train)
    plan = [
        ids for _ in range(int(stage.epochs)) for ids in np.split(random.permutation(count), range(BATCH, count, BATCH))
    ]
    small.train()
    begun = time.perf_counter()
    for number, ids in enumerate(plan):
        for group in optimizer.param_groups:
            group["lr"] = stage.optimizer.learning_rate * stage.schedule.multiplier(number, len(plan))
        loss(big, small, padded(ids)).backward()
        if stage.clip_norm is not None:
            nn.utils.clip_grad_norm_([*small.parameters(), *loss.projection.parameters()], stage.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
    seconds = time.perf_counter() - begun
    student.model.load_state_dict(small.state_dict())
    return score(source, student), seconds


def score(source: TaskSource, encoder: Encoder) -> float:
    """Give the first metric of the task on the development set."""
    task, gold = source.data.task, source.data.dev.labels
    return next(iter(task.answer.measure(task.metrics, source.logits(encoder), gold).values()))


def show(rows: list[tuple[float, float, float, float]], teacher: float) -> None:
    """Print means and spreads."""
    plain, ours, plain_seconds, seconds = (list(column) for column in zip(*rows, strict=True))
    table = Table(title=f"{len(rows)} seeds; teacher {teacher:.4f}; torch {torch.__version__}")
    for column in ("", "mean", "smallest", "largest", "seconds"):
        table.add_column(column, justify="right")
    for name, scores, times in (("reference", plain, plain_seconds), ("run", ours, seconds)):
        table.add_row(
            name,
            f"{statistics.mean(scores):.4f}",
            f"{min(scores):.4f}",
            f"{max(scores):.4f}",
            f"{statistics.median(times):.0f}",
        )
    Console().print(table)
    differences = [o - p for p, o in zip(plain, ours, strict=True)]
    print(f"run minus reference: {statistics.mean(differences):+.4f} on average, each seed {differences}")


if __name__ == "__main__":
    main()
