"""Measure saved models on labelled examples, those that are named or those of their run, and answer test sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from potstill.answers import Answer, answer_of_model, known_metrics
from potstill.data import DataConfig, Given, load_task_data, shipped_tasks
from potstill.engines import Engine, make_batches, make_torch_engine, predict_logits
from potstill.errors import DataError, RecipeError
from potstill.evaluation import (
    EvaluationConfig,
    Examples,
    collect_results,
    describe_environment,
    evaluate_models,
    label_examples,
    make_subject,
)
from potstill.files import expand_user
from potstill.hub import describe_model
from potstill.pipeline.given import held_aside
from potstill.pipeline.teacher import load_for_task
from potstill.pipeline.tokenising import find_length
from potstill.plugins import require_plugins
from potstill.processes import process_state
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.recipes import Overrides, list_overrides, read_recipe_file
from potstill.results import ChosenOn, Results, Role
from potstill.serving import check_pairs, recipe_of, trained_length, trained_on_pairs
from potstill.training import resolve_precision


def evaluate(
    model: str | Path,
    *,
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    teacher: str | Path | None = None,
    overrides: Overrides = (),
    callback: ProgressCallback | None = None,
) -> Results:
    """Measure a saved model: quality with intervals, likeness to a teacher, size and speed.

    Without `task` and `data`, the model of a run is measured on the run's own development set. A single file is
    measured on all its rows; a folder, a hub data set and a known task on their development set, and on their test set
    where it has labels.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        task: A known task, such as `sst-2`.
        data: As in `distill`; a table in memory is measured on all its rows.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: As in `distill`.
        teacher: A model to measure too, and to compare with.
        overrides: Changes of `data` and `precision`, as in `distill`.
        callback: Draws progress; absent: silence.

    Returns:
        What was measured. The model's role is `student` beside a teacher, else `model`.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    with held_aside(data) as name:
        options = DataOptions(task=task, data=name, text=text, text_pair=text_pair, label=label, labels=labels)
        return _evaluate(model, options, teacher, overrides, callback or SilentCallback())


def _evaluate(
    model: str | Path, options: "DataOptions", teacher: str | Path | None, overrides: Overrides, watch: ProgressCallback
) -> Results:
    recipe = read_settings(str(model), options, overrides)
    recipe = recipe.with_length(find_length(recipe.data, str(model), None if teacher is None else str(teacher)))
    described = describe_model(str(model))
    given = answer_of_model(described.config_words, described.label_names)
    examples = find_examples(recipe.data, given, model=str(model), takes_whole_file=options.data is not None)
    names: dict[Role, str] = {"model": str(model)}
    if teacher is not None:
        names = {"teacher": str(teacher), "student": str(model)}
    if not options.given:
        examples = replace(examples, chosen_on=_find_chooser(str(model)))
    engines: dict[Role, Engine] = {}
    for role, name in names.items():
        encoder = load_for_task(name, examples.task).to(process_state().device)
        engines[role] = make_torch_engine(encoder, name=name, precision=resolve_precision(recipe.precision))
    subjects = [make_subject(engine, role, examples) for role, engine in engines.items()]
    watch.note(examples.describe(subjects[-1].batches))
    measured, tested = evaluate_models(subjects, examples, config=EvaluationConfig(), callback=watch), []
    if (test := examples.test) is not None:
        subjects = [make_subject(engine, role, test) for role, engine in engines.items()]
        untimed = EvaluationConfig(speed_sentences=None)
        tested = evaluate_models(subjects, test, config=untimed, callback=watch)
    return collect_results(examples, measured, tested, environment=describe_environment())


def _find_chooser(model: str) -> ChosenOn | None:
    """Read in the recipe of a model's run which examples chose its weights; nothing else of it is looked at."""
    own = recipe_of(model)
    values = {} if own is None else read_recipe_file(str(own)).values
    if not (stages := values.get("stages")):
        return None
    is_chosen = any(stage.get("select", "best") == "best" for stage in stages)
    return values.get("data", {}).get("select_on", "dev") if is_chosen else "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """Where the examples come from, as the options of a command or the arguments of a call.

    Attributes:
        task: A known task, such as `sst-2`.
        data: Data file, folder or hub name.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: The classes in the order of the model's labels.
    """

    task: str | None = None
    data: str | None = None
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    labels: Sequence[str] = ()

    @property
    def given(self) -> Mapping[str, Any]:
        """The fields of a recipe's `data` that are set."""
        fields = {
            "task": self.task,
            "path": self.data,
            "text": self.text,
            "text_pair": self.text_pair,
            "label": self.label,
            "labels": tuple(self.labels) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


def read_settings(model: str, options: DataOptions, overrides: Overrides) -> Recipe:
    """Say what is measured and how, as a recipe of which only `data` and `precision` count."""
    for override in list_overrides(overrides):
        if not override.startswith(("data.", "precision=")):
            raise RecipeError(f"--set {override}: an evaluation has only the fields of 'data' and 'precision'.")
    own, given = recipe_of(model), options.given
    if own is None and not given:
        raise DataError("nothing says what to measure on; give --task, --data, or a run folder as the model.")
    learnt = read_recipe_file(str(own)).values if own is not None else {}
    fields: dict[str, Any] = {name: learnt[name] for name in ("data", "precision") if name in learnt}
    for name in ("corpus", "unlabeled", "trust_fraction"):
        fields.get("data", {}).pop(name, None)
    if given:
        whole = DataConfig.parse(fields.get("data", {}), path="data")
        remembered = {name: getattr(whole, name) for name in _REMEMBERED} if _is_own(own, given) else {}
        fields["data"] = {"max_length": whole.max_length, **remembered, **given}
    settings = load_recipe("fine-tune", fields=fields, overrides=overrides)
    if own is not None and not known_metrics().issuperset(settings.data.metrics):
        require_plugins(learnt.get("plugins", ()), recipe=str(own))
    return settings


_REMEMBERED = ("text", "text_pair", "label", "labels", "kind", "label_separator", "metrics")
"""What a run says about its data that holds for other data, too, unless it is said anew."""


def _is_own(recipe: Path | None, given: Mapping[str, Any]) -> bool:
    """Whether the model of a run meets data of one's own."""
    return recipe is not None and "path" in given and "task" not in given


def find_examples(config: DataConfig, given: Answer, *, model: str, takes_whole_file: bool) -> Examples:
    """Read the examples that a model is measured on, as the answers that it gives."""
    config = _for_model(config, given, takes_whole_file=takes_whole_file)
    data = load_task_data(config, is_learnt=False, label_names=given.label_names)
    check_pairs(trained_on_pairs(model), has_pairs=data.task.is_pair)
    return label_examples(data, config.model_copy(update={"max_length": config.max_length or trained_length(model)}))


def _for_model(config: DataConfig, given: Answer, *, takes_whole_file: bool) -> DataConfig:
    """Read own data as the model's kind of task, and measure on all of a file."""
    if config.task is not None or config.path is None:
        return config
    values = config.model_dump()
    if config.kind == "auto" and config.label_separator is None:
        values["kind"] = given.kind
    if takes_whole_file and config.dev is None and expand_user(config.path).is_file():
        values["dev"] = config.path
    return DataConfig.parse(values, path="data")


def answer_test_sets(
    model: str | Path, task: str, data: str, *, max_length: int | None = None, callback: ProgressCallback | None = None
) -> dict[str, list[str]]:
    """Let a model answer every test set of a task.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        task: A known task.
        data: Folder of the benchmark.
        max_length: Longest text in tokens; longer ones are cut. Absent: the length that the model was trained with.
        callback: Draws progress; absent: silence.

    Returns:
        For each test set, by the name of its file of answers: one answer for each example in the order of the file,
        a label as the task's data files write it, or a score with 3 decimals.

    Raises:
        DataError: A test file is missing, or the model's labels are not the task's.
        ModelError: The model cannot be loaded.
    """
    entry = shipped_tasks()[task]
    examples = load_task_data(DataConfig(task=task, path=data))
    splits = {"": examples.test, **examples.other_test}
    encoder = load_for_task(str(model), examples.task).to(process_state().device)
    answers = {}
    for file in entry.test:
        split = splits.get(file.name or "")
        if split is None:
            raise DataError(
                f"data.path: '{data}' has no {entry.folder}/{file.file}; a submission needs every test set."
            )
        if file.submission is not None:
            batches = make_batches(split, encoder, max_length=max_length or trained_length(str(model)))
            with (callback or SilentCallback()).task(f"answer {file.submission}", len(split)) as progress:
                logits = predict_logits(encoder, batches, progress=progress)
            answer = examples.task.answer
            answers[file.submission] = [
                answer.write_value(each, entry.values, entry.score_range) for each in answer.decide(logits).tolist()
            ]
    return answers
