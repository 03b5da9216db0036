"""General distillation and pre-training: the stages of a recipe on plain text, which leave a reusable student."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.data import Corpus, find_sources, load_corpus
from potstill.errors import RecipeError
from potstill.evaluation import describe_environment
from potstill.files import write_json, write_text
from potstill.hub import check_compiler, fingerprint_model, load_tokenizer, resolve_model
from potstill.pipeline.estimate import format_seconds
from potstill.pipeline.general_estimate import estimate_general
from potstill.pipeline.general_measure import describe_general, measure_general
from potstill.pipeline.general_study import open_study, require_base
from potstill.pipeline.once import make_once
from potstill.pipeline.stages import train_stages
from potstill.processes import is_main_process, main_first, process_state, wait_for_all
from potstill.progress import Observer, SilentObserver
from potstill.recipe import Recipe
from potstill.results import GeneralResults
from potstill.run_folder import RunFolder
from potstill.training import check_trackers, resolve_precision


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralRun:
    """A finished run on plain text.

    Attributes:
        folder: The run folder.
        results: What was measured.
    """

    folder: Path
    results: GeneralResults

    @property
    def student(self) -> Path:
        """The general student, a `save_pretrained` folder."""
        return RunFolder(path=self.folder).student


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


def check_general(recipe: Recipe) -> None:
    """Refuse a general student or plain text that is not there, before hours are spent on a teacher."""
    if recipe.general is not None:
        load_tokenizer(resolve_model(recipe.general), recipe.general)
    elif recipe.corpus_stages:
        find_sources(recipe.data.corpus)


def start_generally(recipe: Recipe, out: Path, *, observer: Observer) -> Recipe:
    """Run the stages on plain text, or find the student that they left, and give what is left of the recipe."""
    return task_part(recipe, recipe.general or str(_find_general(recipe, out, observer)))


def run_general(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    observer: Observer | None = None,
    store: Path | None = None,
) -> GeneralRun:
    """Run the stages of a recipe that read plain text, and measure the student on text that was held out.

    Args:
        recipe: What to do; `recipe.data.corpus` says on what. Stages on a task are left out.
        out: The run folder.
        resume: Take up an unfinished run; its student is the same as without the interruption.
        observer: Draws progress; absent: silence.
        store: Folder that keeps the tokenised text; absent: `store/` beside the run.

    Returns:
        The finished run.

    Raises:
        PotstillError: The recipe, the text, a model or the folder cannot be used; nothing is left half written.
        RecipeError: `teacher.states` is set, which would change nothing.
    """
    folder = RunFolder(path=out)
    folder.check_writable(resume=resume)
    wait_for_all()
    check_trackers(recipe.tracking.trackers)
    if recipe.compile:
        check_compiler(process_state().device)
    if recipe.teacher.states != "run":
        raise RecipeError(
            f"teacher.states: on plain text the teacher runs at every step, and '{recipe.teacher.states}' would change "
            "nothing; leave it out."
        )
    recipe = _corpus_part(recipe)
    observer = observer or SilentObserver()
    if resume:
        folder.check_same_recipe(recipe.to_json())
        if folder.is_finished:
            observer.note(f"{out} is finished already")
            return GeneralRun(folder=out, results=GeneralResults.read(folder.results))
    corpus = _load_corpus(recipe, store or folder.store, observer)
    study = open_study(recipe, corpus, observer)
    if is_main_process():
        folder.path.mkdir(parents=True, exist_ok=True)
        write_json(folder.environment, describe_environment() | {"seed": recipe.seed, "precision": recipe.precision})
        write_json(folder.recipe, recipe.to_json())
    left = format_seconds(estimate_general(study))
    observer.note(f"{recipe.name} on {len(corpus.train):,} examples of text: about {left} on this machine")
    seconds = train_stages(study, folder)
    if is_main_process():
        results = measure_general(study, folder, seconds)
        write_text(folder.student / "README.md", describe_general(results))
        results.write(folder.results)
    wait_for_all()
    return GeneralRun(folder=out, results=GeneralResults.read(folder.results))


def _corpus_part(recipe: Recipe) -> Recipe:
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


def _require_text(recipe: Recipe) -> None:
    if not recipe.data.corpus.paths:
        raise RecipeError(
            f"recipe '{recipe.name}' reads plain text in stage '{recipe.corpus_stages[0].name}' and none is given; "
            "pass --corpus with text files, or --general with a student that has been through such stages."
        )


def _load_corpus(recipe: Recipe, store: Path, observer: Observer) -> Corpus:
    _require_text(recipe)
    base = require_base(recipe)
    with main_first():
        return load_corpus(
            recipe.data.corpus, load_tokenizer(resolve_model(base), base), store=store, observer=observer
        )


def _find_general(recipe: Recipe, out: Path, observer: Observer) -> Path:
    """Make the general student beside the run, or reuse an earlier one that was made just so."""
    part, beside = _corpus_part(recipe), RunFolder(path=out)
    corpus = _load_corpus(part, beside.store, observer)
    values = part.to_json()
    made_of = {name: values[name] for name in ("student", "stages", "seed", "precision")}
    made_of |= {"compile": True} if part.compile else {}
    init = getattr(part.student, "init", None)
    made_of |= {"start": fingerprint_model(init.path)} if init is not None and init.kind == "checkpoint" else {}
    identity = [made_of, corpus.fingerprint, fingerprint_model(require_base(part))]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
    folder = RunFolder(path=beside.general / f"{recipe.name}-{key}")

    def make(resume: bool) -> None:
        run_general(part, folder.path, resume=resume, observer=observer, store=beside.store)

    make_once(folder, "general student", make, observer)
    return folder.path
