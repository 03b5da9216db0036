"""Measure a finished run once more, such as one of an older version that kept less for its report."""

from pathlib import Path

from potstill.controls import known_controls
from potstill.data import load_task_data
from potstill.errors import RunError
from potstill.pipeline.measure import measure
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.shared_runs import task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.teacher import find_teacher
from potstill.progress import Observer, SilentObserver
from potstill.recipe import Recipe, load_recipe
from potstill.results import Results
from potstill.run_folder import RunFolder


def remeasure(path: Path, *, observer: Observer | None = None) -> Results:
    """Measure the models of a finished run anew, on the machine at hand.

    Args:
        path: The run folder; its results, predictions, examples and attention maps are replaced.
        observer: Draws progress; absent: silence.

    Returns:
        The new results.

    Raises:
        RunError: The folder holds no finished run, or the teacher that was fine-tuned for it is gone.
        PotstillError: The data or a model that the recipe names cannot be loaded.
    """
    folder = RunFolder(path=path)
    before = Results.read(folder.results)
    recipe = load_recipe(str(folder.recipe))
    source = TaskSource(recipe=task_part(recipe), data=load_task_data(recipe.data))
    run = OpenRun(source=source, folder=folder, observer=observer or SilentObserver())
    guide = find_teacher(run, _refuse)
    seconds = {model.role: model.training_seconds for model in before.models}
    trained = {"student": seconds.get("student", seconds.get("model"))}
    for control in known_controls():
        if folder.nested(control.name).student.is_dir():
            trained[control.name] = seconds.get(control.role)
    results = measure(run, guide, trained)
    results.write(folder.results)
    return results


def _refuse(recipe: Recipe, folder: Path, is_begun: bool) -> object:  # noqa: FBT001, ARG001 - as find_teacher calls it
    raise RunError(f"the teacher of this run is gone: '{folder}' is no finished run; bring it back, or run it anew.")
