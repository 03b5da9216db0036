"""Measure a saved model on labelled examples."""

from collections.abc import Sequence
from pathlib import Path

from potstill.answers import answer_of_model, check_model
from potstill.data import Task, match_labels
from potstill.engines import make_torch_engine
from potstill.evaluation import (
    EvaluationConfig,
    collect_results,
    describe_environment,
    evaluate_models,
    make_subject,
)
from potstill.hub import Encoder, load_classifier, reorder_labels
from potstill.pipeline.examples import DataOptions, find_examples, read_settings
from potstill.processes import process_state
from potstill.progress import Observer, SilentObserver
from potstill.results import Results, Role
from potstill.training import resolve_precision


def evaluate(
    model: str | Path,
    *,
    task: str | None = None,
    data: str | None = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    teacher: str | None = None,
    overrides: Sequence[str] = (),
    observer: Observer | None = None,
) -> Results:
    """Measure a saved model: quality with intervals, likeness to a teacher, size and speed.

    Without `task` and `data`, the model of a run is measured on the run's own development set. A single file is
    measured on all its rows; a folder, a hub data set and a known task on their development set.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        task: A known task, such as `sst-2`.
        data: Data file, folder or hub name.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        teacher: A model to measure too, and to compare with.
        overrides: `path=value` changes of `data` and `precision`, as `--set` on the command line.
        observer: Draws progress; absent: silence.

    Returns:
        What was measured. The model's role is `student` beside a teacher, else `model`.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    options = DataOptions(task=task, data=data, text=text, text_pair=text_pair, label=label)
    recipe = read_settings(str(model), options, overrides)
    encoder = load_classifier(str(model))
    given = answer_of_model(encoder.config_words, encoder.label_names)
    examples = find_examples(recipe.data, given, model=str(model), takes_whole_file=data is not None)
    precision = resolve_precision(recipe.precision)
    encoders: dict[Role, tuple[str, Encoder]] = {"model" if teacher is None else "student": (str(model), encoder)}
    if teacher is not None:
        encoders = {"teacher": (teacher, load_classifier(teacher)), **encoders}
    subjects = []
    for role, (name, each) in encoders.items():
        _order_labels(each, name, examples.task).to(process_state().device)
        subjects.append(make_subject(make_torch_engine(each, name=name, precision=precision), role, examples))
    measured = evaluate_models(subjects, examples, config=EvaluationConfig(), observer=observer or SilentObserver())
    return collect_results(examples, measured, environment=describe_environment())


def _order_labels(encoder: Encoder, name: str, task: Task) -> Encoder:
    """Put the logits of a model into the task's order."""
    check_model(task.answer, encoder.config_words, encoder.label_names, name=name)
    return reorder_labels(encoder, match_labels(task, encoder.label_names), task.label_names)
