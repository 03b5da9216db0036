"""From a recipe to a run folder, as a paper's method section would tell it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from potstill.data import load_task_data
from potstill.errors import RecipeError, did_you_mean
from potstill.evaluation import describe_environment, write_model_card
from potstill.files import write_json
from potstill.hub import check_compiler
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.estimate import estimate_seconds, format_seconds
from potstill.pipeline.general import check_general, start_generally, task_part
from potstill.pipeline.measure import measure
from potstill.pipeline.study import Guide, Study
from potstill.pipeline.teacher import find_teacher
from potstill.pipeline.train import build_student, train_student
from potstill.processes import is_main_process, process_state, wait_for_all
from potstill.progress import Observer, SilentObserver
from potstill.recipe import Recipe
from potstill.reporting import write_report
from potstill.results import Results
from potstill.run_folder import RunFolder
from potstill.training import check_trackers, resolve_precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished run.

    Attributes:
        folder: The run folder.
        results: What was measured.
    """

    folder: Path
    results: Results

    @property
    def student(self) -> Path:
        """The trained model, a `save_pretrained` folder."""
        return RunFolder(path=self.folder).student


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    baselines: Sequence[str] = (),
    resume: bool = False,
    observer: Observer | None = None,
) -> Run:
    """Run a recipe from its data to its results.

    Args:
        recipe: What to do; `recipe.data` and `recipe.teacher` say on what.
        out: The run folder.
        baselines: Controls to train and measure beside the student: `hard-labels`, `base-start`, `random-start`.
        resume: Take up an unfinished run; its student is the same as without the interruption. Controls that it was
            begun with are made whether they are named again or not, and those that a finished run lacks are added.
        observer: Draws progress; absent: silence.

    Returns:
        The finished run.

    Raises:
        PotstillError: The recipe, the data, a model or the folder cannot be used; nothing is left half written.
    """
    folder = RunFolder(path=out)
    folder.check_writable(resume=resume)
    wait_for_all()
    controls = _controls([*(_begun_with(folder) if resume else ()), *baselines])
    check_trackers(recipe.tracking.trackers)
    if recipe.compile:
        check_compiler(process_state().device)
    data = load_task_data(recipe.data)
    recipe = recipe.for_task(data.task.kind).with_precision(resolve_precision(recipe.precision))
    study = Study(recipe=task_part(recipe), data=data, observer=observer or SilentObserver())
    for control in controls.values():
        control(study.recipe)  # one that cannot be made is refused now
    if resume:
        folder.check_same_recipe(recipe.to_json())
        if folder.is_finished:
            finished = Results.read(folder.results)
            if {f"student_{name.replace('-', '_')}" for name in controls} <= {model.role for model in finished.models}:
                study.observer.note(f"{out} is finished already")
                return Run(folder=out, results=finished)
    check_general(recipe)
    guide = find_teacher(
        study, out, lambda other, where, again: run_recipe(other, where, resume=again, observer=observer)
    )
    student = build_student(study, guide)
    maker = plan_texts(study, guide)
    if recipe.corpus_stages:
        study = replace(study, recipe=start_generally(recipe, out, observer=study.observer))
        student = build_student(study, guide)
    _open_folder(folder, study, guide, recipe, baselines=list(controls))
    if maker is not None:
        study = replace(study, augmented=make_examples(study, maker, guide, folder))
    seconds = estimate_seconds(study, student, guide, num_controls=len(controls))
    study.observer.note(f"{recipe.name} on {data.task.name}: about {format_seconds(seconds)} on this machine")
    trained = {"student": train_student(study, student, guide, folder)}
    for name, control in controls.items():
        trained[name] = _train_control(replace(study, recipe=control(study.recipe)), guide, folder.nested(name))
    if is_main_process():
        results = measure(study, guide, folder, trained)
        write_model_card(folder.student, results, recipe=recipe.to_json())
        results.write(folder.results)
        write_report(folder.path)
    wait_for_all()
    return Run(folder=out, results=Results.read(folder.results))


def _controls(baselines: Sequence[str]) -> dict[str, Callable[[Recipe], Recipe]]:
    """Say how each control's recipe comes from the student's."""
    known: dict[str, Callable[[Recipe], Recipe]] = {
        "hard-labels": lambda recipe: recipe.without_teacher(),
        "base-start": lambda recipe: recipe.without_teacher().with_base_start(),
        "random-start": lambda recipe: recipe.without_teacher().with_random_start(),
    }
    for name in baselines:
        if name not in known:
            raise RecipeError(f"--baseline {name}: no such control.{did_you_mean(name, known)}")
    return {name: known[name] for name in dict.fromkeys(baselines)}


def _begun_with(folder: RunFolder) -> list[str]:
    """Read which controls a run was begun with."""
    return [str(name) for name in folder.read_environment().get("baselines", [])]


def _open_folder(
    folder: RunFolder, study: Study, guide: Guide | None, recipe: Recipe, *, baselines: Sequence[str]
) -> None:
    """Write what the run is: its recipe, its environment and which controls it is to have."""
    if not is_main_process():
        return
    folder.path.mkdir(parents=True, exist_ok=True)
    environment = describe_environment() | {
        "seed": study.recipe.seed,
        "precision": study.precision,
        "data_fingerprint": study.data.fingerprint,
        "num_train_examples": len(study.data.train),
        "teacher": _identify(guide) if guide else None,
        "baselines": list(baselines),
        "is_pair": study.data.task.is_pair,
    }
    write_json(folder.environment, environment)
    write_json(folder.recipe, recipe.to_json())


def _identify(guide: Guide) -> dict[str, Any]:
    identity: dict[str, Any] = {"name": guide.name, "fingerprint": guide.fingerprint}
    return identity | ({"members": [_identify(member) for member in guide.members]} if guide.members else {})


def _train_control(study: Study, guide: Guide | None, folder: RunFolder) -> float:
    """Train a control beside the student; one that is there already is kept."""
    study.observer.note(f"control: {folder.path.name}")
    if is_main_process():
        folder.path.mkdir(parents=True, exist_ok=True)
        write_json(folder.recipe, study.recipe.to_json())
    return train_student(study, build_student(study, guide), guide, folder)
