"""Find the teacher of a run: load it, or fine-tune its base first, and refuse one that has learnt nothing."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.answers import LabelRows, check_model
from potstill.data import Split, Task, load_answers, match_labels
from potstill.errors import DataError, ModelError, RecipeError, RunError
from potstill.files import expand_user
from potstill.hub import Encoder, fingerprint_model, load_classifier, load_encoder_base, load_masked_lm, reorder_labels
from potstill.pipeline.begun import without_names
from potstill.pipeline.chosen import count_choices_of
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import make_once, require_base
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.text_source import TextSource
from potstill.recipe import Recipe, load_recipe
from potstill.results import ChosenWeights, Results, find_warnings
from potstill.run_folder import RunFolder
from potstill.teachers import TeacherConfig, combine_logits
from potstill.training import resolve_precision


def find_teacher(run: OpenRun[TaskSource], make: Callable[[Recipe, Path, bool], object]) -> RunTeacher | None:
    """Load the teacher, fine-tuning it first where only its base is given."""
    recipe = run.recipe
    if not recipe.needs_teacher and recipe.start_from == "base":
        return None
    if recipe.teacher.answers is not None:
        return load_table(run, recipe.teacher.answers)
    if not recipe.teacher.names and recipe.teacher.base is None:
        raise RecipeError(
            f"teacher: recipe '{recipe.name}' needs a teacher and none is given; pass --teacher with a fine-tuned "
            "model, --teacher-base with an encoder that is fine-tuned first, or --teacher-answers with what a teacher "
            "said that does not run here."
        )
    what = run.source.data.task.answer.lacks_classes
    if recipe.teacher.combine == "probabilities" and what is not None:
        raise RecipeError(f"teacher.combine: 'probabilities' needs classes and this task {what}; use 'logits'.")
    if not recipe.teacher.names:
        return _load(run, str(_finetuned_base(run, make)), called=str(recipe.teacher.base))
    singles = [_load(run, name, called=name) for name in recipe.teacher.names]
    return singles[0] if len(singles) == 1 else join_teachers(run, tuple(singles))


def find_base(run: OpenRun[TextSource]) -> RunTeacher | None:
    """Load the pre-trained encoder that stages on plain text follow, with its masked-LM head where they ask for it."""
    following = [objective for stage in run.recipe.stages for objective in stage.objectives if objective.needs_teacher]
    if not following:
        return None
    name = require_base(run.recipe)
    has_head = any(objective.reads_vocabulary for objective in following)
    encoder = load_masked_lm(name) if has_head else load_encoder_base(name, label_names=())
    return RunTeacher(encoder=encoder, name=name, fingerprint=fingerprint_model(name), dev_logits=None)


def load_for_task(name: str, task: Task, *, called: str | None = None) -> Encoder:
    """Load a classifier or regressor whose logits have the order of a task's labels."""
    encoder = load_classifier(name)
    check_model(task.answer, encoder.config_words, encoder.label_names, name=called or name)
    return reorder_labels(encoder, match_labels(task, encoder.label_names), task.label_names)


def _load(run: OpenRun[TaskSource], name: str, *, called: str) -> RunTeacher:
    """Load a teacher, and check what it knows."""
    teacher, source = load_teacher(run, name, called=called), run.source
    logits, gold = teacher.dev_logits, source.data.dev.labels
    if source.data.dev.has_labels and gold is not None and logits is not None:
        tokens = source.batches_of("dev", teacher.model).tokenised.tokens
        cut = f"{tokens.num_cut} of them are cut at {run.recipe.data.longest} tokens" if tokens.num_cut else ""
        check_teacher(called, source.data.task, logits, gold, cut=cut)
    return teacher


def load_teacher(run: OpenRun[TaskSource], name: str, *, called: str) -> RunTeacher:
    """Load a teacher, put its labels into the task's order, and let it answer dev."""
    source = run.source
    encoder = load_for_task(name, source.data.task, called=called)
    for split in source.data.labelled_test:
        source.batches_of(split, encoder)  # a text that it cannot read is refused now, not at the end
    logits = source.logits(encoder)
    return RunTeacher(
        chosen=_read_training(run, name, called=called),
        encoder=encoder,
        name=called,
        fingerprint=fingerprint_model(name),
        dev_logits=logits,
        choosing_logits=logits if source.data.select is None else source.logits(encoder, source.heldout(encoder)),
        num_choices=count_choices_of(name),
    )


def _read_training(run: OpenRun[TaskSource], name: str, *, called: str) -> tuple[ChosenWeights, ...]:
    """Read how a teacher was trained that is the model of a run, and tell what is wrong with it."""
    folder = RunFolder(path=expand_user(name))
    if not folder.is_finished:
        return ()
    try:
        results = Results.read(folder.results)
    except RunError:  # what is wrong with a page beside a model is no reason to refuse the model
        return ()
    for warning in find_warnings(results):
        run.callback.note(f"teacher {called}: {warning}")
    model = results.find("model") or results.find("student")
    return () if model is None else model.chosen


def load_table(run: OpenRun[TaskSource], path: str) -> RunTeacher:
    """Take the answers of a teacher that does not run here, and check what it knows."""
    data = run.source.data
    table = run.source.answers or load_answers(path, run.recipe.data, data.task)
    dev = table.find(data.dev)
    answered, gold = np.flatnonzero(dev >= 0), data.dev.labels
    if data.dev.has_labels and gold is not None:
        known = gold.take(answered)
        if len(np.unique(known.values)) > 1:  # answers about texts of one label tell nothing of who gave them
            check_teacher(table.name, data.task, table.rows(data.dev.take(answered))[0], known)
    if len(answered) < len(data.dev):
        run.callback.note(
            f"{table.name} answers {len(answered):,} of {len(data.dev):,} development examples, so the student is not "
            "compared with its teacher"
        )
    return RunTeacher(
        encoder=None,
        name=table.name,
        fingerprint=table.fingerprint,
        dev_logits=table.answer(data.dev),
        choosing_logits=table.answer(data.choosing),
        table=table,
    )


def join_teachers(run: OpenRun[TaskSource], members: tuple[RunTeacher, ...]) -> RunTeacher:
    """Make one teacher of several, and tell how good they are alone and together."""
    task, gold, config = run.source.data.task, run.source.data.dev.labels, run.recipe.teacher
    assert gold is not None
    answers = [member.dev_logits for member in members if member.dev_logits is not None]
    choosing = [member.choosing_logits for member in members if member.choosing_logits is not None]
    logits = combine(answers, config)
    metric = task.metrics[0]
    for number, (member, own) in enumerate(zip(members, answers, strict=True)):
        score = task.answer.measure([metric], own, gold)[metric]
        run.callback.note(f"teacher {number}: {member.name}, {metric} {score:.4f}")
    together = task.answer.measure([metric], logits, gold)[metric]
    run.callback.note(f"the {len(members)} together: {metric} {together:.4f}")
    identity = [[member.fingerprint for member in members], config.combine, config.weights]
    return RunTeacher(
        encoder=members[0].model,
        name=" + ".join(Path(member.name).name for member in members),
        fingerprint=hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16],
        dev_logits=logits,
        choosing_logits=combine(choosing, config),
        members=members,
        num_choices=prod(member.num_choices for member in members),
    )


def combine(logits: Sequence[NDArray[np.float32]], config: TeacherConfig) -> NDArray[np.float32]:
    """Put the logits of several teachers together as a recipe says."""
    parts = [torch.from_numpy(each) for each in logits]
    return combine_logits(parts, combine=config.combine, weights=config.weights).numpy()


def _finetuned_base(run: OpenRun[TaskSource], make: Callable[[Recipe, Path, bool], object]) -> Path:
    """Fine-tune the teacher's base beside the run, or reuse an earlier run that did just that."""
    finetuning, folder = plan_finetuning(run, run.folder)
    make_once(folder, "teacher", lambda resume: make(finetuning, folder.path, resume), run.callback)
    return folder.path


def plan_finetuning(run: OpenRun[TaskSource], beside: RunFolder) -> tuple[Recipe, RunFolder]:
    """Say how the teacher's base is fine-tuned, and which folder beside a run is that of a run that does just that."""
    recipe, base = run.recipe, run.recipe.teacher.base
    assert base is not None
    fields = {
        "teacher.base": base,
        "data": recipe.data.model_dump(mode="json", exclude={"unlabeled", "trust_fraction"}),
        "seed": recipe.seed,
        "precision": resolve_precision(recipe.precision),
    }
    finetuning = load_recipe(recipe.teacher.recipe, fields=fields)
    identity = [without_names(finetuning.to_json()), run.source.data.fingerprint, fingerprint_model(base)]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
    return finetuning, RunFolder(path=beside.teachers / f"{run.source.data.task.name}-{key}")


def answer_split(run: OpenRun[TaskSource], teacher: RunTeacher, split: str) -> NDArray[np.float32] | None:
    """Let a teacher, or several together, answer a split; None where its answers are given and lack some."""
    source = run.source
    if teacher.table is not None:
        return teacher.table.answer(source.examples_of(split))
    logits = [source.logits(each.model, source.batches_of(split, each.model)) for each in teacher.singles]
    return logits[0] if len(logits) == 1 else combine(logits, run.recipe.teacher)


def judge(run: OpenRun[TaskSource], teacher: RunTeacher | None) -> tuple[OpenRun[TaskSource], RunTeacher | None]:
    """Let a teacher's answers stand for gold labels where the examples to measure on have none."""
    data = run.source.data
    if data.dev.has_labels or teacher is None:
        return run, teacher
    dev, dev_logits = _judge(data.dev, teacher, teacher.dev_logits, data.task)
    select, choosing_logits = data.select, dev_logits
    if select is not None:
        select, choosing_logits = _judge(select, teacher, teacher.choosing_logits, data.task)
    run.callback.note(
        "dev has no gold labels: the teacher's answers stand for them, so all figures are agreement with it"
    )
    source = replace(run.source, data=replace(data, dev=dev, select=select, is_judged=True))
    return replace(run, source=source), replace(teacher, dev_logits=dev_logits, choosing_logits=choosing_logits)


def _judge(
    split: Split, teacher: RunTeacher, logits: NDArray[np.float32] | None, task: Task
) -> tuple[Split, NDArray[np.float32]]:
    """Label what a teacher has answered."""
    if logits is None:
        assert teacher.table is not None, "a model answers every example"
        split = split.take(np.flatnonzero(teacher.table.find(split) >= 0))
        logits, _ = teacher.table.rows(split)
    if len(split) == 0:
        raise DataError(f"teacher.answers: {teacher.name} answers no example to measure on, and none has a label.")
    decided = task.answer.decide(logits)
    packed = task.answer.pack(list(decided) if split.words is None else [decided])
    return replace(split, labels=LabelRows(values=packed.values, offsets=split.row_offsets)), logits


def check_teacher(name: str, task: Task, logits: NDArray[np.floating], gold: LabelRows, *, cut: str = "") -> None:
    """Refuse a teacher that is no better on the development set than an answer that never looks at the text."""
    bar = task.answer.floor(task.metrics, logits, gold)
    if bar.score <= bar.floor and not bar.is_spared:
        longer = f"; {cut}: set data.max_length if their labels show further on" if cut else ""
        raise ModelError(
            f"teacher '{name}' has {bar.metric} {bar.score:.3f} on the {len(gold)} development examples, no better "
            f"than {bar.what} ({bar.floor:.3f}); fine-tune it on this task first ('potstill finetune'), or check the "
            f"order of its labels{longer}."
        )
