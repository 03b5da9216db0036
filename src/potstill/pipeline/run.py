"""From a recipe to a run folder, as a paper's method section would tell it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from potstill.controls import Control, find_controls
from potstill.evaluation import write_model_card
from potstill.files import expand_user, make_folder, read_text, write_json
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.begun import check_beginning, check_tools, describe_beginning, describe_facts, open_folder
from potstill.pipeline.claims import claim
from potstill.pipeline.estimate import announce
from potstill.pipeline.general_run import start_generally
from potstill.pipeline.measure import measure
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import check_general, task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student, leave_out_stages
from potstill.pipeline.teacher import find_teacher, judge
from potstill.pipeline.telling import tell_run
from potstill.pipeline.transfer import check_gold, load_examples, settle, with_examples, with_texts
from potstill.pipeline.warning import tell_warnings
from potstill.processes import is_main_process, wait_for_all
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe
from potstill.reporting import write_report
from potstill.results import Results
from potstill.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished run.

    Attributes:
        folder: The run folder.
        results: What was measured.
    """

    folder: Path
    results: Results

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Open a run that was finished before.

        Args:
            folder: The run folder.

        Returns:
            The run, as `distill` returned it.

        Raises:
            RunError: The folder has no results, or they are damaged.
        """
        path = expand_user(folder)
        return cls(folder=path, results=Results.read(RunFolder(path=path).results))

    @property
    def student(self) -> Path:
        """The trained model, a `save_pretrained` folder."""
        return RunFolder(path=self.folder).student

    def tell(self) -> str:
        """Say what stands below the table where a run is printed.

        Returns:
            What to try next, if anything, where things lie, and how to load the student.
        """
        return tell_run(RunFolder(path=self.folder), self.results)

    def __str__(self) -> str:
        """Write what the command prints."""
        return f"{self.results}\n{self.tell()}"

    def _repr_html_(self) -> str:
        """Show the page of the run in a notebook."""
        report = RunFolder(path=self.folder).report
        path = report if report.is_file() else write_report(self.folder)
        page = read_text(path, remedy="delete it, and it is drawn again")
        return f'<iframe srcdoc="{escape(page)}" width="100%" height="600"></iframe>'


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
    folder = RunFolder(path=out)
    with claim(folder, resume=resume):
        return _run_on_task(recipe, folder, baselines, is_resumed=resume, watch=callback or SilentCallback())


def _run_on_task(
    recipe: Recipe, folder: RunFolder, baselines: Sequence[str], *, is_resumed: bool, watch: ProgressCallback
) -> Run:
    check_tools(recipe)
    controls = find_controls([*(folder.read_environment().get("baselines", []) if is_resumed else ()), *baselines])
    data = load_examples(recipe)
    recipe = settle(recipe, data)
    run = OpenRun(source=TaskSource(recipe=task_part(recipe), data=data), folder=folder, callback=watch)
    for control in controls:
        check_gold(control.change(run.recipe), data)  # one that cannot be made is refused now
    if is_resumed:
        check_beginning(folder, describe_beginning(recipe, examples=data.fingerprint), watch.note)
        if finished := _read_finished(folder, controls):
            watch.note(f"{folder.path} is finished already")
            return finished
    check_general(recipe)
    run = with_texts(run)
    teacher = find_teacher(run, lambda other, where, again: run_recipe(other, where, resume=again, callback=watch))
    run, teacher = judge(run, teacher)
    student, maker = build_student(run, teacher), plan_texts(run, teacher)
    if recipe.corpus_stages:
        run = _with_recipe(run, start_generally(recipe, folder, watch))
        student = build_student(run, teacher)
    run = _with_recipe(run, leave_out_stages(run, student, teacher))
    facts = describe_facts(run, teacher) | {"baselines": [control.name for control in controls]}
    open_folder(run, describe_beginning(recipe, examples=data.fingerprint), facts, is_resumed=is_resumed)
    run = run if maker is None else with_examples(run, make_examples(run, maker, teacher))
    announce(run, student, teacher, num_controls=len(controls))
    if is_main_process() and not is_resumed:
        tell_warnings(run, teacher, student)
    trained = {"student": train_stages(run, student, teacher)}
    trained |= {control.name: _train_control(run, control, teacher) for control in controls}
    if is_main_process():
        results, tag = measure(run, teacher, trained), data.task.answer.pipeline_tag
        write_model_card(folder.student, results, recipe=recipe.to_json(), pipeline_tag=tag)
        results.write(folder.results)
        write_report(folder.path)
    wait_for_all()
    return Run(folder=folder.path, results=Results.read(folder.results))


def _read_finished(folder: RunFolder, controls: Sequence[Control]) -> Run | None:
    """Read the results of a run that has come to its end with these controls; draw its page if that is missing."""
    if not folder.is_finished:
        return None
    results = Results.read(folder.results)
    if not {control.role for control in controls} <= {model.role for model in results.models}:
        return None
    if is_main_process() and not folder.report.is_file():
        write_report(folder.path)
    return Run(folder=folder.path, results=results)


def _with_recipe(run: OpenRun[TaskSource], recipe: Recipe) -> OpenRun[TaskSource]:
    return replace(run, source=replace(run.source, recipe=recipe))


def _train_control(run: OpenRun[TaskSource], control: Control, teacher: RunTeacher | None) -> float:
    """Train a control beside the student; one that is there already is kept."""
    run.callback.note(f"control: {control.name}")
    beside = replace(_with_recipe(run, control.change(run.recipe)), folder=run.folder.nested(control.name))
    if is_main_process():
        make_folder(beside.folder.path)
        write_json(beside.folder.recipe, beside.recipe.to_json(), is_sealed=True)
    return train_stages(beside, build_student(beside, teacher), teacher)
