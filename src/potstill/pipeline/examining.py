"""Look at a run before it is made: open what it would open, on a part of the examples, and make all checks."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from potstill.data import TaskData
from potstill.doctor import CHECKS, Case, Finding
from potstill.errors import PotstillError
from potstill.hub import fingerprint_model, load_encoder_base
from potstill.pipeline.api import PlannedRun
from potstill.pipeline.begun import check_beginning, check_tools, describe_beginning
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import check_general, task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.teacher import join_teachers, load_table, load_teacher
from potstill.pipeline.transfer import load_examples, settle, with_texts
from potstill.pipeline.trying import look_at_machine, look_at_student
from potstill.pipeline.warning import ask_teacher, draw_some, read_texts
from potstill.progress import ProgressCallback, SilentCallback
from potstill.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusals:
    """What was refused on the way, as findings."""

    found: list[Finding] = field(default_factory=list)

    @contextmanager
    def of(self, check: str) -> Generator[None]:
        """Take a mistake of the user as a fault, and go on behind the block."""
        try:
            yield
        except PotstillError as error:
            self.found.append(Finding(check=check, state="fault", told=str(error)))


def examine(planned: PlannedRun, *, callback: ProgressCallback | None = None) -> tuple[Finding, ...]:
    """Look for what may be wrong with a run, in seconds, and without a trace in its folder.

    Args:
        planned: The recipe with data and teacher, and the folder.
        callback: Draws progress; absent: silence.

    Returns:
        What was refused, and a finding or more for each check.
    """
    refusals = _Refusals()
    with TemporaryDirectory() as aside:
        case = _open(planned, RunFolder(path=Path(aside) / "run"), refusals, callback or SilentCallback())
        return (*refusals.found, *(found for check in CHECKS for found in check.examine(case)))


def _open(planned: PlannedRun, folder: RunFolder, refusals: _Refusals, callback: ProgressCallback) -> Case:
    """Open as much of a run as can be, one part after another."""
    recipe, where = planned.recipe, RunFolder(path=planned.folder)
    with refusals.of("recipe"):
        check_tools(recipe)
        check_general(recipe)
    with refusals.of("run folder"):
        if planned.base is None:
            where.check_writable(resume=planned.is_resumed)
    data = None
    with refusals.of("data"):
        data = load_examples(recipe)
    if data is None:
        return Case(recipe=recipe)
    recipe = settle(recipe, data)
    with refusals.of("run folder"):
        if planned.is_resumed and where.recipe.is_file():
            check_beginning(where, describe_beginning(recipe, examples=data.fingerprint), callback.note)
    case = Case(recipe=recipe, data=data)
    run = None
    with refusals.of("recipe"):
        source = TaskSource(recipe=task_part(recipe), data=_cut(data))
        run = OpenRun(source=source, folder=folder, callback=SilentCallback())
    if run is None:
        return case
    with refusals.of("unlabelled texts"):
        run = with_texts(run)
        case = replace(case, unlabelled=None if run.source.transfer is None else run.source.transfer.figures)
    return _look_at_models(case, run, where, refusals)


def _look_at_models(case: Case, run: OpenRun[TaskSource], where: RunFolder, refusals: _Refusals) -> Case:
    """Open teacher and student, and try some steps."""
    teacher, is_known = None, False
    with refusals.of("teacher"):
        teacher, is_known = _open_teacher(run), True
        case = replace(case, taught=ask_teacher(run, teacher, on_train=True))
    if not is_known:
        return case
    with refusals.of("student"):
        student = build_student(run, teacher)
        case = replace(case, readings=read_texts(run, student, teacher))
        case = replace(case, built=look_at_student(run, student, teacher))
        return replace(case, machine=look_at_machine(run, student, teacher, where))
    return case


def _cut(data: TaskData) -> TaskData:
    """Keep of what is only measured on as much as tells in seconds."""
    return replace(
        data, dev=draw_some(data.dev), test=None if data.test is None else draw_some(data.test), other_dev={}
    )


def _open_teacher(run: OpenRun[TaskSource]) -> RunTeacher | None:
    """Load the teacher without refusing what it does not know; a base that is not fine-tuned yet stands for it."""
    given = run.recipe.teacher
    if given.answers is not None:
        return load_table(run, given.answers)
    singles = tuple(load_teacher(run, name, called=name) for name in given.names)
    if len(singles) > 1:
        return join_teachers(run, singles)
    if singles or given.base is None:
        return next(iter(singles), None)
    encoder = load_encoder_base(given.base, label_names=run.source.label_names)
    return RunTeacher(encoder=encoder, name=given.base, fingerprint=fingerprint_model(given.base), dev_logits=None)
