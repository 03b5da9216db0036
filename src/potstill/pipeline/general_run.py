"""From a recipe's stages on plain text to a run folder with a general student."""

from dataclasses import dataclass
from pathlib import Path

from potstill.errors import RecipeError
from potstill.files import write_text
from potstill.pipeline.begun import check_beginning, check_tools, describe_beginning, open_folder
from potstill.pipeline.claims import claim
from potstill.pipeline.estimate import estimate_seconds
from potstill.pipeline.measure import measure_general
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.shared_runs import corpus_part, make_general, read_corpus
from potstill.pipeline.stages import train_stages
from potstill.pipeline.student import build_student
from potstill.pipeline.teacher import find_base
from potstill.pipeline.text_source import TextSource
from potstill.processes import is_main_process, wait_for_all
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe
from potstill.results import GeneralResults, describe_general
from potstill.run_folder import RunFolder
from potstill.timing import format_seconds


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
    folder, watch = RunFolder(path=out), callback or SilentCallback()
    with claim(folder, resume=resume):
        return _run_on_text(recipe, folder, store or folder.store, is_resumed=resume, watch=watch)


def _run_on_text(
    recipe: Recipe, folder: RunFolder, store: Path, *, is_resumed: bool, watch: ProgressCallback
) -> GeneralRun:
    check_tools(recipe)
    if recipe.teacher.states != "run":
        raise RecipeError(
            f"teacher.states: on plain text the teacher runs at every step, and '{recipe.teacher.states}' would change "
            "nothing; leave it out."
        )
    recipe = corpus_part(recipe)
    if is_resumed:
        check_beginning(folder, describe_beginning(recipe), watch.note)
        if folder.is_finished:
            watch.note(f"{folder.path} is finished already")
            return GeneralRun(folder=folder.path, results=GeneralResults.read(folder.results))
    corpus = read_corpus(recipe, store, watch)
    run = OpenRun(source=TextSource(recipe=recipe, corpus=corpus), folder=folder, callback=watch)
    teacher = find_base(run)
    student = build_student(run, teacher)
    for encoder in (student, *((teacher.model,) if teacher is not None else ())):
        run.source.check_length(encoder)
    open_folder(run, describe_beginning(recipe), {}, is_resumed=is_resumed)
    seconds = format_seconds(estimate_seconds(run, student, teacher))
    watch.note(f"{recipe.name} on {len(corpus.train):,} examples of text: about {seconds} on this machine")
    trained = train_stages(run, student, teacher)
    if is_main_process():
        results = measure_general(run, student, trained)
        write_text(folder.student / "README.md", describe_general(results))
        results.write(folder.results)
    wait_for_all()
    return GeneralRun(folder=folder.path, results=GeneralResults.read(folder.results))


def start_generally(recipe: Recipe, folder: RunFolder, callback: ProgressCallback) -> Recipe:
    """Give the stages on the task, which start from what those on plain text leave."""

    def run(part: Recipe, where: Path, is_begun: bool) -> None:  # noqa: FBT001 - as make_general calls it
        run_general(part, where, resume=is_begun, callback=callback, store=folder.store)

    return make_general(recipe, folder.path, callback, run)
