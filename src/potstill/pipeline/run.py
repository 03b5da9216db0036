"""From a recipe to a run folder, as a paper's method section would tell it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from potstill.controls import Control, find_controls
from potstill.errors import RecipeError
from potstill.evaluation import describe_environment, write_model_card
from potstill.files import write_json, write_text
from potstill.hub import check_compiler
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.estimate import announce, estimate_seconds
from potstill.pipeline.measure import describe_general, measure, measure_general
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.shared_runs import check_general, corpus_part, make_general, read_corpus, task_part
from potstill.pipeline.sources import TaskSource, TextSource, load_examples
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.pipeline.teacher import find_base, find_teacher
from potstill.pipeline.transfer import with_examples, with_unlabeled
from potstill.processes import is_main_process, process_state, wait_for_all
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe
from potstill.reporting import write_report
from potstill.results import GeneralResults, Results
from potstill.run_folder import RunFolder
from potstill.timing import format_seconds
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


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    baselines: Sequence[str] = (),
    resume: bool = False,
    callback: ProgressCallback | None = None,
) -> Run:
    """Run a recipe from its data to its results.

    Args:
        recipe: What to do; `recipe.data` and `recipe.teacher` say on what.
        out: The run folder.
        baselines: Controls to train and measure beside the student: names of `potstill.controls`.
        resume: Take up an unfinished run; its student is the same as without the interruption. Controls that it was
            begun with are made whether they are named again or not, and those that a finished run lacks are added.
        callback: Draws progress; absent: silence.

    Returns:
        The finished run.

    Raises:
        PotstillError: The recipe, the data, a model or the folder cannot be used; nothing is left half written.
    """
    folder, watch = _begin(recipe, out, resume=resume), callback or SilentCallback()
    controls = find_controls([*(_begun_with(folder) if resume else ()), *baselines])
    data = load_examples(recipe)
    recipe = recipe.for_answer(data.task.answer).with_precision(resolve_precision(recipe.precision))
    run = OpenRun(source=TaskSource(recipe=task_part(recipe), data=data), folder=folder, callback=watch)
    for control in controls:
        control.change(run.recipe)  # one that cannot be made is refused now
    if _is_finished(folder, recipe, resume=resume):
        finished = Results.read(folder.results)
        if {control.role for control in controls} <= {model.role for model in finished.models}:
            watch.note(f"{out} is finished already")
            return Run(folder=out, results=finished)
    check_general(recipe)
    run = with_unlabeled(run)
    teacher = find_teacher(run, lambda other, where, again: run_recipe(other, where, resume=again, callback=callback))
    student, maker = build_student(run, teacher), plan_texts(run, teacher)
    if recipe.corpus_stages:
        run = _with_recipe(run, _start_generally(recipe, folder, watch))
        student = build_student(run, teacher)
    _open_folder(run, recipe, _describe_data(run, teacher) | {"baselines": [control.name for control in controls]})
    run = run if maker is None else with_examples(run, make_examples(run, maker, teacher))
    announce(run, student, teacher, num_controls=len(controls))
    trained = {"student": train_stages(run, student, teacher)}
    trained |= {control.name: _train_control(run, control, teacher) for control in controls}
    if is_main_process():
        results, tag = measure(run, teacher, trained), data.task.answer.pipeline_tag
        write_model_card(folder.student, results, recipe=recipe.to_json(), pipeline_tag=tag)
        results.write(folder.results)
        write_report(folder.path)
    wait_for_all()
    return Run(folder=out, results=Results.read(folder.results))


def run_general(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    callback: ProgressCallback | None = None,
    store: Path | None = None,
) -> GeneralRun:
    """Run the stages of a recipe that read plain text, and measure the student on text that was held out.

    Args:
        recipe: What to do; `recipe.data.corpus` says on what. Stages on a task are left out.
        out: The run folder.
        resume: Take up an unfinished run; its student is the same as without the interruption.
        callback: Draws progress; absent: silence.
        store: Folder that keeps the tokenised text; absent: `store/` beside the run.

    Returns:
        The finished run.

    Raises:
        PotstillError: The recipe, the text, a model or the folder cannot be used; nothing is left half written.
        RecipeError: `teacher.states` is set, which would change nothing.
    """
    folder, watch = _begin(recipe, out, resume=resume), callback or SilentCallback()
    if recipe.teacher.states != "run":
        raise RecipeError(
            f"teacher.states: on plain text the teacher runs at every step, and '{recipe.teacher.states}' would change "
            "nothing; leave it out."
        )
    recipe = corpus_part(recipe)
    if _is_finished(folder, recipe, resume=resume):
        watch.note(f"{out} is finished already")
        return GeneralRun(folder=out, results=GeneralResults.read(folder.results))
    corpus = read_corpus(recipe, store or folder.store, watch)
    run = OpenRun(source=TextSource(recipe=recipe, corpus=corpus), folder=folder, callback=watch)
    teacher = find_base(run)
    student = build_student(run, teacher)
    for encoder in (student, *((teacher.encoder,) if teacher is not None else ())):
        run.source.check_length(encoder)
    _open_folder(run, recipe, {})
    seconds = format_seconds(estimate_seconds(run, student, teacher))
    watch.note(f"{recipe.name} on {len(corpus.train):,} examples of text: about {seconds} on this machine")
    trained = train_stages(run, student, teacher)
    if is_main_process():
        results = measure_general(run, student, trained)
        write_text(folder.student / "README.md", describe_general(results))
        results.write(folder.results)
    wait_for_all()
    return GeneralRun(folder=out, results=GeneralResults.read(folder.results))


def _begin(recipe: Recipe, out: Path, *, resume: bool) -> RunFolder:
    """Refuse a folder, a tracker or a compiler that cannot be used."""
    folder = RunFolder(path=out)
    folder.check_writable(resume=resume)
    wait_for_all()
    check_trackers(recipe.tracking.trackers)
    if recipe.compile:
        check_compiler(process_state().device)
    return folder


def _is_finished(folder: RunFolder, recipe: Recipe, *, resume: bool) -> bool:
    """Say whether a run that is to be taken up has come to its end; refuse to go on with another recipe."""
    if resume:
        folder.check_same_recipe(recipe.to_json())
        folder.check_same_plugins(recipe.plugin_fingerprints())
    return resume and folder.is_finished


def _with_recipe(run: OpenRun[TaskSource], recipe: Recipe) -> OpenRun[TaskSource]:
    return replace(run, source=replace(run.source, recipe=recipe))


def _start_generally(recipe: Recipe, folder: RunFolder, callback: ProgressCallback) -> Recipe:
    """Give the stages on the task, which start from what those on plain text leave."""

    def run(part: Recipe, where: Path, is_begun: bool) -> None:  # noqa: FBT001 - as make_general calls it
        run_general(part, where, resume=is_begun, callback=callback, store=folder.store)

    return make_general(recipe, folder.path, callback, run)


def _begun_with(folder: RunFolder) -> list[str]:
    """Read which controls a run was begun with."""
    return [str(name) for name in folder.read_environment().get("baselines", [])]


def _open_folder(run: OpenRun[Source], recipe: Recipe, facts: dict[str, Any]) -> None:
    """Write what the run is: its whole recipe, its environment, and what was found out about it."""
    if not is_main_process():
        return
    folder = run.folder
    folder.path.mkdir(parents=True, exist_ok=True)
    own = {"seed": run.recipe.seed, "precision": run.precision, "plugins": recipe.plugin_fingerprints()}
    write_json(folder.environment, describe_environment() | own | facts)
    write_json(folder.recipe, recipe.to_json())


def _describe_data(run: OpenRun[TaskSource], teacher: RunTeacher | None) -> dict[str, Any]:
    """Say what decides a run beside its recipe: the content of data and teacher."""
    data = run.source.data
    return {
        "data_fingerprint": data.fingerprint,
        "transfer": run.source.transfer and run.source.transfer.folder.name,
        "num_train_examples": len(data.train),
        "teacher": teacher and teacher.identity,
        "is_pair": data.task.is_pair,
    }


def _train_control(run: OpenRun[TaskSource], control: Control, teacher: RunTeacher | None) -> float:
    """Train a control beside the student; one that is there already is kept."""
    run.callback.note(f"control: {control.name}")
    beside = replace(_with_recipe(run, control.change(run.recipe)), folder=run.folder.nested(control.name))
    if is_main_process():
        beside.folder.path.mkdir(parents=True, exist_ok=True)
        write_json(beside.folder.recipe, beside.recipe.to_json())
    return train_stages(beside, build_student(beside, teacher), teacher)
