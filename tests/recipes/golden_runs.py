"""Five steps of every stage of a shipped recipe on a tiny teacher of 12 layers: the losses in events.jsonl."""

import dataclasses
import json
import random
from pathlib import Path

import torch
from tiny_reviews import WORDS, make_base, save_base

from potstill.data import DataConfig, TaskData, load_task_data
from potstill.hub import Encoder, load_encoder_base
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.general_run import run_general
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.progress import SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder

NUM_STEPS = 5
SIZES = ("hidden_size", "feed_forward_size", "lstm_size", "head_size", "vectors.size")
SHRINKS = 13, 12
"""Sizes that a recipe gives in numbers become so many times smaller, in multiples of 12 heads: 312 becomes 24."""

Curves = dict[str, list[float]]


@dataclasses.dataclass(frozen=True)
class GoldenWorld:
    """What every curve is drawn from.

    Attributes:
        base: Folder of a random encoder with a masked-LM head.
        teacher: The same with a random head for the task.
        corpus: A file of plain text.
        data: The task.
    """

    base: Path
    teacher: Encoder
    corpus: Path
    data: TaskData


def make_world(folder: Path) -> GoldenWorld:
    """Draw encoder and texts; large weights, so that no loss is near 0."""
    model = make_base(hidden_size=48, num_hidden_layers=12, num_attention_heads=12, initializer_range=0.2)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("attention.output.dense.weight"):
                weight.mul_(0.1)  # else the tokens of a text become all alike in twelve layers
    base = save_base(folder / "base", model)
    generator = random.Random(0)
    lines = [" ".join(generator.choices(WORDS[2:], k=generator.randint(11, 20))) for _ in range(80)]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [f"{line[: generator.randint(20, 60)]},{('good', 'bad')[number % 2]}" for number, line in enumerate(lines)]
    path = folder / "data.csv"
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    data = load_task_data(DataConfig(path=str(path)))
    torch.manual_seed(1)
    teacher = load_encoder_base(str(base), label_names=data.task.label_names)
    return GoldenWorld(base=base, teacher=teacher, corpus=corpus, data=data)


def shrink(name: str, world: GoldenWorld) -> Recipe:
    """Make a recipe tiny and short, and leave everything else as it is shipped."""
    recipe = load_recipe(name)
    values = recipe.to_json()
    overrides = [f"teacher.base={world.base}", "precision=fp32", "tracking.every_steps=1", "data.max_length=16"]
    for path in SIZES:
        held = values["student"]
        for part in path.split("."):
            held = held.get(part) if isinstance(held, dict) else None
        if isinstance(held, int):
            times, multiple = SHRINKS
            overrides.append(f"student.{path}={max(1, held // times // multiple) * multiple}")
    if recipe.corpus_stages:
        overrides += [f'data.corpus.paths=["{world.corpus}"]', "data.corpus.max_length=24"]
    if recipe.augmentation is not None:
        overrides += ["augmentation.copies=2", "augmentation.method.vectors=embeddings"]
    for number, stage in enumerate(recipe.stages):
        place = f"stages.{number}"
        overrides += [f"{place}.epochs=none", f"{place}.steps={NUM_STEPS}", f"{place}.accumulate=1"]
        overrides += [f"{place}.batches.examples_per_batch=8"]
        if stage.optimizer.rates_to_try:
            overrides += [f"{place}.trial_steps=2"]
        for position, objective in enumerate(stage.objectives):
            if getattr(objective, "num_relation_heads", None) is not None:
                overrides.append(f"{place}.objectives.{position}.num_relation_heads=12")
    return load_recipe(name, overrides=overrides)


def draw_curves(name: str, world: GoldenWorld, folder: Path) -> Curves:
    """Give the loss of every step of every stage, those on plain text first."""
    recipe = shrink(name, world)
    stages = [stage.name for stage in recipe.stages]
    events: list[dict[str, object]] = []
    if recipe.corpus_stages:
        general = run_general(recipe, folder / "general").folder
        events += _read_events(general)
        if len(recipe.corpus_stages) < len(stages):
            recipe = task_part(recipe, str(general))
            events += _train(recipe, world, folder / "task")
    else:
        events += _train(recipe, world, folder / "task")
    steps = [event for event in events if event["event"] == "step"]
    return {name: [float(f"{event['loss']:.6g}") for event in steps if event["stage"] == name] for name in stages}


def _train(recipe: Recipe, world: GoldenWorld, folder: Path) -> list[dict[str, object]]:
    recipe = recipe.for_answer(world.data.task.answer)
    source = TaskSource(recipe=recipe.with_length(128), data=world.data)
    run_teacher = None
    if recipe.needs_teacher or recipe.start_from == "teacher":
        logits = source.logits(world.teacher)
        run_teacher = RunTeacher(encoder=world.teacher, name="tiny", fingerprint="tiny", dev_logits=logits)
    run = OpenRun(source=source, folder=RunFolder(path=folder), callback=SilentCallback())
    if (maker := plan_texts(run, run_teacher)) is not None:
        folder.mkdir(parents=True)
        source = dataclasses.replace(source, augmented=make_examples(run, maker, run_teacher))
        run = dataclasses.replace(run, source=source)
    train_stages(run, build_student(run, run_teacher), run_teacher)
    return _read_events(folder)


def _read_events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
