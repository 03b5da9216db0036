"""The labelled examples on which a saved model is measured: data that is named, or the development set of its run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from potstill.answers import Answer, LabelRows
from potstill.data import DataConfig, TaskData, load_task_data
from potstill.errors import DataError, RecipeError
from potstill.evaluation import Examples
from potstill.files import expand_user
from potstill.recipe import Recipe, load_recipe
from potstill.serving import check_pairs, recipe_of, trained_length, trained_on_pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """Where the examples come from, as the options of a command or the arguments of a call.

    Attributes:
        task: A known task, such as `sst-2`.
        data: Data file, folder or hub name.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
    """

    task: str | None = None
    data: str | None = None
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None

    @property
    def given(self) -> Mapping[str, str]:
        """The fields of a recipe's `data` that are set."""
        fields = {
            "task": self.task,
            "path": self.data,
            "text": self.text,
            "text_pair": self.text_pair,
            "label": self.label,
        }
        return {name: value for name, value in fields.items() if value is not None}


def read_settings(model: str, options: DataOptions, overrides: Sequence[str]) -> Recipe:
    """Say what is measured and how, as a recipe of which only `data` and `precision` count."""
    for override in overrides:
        if not override.startswith(("data.", "precision=")):
            raise RecipeError(f"--set {override}: an evaluation has only the fields of 'data' and 'precision'.")
    own, given = recipe_of(model), options.given
    if own is None and not given:
        raise DataError("nothing says what to measure on; give --task, --data, or a run folder as the model.")
    fields: dict[str, Any] = {}
    if given:
        fields = {"data": {**given, "max_length": trained_length(model)}}
        if own is not None and "path" in given and "task" not in given:
            learnt = load_recipe(str(own)).data
            fields["data"] |= {"kind": learnt.kind, "label_separator": learnt.label_separator}
    return load_recipe("fine-tune" if own is None else str(own), fields=fields, overrides=overrides)


def find_examples(config: DataConfig, given: Answer, *, model: str, takes_whole_file: bool) -> Examples:
    """Read the examples that a model is measured on, as the answers that it gives."""
    config = _for_model(config, given, takes_whole_file=takes_whole_file)
    data = _with_all_labels(load_task_data(config, is_learnt=False), given.label_names)
    check_pairs(trained_on_pairs(model), has_pairs=data.task.is_pair)
    return Examples(
        task=data.task,
        split=data.dev,
        split_name=Path(config.dev).name if config.dev is not None else "dev",
        max_length=config.max_length,
        other_splits=data.other_dev,
    )


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


def _with_all_labels(data: TaskData, label_names: Sequence[str]) -> TaskData:
    """Give data that has examples of only some of a model's labels all of them."""
    task, gold = data.task, data.dev.labels
    folded = [name.strip().casefold() for name in label_names]
    is_part = {name.casefold() for name in task.label_names} < set(folded)
    if not task.label_names or not is_part or gold is None:
        return data
    places = np.array([folded.index(name.casefold()) for name in task.label_names], dtype=np.int64)
    answer = replace(task.answer, label_names=tuple(label_names))
    labels = LabelRows(values=task.answer.renumber(gold.values, places, answer.label_names), offsets=gold.offsets)
    whole = replace(task, answer=answer, metrics=answer.default_metrics)
    return replace(data, task=whole, dev=replace(data.dev, labels=labels))
