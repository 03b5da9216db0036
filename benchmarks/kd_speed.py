"""Examples per second of the kd stage against a plain Hugging Face Trainer loop doing the same work, in one run.

The plain loop is what most scripts do: every example padded to 128 tokens, float32, the teacher run at every step,
batches of 32. Both train the same student from the same teacher on the same examples with AdamW. Rounds of both
alternate, so that a busy machine slows both.

    python benchmarks/kd_speed.py --data GLUE --task sst-2 --teacher runs/teacher --examples 2000
"""

import argparse
import copy
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch.nn.functional import kl_div, log_softmax, softmax
from transformers import Trainer, TrainingArguments
from transformers.utils import logging

from potstill.data import Split, load_task_data
from potstill.hub import Encoder, load_classifier
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource, TokenisedSplits
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

TEMPERATURE = 2.0


class PlainTrainer(Trainer):
    """The usual subclass: runs the teacher in the loss."""

    def __init__(self, teacher: torch.nn.Module, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.teacher = teacher.eval()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):  # noqa: ANN001, ANN201
        """Give T^2 KL(teacher || student), mean over the batch."""
        inputs.pop("labels", None)
        with torch.no_grad():
            targets = softmax(self.teacher(**inputs).logits / TEMPERATURE, dim=-1)
        outputs = model(**inputs)
        scores = log_softmax(outputs.logits / TEMPERATURE, dim=-1)
        loss = kl_div(scores, targets, reduction="batchmean") * TEMPERATURE**2
        return (loss, outputs) if return_outputs else loss


def plain_seconds(teacher: Encoder, student: Encoder, train: Split) -> float:
    """Time one epoch of the plain loop, tokenising included."""
    begun = time.perf_counter()
    encoded = teacher.tokenizer.wrapped(
        list(train.texts),
        list(train.pairs) if train.pairs else None,
        padding="max_length",
        truncation=True,
        max_length=128,
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=32,
            learning_rate=1e-4,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=not torch.cuda.is_available(),
        )
        PlainTrainer(
            teacher.model, model=student.model, args=arguments, train_dataset=Dataset.from_dict(dict(encoded))
        ).train()
    return time.perf_counter() - begun


def potstill_seconds(source: TaskSource, run_teacher: RunTeacher, student: Encoder) -> float:
    """Time one epoch of the kd stage, tokenising and the teacher's pass included."""
    with tempfile.TemporaryDirectory() as folder:
        run = OpenRun(source=source, folder=RunFolder(path=Path(folder) / "run"), callback=SilentCallback())
        begun = time.perf_counter()
        train_stages(run, student, run_teacher)
        return time.perf_counter() - begun


def main() -> None:
    """Alternate both loops and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="GLUE folder; leave out for trec and movies")
    parser.add_argument("--task", default="sst-2")
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument(
        "--epochs", type=int, default=1, help="epochs of the kd stage; the plain loop's time is one epoch's times this"
    )
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    logging.set_verbosity_error()
    fields = {"data.task": given.task, "teacher.model": given.teacher, "data.limit": given.examples}
    if given.data:
        fields["data.path"] = given.data
    recipe = load_recipe(
        "kd-labels", fields=fields, overrides=[f"stages.0.epochs={given.epochs}", "stages.0.select=last"]
    )
    data = load_task_data(recipe.data)
    recipe = recipe.for_answer(data.task.answer).with_precision(resolve_precision("auto"))
    # Scoring is not part of the comparison: the development set is cut to a handful.
    small = data.dev.take(np.arange(8))
    data = type(data)(
        task=data.task, train=data.train, dev=small, test=None, fingerprint=data.fingerprint, other_dev={}
    )
    teacher = load_classifier(given.teacher)
    ours, plain = [], []
    for number in range(given.rounds):
        source = TaskSource(recipe=recipe, data=data)  # tokenises anew
        logits = source.logits(teacher)
        run_teacher = RunTeacher(encoder=teacher, name=given.teacher, fingerprint="benchmark", dev_logits=logits)
        apart = replace(source, tokenised=TokenisedSplits())
        student = build_student(
            OpenRun(source=apart, folder=RunFolder(path=Path("unused")), callback=SilentCallback()), run_teacher
        )
        plain.append(plain_seconds(teacher, copy.deepcopy(student), data.train) * given.epochs)
        ours.append(potstill_seconds(source, run_teacher, student))
        seen = len(data.train) * given.epochs
        print(
            f"round {number + 1}: plain {seen / plain[-1]:7.1f} ex/s   kd {seen / ours[-1]:7.1f} ex/s   "
            f"ratio {plain[-1] / ours[-1]:5.1f}",
            flush=True,
        )
    ratio = statistics.median(p / o for p, o in zip(plain, ours, strict=True))
    print(f"median ratio {ratio:.1f}; {recipe.precision}, {torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
