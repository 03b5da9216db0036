"""Runs beside a run that later ones find again, such as the one that makes the student of its plain text."""

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from potstill.data import Corpus, find_sources, load_corpus
from potstill.errors import RecipeError
from potstill.files import one_at_a_time
from potstill.hub import fingerprint_model, open_model
from potstill.processes import agree, is_main_process, main_first
from potstill.progress import ProgressCallback
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision


def make_once(folder: RunFolder, name: str, make: Callable[[bool], object], callback: ProgressCallback) -> None:
    """Make a run that others share, or leave it as an earlier one made it; of runs at once, one makes it."""

    def note(what: str) -> None:
        callback.note(f"{name}: {what} {folder.path}")

    lock = folder.path.with_name(f".{folder.path.name}.lock")
    alone = one_at_a_time(lock, lambda who: note(f"waiting for {who}, which makes"))
    with alone if is_main_process() else nullcontext():
        if agree(folder.is_finished):
            note("reusing")
        else:
            note("making")
            make(folder.recipe.is_file())


def make_general(
    recipe: Recipe, out: Path, callback: ProgressCallback, run: Callable[[Recipe, Path, bool], object]
) -> Recipe:
    """Run the stages on plain text, or find the student that they left, and give what is left of the recipe."""
    if recipe.general is not None:
        return task_part(recipe, recipe.general)
    part, beside = corpus_part(recipe), RunFolder(path=out)
    corpus = read_corpus(part, beside.store, callback)
    values = part.to_json()
    made_of = {name: values[name] for name in ("student", "stages", "seed", "precision")}
    made_of |= {"compile": True} if part.compile else {}
    init = getattr(part.student, "init", None)
    made_of |= {"start": fingerprint_model(init.path)} if init is not None and init.kind == "checkpoint" else {}
    identity = [made_of, corpus.fingerprint, fingerprint_model(require_base(part))]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
    folder = RunFolder(path=beside.general / f"{recipe.name}-{key}")
    make_once(folder, "general student", lambda resume: run(part, folder.path, resume), callback)
    return task_part(recipe, str(folder.path))


def check_general(recipe: Recipe) -> None:
    """Refuse a general student or plain text that is not there, before hours are spent on a teacher."""
    if recipe.general is not None:
        open_model(recipe.general)
    elif recipe.corpus_stages:
        find_sources(recipe.data.corpus)


def task_part(recipe: Recipe, general: str | None = None) -> Recipe:
    """Give the stages on the task as a recipe of their own."""
    if not recipe.corpus_stages:
        return recipe
    values: dict[str, Any] = recipe.model_dump(mode="json")
    values["stages"] = [stage for stage in values["stages"] if stage["data"] != "corpus"]
    if not values["stages"]:
        raise RecipeError(f"recipe '{recipe.name}' reads plain text alone; leave the task out, or choose another one.")
    if "init" not in values["student"]:
        raise RecipeError(
            f"student.kind: a '{recipe.student.kind}' student cannot start from what the stages on a corpus make; use "
            "a kind that has an 'init'."
        )
    if recipe.general is None:
        _require_text(recipe)
        require_base(recipe)
    values["student"]["init"] = {"kind": "random"} if general is None else {"kind": "checkpoint", "path": general}
    values["data"].pop("corpus")
    return Recipe.parse(values | {"general": None})


def corpus_part(recipe: Recipe) -> Recipe:
    """Give the stages on a corpus as a recipe of their own."""
    if not recipe.corpus_stages:
        raise RecipeError(
            f"recipe '{recipe.name}' has no stage with data = 'corpus'; choose one that has, such as 'pretrain'."
        )
    values: dict[str, Any] = recipe.model_dump(mode="json")
    values["stages"] = [stage for stage in values["stages"] if stage["data"] == "corpus"]
    values["augmentation"] = None
    values["data"] = {"corpus": values["data"]["corpus"]}
    values["teacher"] = {"base": require_base(recipe)}
    values |= {"general": None, "start_from": "base", "precision": resolve_precision(recipe.precision)}
    return Recipe.parse(values)


def read_corpus(recipe: Recipe, store: Path, callback: ProgressCallback) -> Corpus:
    """Read the plain text of a recipe in the tokens of its base."""
    _require_text(recipe)
    base = require_base(recipe)
    with main_first():
        return load_corpus(recipe.data.corpus, open_model(base).tokenizer, store=store, callback=callback)


def _require_text(recipe: Recipe) -> None:
    if not recipe.data.corpus.paths:
        raise RecipeError(
            f"recipe '{recipe.name}' reads plain text in stage '{recipe.corpus_stages[0].name}' and none is given; "
            "pass --corpus with text files, or --general with a student that has been through such stages."
        )


def require_base(recipe: Recipe) -> str:
    """Give the pre-trained encoder of a recipe with stages on a corpus."""
    if recipe.teacher.base is None:
        raise RecipeError(
            f"stages.{recipe.corpus_stages[0].name}: a stage on a corpus needs a pre-trained encoder, which the "
            "student follows or whose tokenizer it uses; pass --teacher-base."
        )
    return recipe.teacher.base
