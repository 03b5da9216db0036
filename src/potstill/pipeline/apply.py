"""Apply a model: measure it on labelled examples, or predict on texts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import PartialState
from scipy.special import softmax

from potstill.data import (
    DataConfig,
    Split,
    Task,
    TaskData,
    default_metrics,
    load_task_data,
    match_labels,
)
from potstill.errors import DataError, RecipeError
from potstill.evaluation import (
    EvaluatedModel,
    EvaluationConfig,
    Results,
    Subject,
    collect_results,
    describe_environment,
    evaluate_model,
    predict_logits,
)
from potstill.evaluation.results import Role
from potstill.hub import Encoder, load_classifier, reorder_labels
from potstill.pipeline.batching import make_batches
from potstill.progress import Observer, SilentObserver
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

__all__ = ["Prediction", "evaluate", "predict"]

_CHUNK = 2048
"""Texts that are tokenised and sorted by length together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model says about one text.

    Attributes:
        label: The most probable label; None for a regression.
        probabilities: Probability of every label by name; empty for a regression.
        score: The score; None for a classification.
    """

    label: str | None = None
    probabilities: Mapping[str, float]
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Give label and probabilities, or the score, as JSON values."""
        if self.score is not None:
            return {"score": self.score}
        return {"label": self.label, "probabilities": dict(self.probabilities)}


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
    """  # noqa: DOC502 - raised further down
    fields = {"task": task, "path": data, "text": text, "text_pair": text_pair, "label": label}
    given = {name: value for name, value in fields.items() if value is not None}
    recipe = _settings(str(model), given, overrides)
    encoder = load_classifier(str(model))
    config = _for_model(recipe.data, encoder, takes_whole_file=data is not None)
    examples = _with_all_labels(load_task_data(config), encoder.label_names)
    models: list[tuple[Role, str, Encoder]] = [("model" if teacher is None else "student", str(model), encoder)]
    if teacher is not None:
        models.insert(0, ("teacher", teacher, load_classifier(teacher)))
    measured: list[EvaluatedModel] = []
    for role, name, each in models:
        _order_labels(each, examples.task).to(PartialState().device)
        prepare = partial(make_batches, encoder=each, max_length=config.max_length)
        others = {other: (prepare(split), split) for other, split in examples.other_dev.items()}
        measured.append(
            evaluate_model(
                Subject(role=role, name=name, encoder=each, batches=prepare(examples.dev), other_splits=others),
                examples.task,
                examples.dev,
                teacher_logits=measured[0].logits if measured else None,
                config=EvaluationConfig(precision=resolve_precision(recipe.precision)),
                observer=observer or SilentObserver(),
            )
        )
    return collect_results(
        examples.task,
        examples.dev,
        measured,
        split_name=Path(config.dev).name if config.dev is not None else "dev",
        environment=describe_environment(),
    )


def predict(
    model: str | Path,
    texts: Iterable[str],
    *,
    pairs: Iterable[str] | None = None,
    max_length: int | None = None,
    observer: Observer | None = None,
) -> Iterator[Prediction]:
    """Predict labels or scores of texts, in batches of similar length.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        texts: Texts, at least one; read as predictions are taken, some thousands at a time.
        pairs: Second texts, as many as there are texts.
        max_length: Longest text in tokens, longer ones are cut; absent: as the model of a run was trained, else
            the default of `data.max_length`.
        observer: Draws progress where the number of texts is known; absent: silence.

    Returns:
        Predictions in the order of the texts.

    Raises:
        DataError: A single text was given for a list of texts.
        PotstillError: The model cannot be loaded.
    """  # noqa: DOC502 - raised further down
    if isinstance(texts, str):
        raise DataError("texts: this is one text, not a list of texts; put it into a list.")
    encoder = load_classifier(str(model)).to(PartialState().device)
    recipe = _recipe_of(str(model))
    longest = max_length or (load_recipe(str(recipe)).data if recipe is not None else DataConfig()).max_length
    splits = _chunks(texts, pairs)
    if observer is None or not isinstance(texts, Sized):
        return _predict(encoder, splits, longest)
    return _observed(_predict(encoder, splits, longest), len(texts), observer)


def _recipe_of(model: str) -> Path | None:
    """Find the recipe of the run that a model belongs to: a run folder, or the student in it."""
    folder = Path(model).expanduser()
    places = (RunFolder(path=folder), RunFolder(path=folder.resolve().parent))
    return next((place.recipe for place in places if place.student.is_dir() and place.recipe.is_file()), None)


def _settings(model: str, given: Mapping[str, Any], overrides: Sequence[str]) -> Recipe:
    """Say what is measured and how, as a recipe of which only `data` and `precision` count."""
    for override in overrides:
        if not override.startswith(("data.", "precision=")):
            raise RecipeError(f"--set {override}: an evaluation has only the fields of 'data' and 'precision'.")
    own = _recipe_of(model)
    if own is None and not given:
        raise DataError("nothing says what to measure on; give --task, --data, or a run folder as the model.")
    length = (load_recipe(str(own)).data if own is not None else DataConfig()).max_length
    fields = {"data": {**given, "max_length": length}} if given else {}
    return load_recipe("fine-tune" if own is None else str(own), fields=fields, overrides=overrides)


def _for_model(config: DataConfig, encoder: Encoder, *, takes_whole_file: bool) -> DataConfig:
    """Read own data as the model's kind of task, and measure on all of a file."""
    if config.task is not None or config.path is None:
        return config
    values = config.model_dump()
    if config.kind == "auto":
        values["kind"] = "classification" if encoder.label_names else "regression"
    if takes_whole_file and config.dev is None and Path(config.path).expanduser().is_file():
        values["dev"] = config.path
    return DataConfig.parse(values, path="data")


def _with_all_labels(data: TaskData, label_names: Sequence[str]) -> TaskData:
    """Give data that has examples of only some of a model's labels all of them."""
    task, gold = data.task, data.dev.labels
    folded = [name.strip().casefold() for name in label_names]
    is_part = {name.casefold() for name in task.label_names} < set(folded)
    if not is_part or gold is None:
        return data
    places = np.array([folded.index(name.casefold()) for name in task.label_names], dtype=np.int64)
    whole = replace(task, label_names=tuple(label_names), metrics=default_metrics("classification", len(label_names)))
    return replace(data, task=whole, dev=replace(data.dev, labels=places[gold.astype(np.int64)]))


def _order_labels(encoder: Encoder, task: Task) -> Encoder:
    """Put the logits of a model into the task's order."""
    return reorder_labels(encoder, match_labels(task, encoder.label_names), task.label_names)


def _chunks(texts: Iterable[str], pairs: Iterable[str] | None) -> Iterator[Split]:
    if pairs is None:
        alone = iter(texts)
        while first := list(islice(alone, _CHUNK)):
            yield Split(texts=first)
        return
    both = zip(texts, pairs, strict=True)
    while rows := list(islice(both, _CHUNK)):
        yield Split(texts=[text for text, _ in rows], pairs=[pair for _, pair in rows])


def _predict(encoder: Encoder, splits: Iterable[Split], max_length: int) -> Iterator[Prediction]:
    for split in splits:
        batches = make_batches(split, encoder, max_length=max_length)
        logits = predict_logits(encoder, batches, device=encoder.device)
        if not encoder.label_names:
            yield from (Prediction(probabilities={}, score=float(row[0])) for row in logits)
            continue
        for row in softmax(logits.astype(np.float64), axis=1).tolist():
            probabilities = dict(zip(encoder.label_names, row, strict=True))
            yield Prediction(label=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities)


def _observed(predictions: Iterator[Prediction], total: int, observer: Observer) -> Iterator[Prediction]:
    with observer.task("predict", total) as progress:
        for prediction in predictions:
            yield prediction
            progress.advance()
