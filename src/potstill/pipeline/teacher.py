"""Find the teacher of a run: load it, or fine-tune its base first, and refuse one that has learnt nothing."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.data import TaskData, match_labels
from potstill.errors import ModelError, RecipeError
from potstill.evaluation import compute_metrics
from potstill.hub import fingerprint_model, load_classifier, reorder_labels
from potstill.pipeline.study import Guide, Study
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

__all__ = ["find_teacher"]


def find_teacher(study: Study, out: Path, run: Callable[[Recipe, Path, bool], object]) -> Guide | None:
    """Load the teacher, fine-tuning it first where only its base is given.

    Args:
        study: The run.
        out: The run folder; a teacher that must be made first goes beside it, to `teachers/`, and is found there
            by later runs on the same data.
        run: Runs a recipe into a folder, resuming it or not.

    Returns:
        The teacher, or None where the recipe neither follows one nor starts from one.

    Raises:
        RecipeError: A teacher is needed and none is given.
        ModelError: It cannot be loaded, its labels are not the task's, or it is no better than the majority class.
    """
    recipe = study.recipe
    if not recipe.needs_teacher and recipe.start_from == "base":
        return None
    if recipe.teacher.model is None and recipe.teacher.base is None:
        raise RecipeError(
            f"teacher: recipe '{recipe.name}' needs a teacher and none is given; pass --teacher with a fine-tuned "
            "model, or --teacher-base with an encoder that is fine-tuned first."
        )
    name = recipe.teacher.model or str(_finetuned_base(study, out, run))
    encoder = load_classifier(name)
    encoder = reorder_labels(encoder, match_labels(study.data.task, encoder.label_names), study.data.task.label_names)
    guide = Guide(
        encoder=encoder,
        name=recipe.teacher.model or str(recipe.teacher.base),
        fingerprint=fingerprint_model(name),
        dev_logits=study.dev_logits(encoder),
    )
    _check_teacher(guide.name, guide.dev_logits, study.data)
    return guide


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
    if folder.is_finished:
        study.observer.note(f"teacher: reusing {folder.path}")
    else:
        study.observer.note(f"teacher: fine-tuning {base} into {folder.path}")
        run(finetuning, folder.path, folder.recipe.is_file())
    return folder.path


def _check_teacher(name: str, logits: NDArray[np.float32], data: TaskData) -> None:
    """Refuse a teacher from which there is nothing to learn."""
    gold = data.dev.labels
    assert gold is not None
    metrics = compute_metrics(data.task, logits, gold)
    if data.task.kind == "regression":
        metric, score, floor = data.task.metrics[0], metrics[data.task.metrics[0]], 0.0
        what = "a constant score"
    else:
        metric, score = "accuracy", float((logits.argmax(1) == gold).mean())
        floor = float(np.bincount(gold.astype(np.int64)).max() / len(gold))
        what = "always answering the most frequent class"
    if score <= floor:
        raise ModelError(
            f"teacher '{name}' has {metric} {score:.3f} on the {len(gold)} development examples, no better than {what} "
            f"({floor:.3f}); fine-tune it on this task first ('potstill finetune'), or check the order of its labels."
        )
