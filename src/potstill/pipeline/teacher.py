"""Find the teacher of a run: load it, or fine-tune its base first, and refuse one that has learnt nothing."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch

from potstill.data import match_labels
from potstill.errors import RecipeError
from potstill.evaluation import compute_metrics
from potstill.hub import check_independence, fingerprint_model, load_classifier, reorder_labels
from potstill.pipeline.once import make_once
from potstill.pipeline.study import Guide, Study
from potstill.pipeline.teacher_check import check_teacher
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.teachers import combine_logits
from potstill.training import resolve_precision


def find_teacher(study: Study, out: Path, run: Callable[[Recipe, Path, bool], object]) -> Guide | None:
    """Load the teacher, fine-tuning it first where only its base is given."""
    recipe = study.recipe
    if not recipe.needs_teacher and recipe.start_from == "base":
        return None
    if not recipe.teacher.names and recipe.teacher.base is None:
        raise RecipeError(
            f"teacher: recipe '{recipe.name}' needs a teacher and none is given; pass --teacher with a fine-tuned "
            "model, or --teacher-base with an encoder that is fine-tuned first."
        )
    if recipe.teacher.combine == "probabilities" and study.data.task.kind != "classification":
        what = "is a regression" if study.data.task.kind == "regression" else "has several labels for each text"
        raise RecipeError(f"teacher.combine: 'probabilities' needs classes and this task {what}; use 'logits'.")
    if not recipe.teacher.names:
        return _load(study, str(_finetuned_base(study, out, run)), called=str(recipe.teacher.base))
    singles = [_load(study, name, called=name) for name in recipe.teacher.names]
    return singles[0] if len(singles) == 1 else _join(study, tuple(singles))


def _load(study: Study, name: str, *, called: str) -> Guide:
    """Load a teacher, put its labels into the task's order, and check what it knows."""
    encoder = load_classifier(name)
    task = study.data.task
    check_independence(encoder, called, is_wanted=task.kind == "multi_label")
    encoder = reorder_labels(encoder, match_labels(task, encoder.label_names), task.label_names)
    logits = study.dev_logits(encoder)
    gold = study.data.dev.labels
    assert gold is not None
    check_teacher(called, task, logits, gold)
    return Guide(encoder=encoder, name=called, fingerprint=fingerprint_model(name), dev_logits=logits)


def _join(study: Study, members: tuple[Guide, ...]) -> Guide:
    """Make one guide of several, and tell how good they are alone and together."""
    task, gold, config = study.data.task, study.data.dev.labels, study.recipe.teacher
    assert gold is not None
    parts = [torch.from_numpy(member.dev_logits) for member in members]
    logits = combine_logits(parts, combine=config.combine, weights=config.weights).numpy()
    metric = task.metrics[0]
    for number, member in enumerate(members):
        score = compute_metrics(task, member.dev_logits, gold)[metric]
        study.observer.note(f"teacher {number}: {member.name}, {metric} {score:.4f}")
    study.observer.note(f"the {len(members)} together: {metric} {compute_metrics(task, logits, gold)[metric]:.4f}")
    identity = [[member.fingerprint for member in members], config.combine, config.weights]
    return Guide(
        encoder=members[0].encoder,
        name=" + ".join(Path(member.name).name for member in members),
        fingerprint=hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16],
        dev_logits=logits,
        members=members,
    )


def _finetuned_base(study: Study, out: Path, run: Callable[[Recipe, Path, bool], object]) -> Path:
    """Fine-tune the teacher's base beside the run, or reuse an earlier run that did just that."""
    recipe, base = study.recipe, study.recipe.teacher.base
    assert base is not None
    fields = {
        "teacher.base": base,
        "data": recipe.data.model_dump(mode="json"),
        "seed": recipe.seed,
        "precision": resolve_precision(recipe.precision),
    }
    finetuning = load_recipe(recipe.teacher.recipe, fields=fields)
    identity = [finetuning.to_json(), study.data.fingerprint, fingerprint_model(base)]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
    folder = RunFolder(path=RunFolder(path=out).teachers / f"{study.data.task.name}-{key}")
    make_once(folder, "teacher", lambda resume: run(finetuning, folder.path, resume), study.observer)
    return folder.path
