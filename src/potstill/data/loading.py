"""The one way from a `DataConfig` to a task with its examples."""

from collections.abc import Sequence
from dataclasses import replace

from potstill.answers import list_names
from potstill.data.benchmark_files import read_known_task
from potstill.data.bundled import BUNDLED_NAMES, read_bundled_task
from potstill.data.config import DataConfig
from potstill.data.labels import adopt_labels
from potstill.data.own_data import load_own_data
from potstill.data.records import TaskData, task_data
from potstill.data.splitting import draw_examples, hold_out
from potstill.errors import DataError
from potstill.files import expand_user


def load_task_data(config: DataConfig, *, is_learnt: bool = True, label_names: Sequence[str] = ()) -> TaskData:
    """Load the examples that a config names.

    Args:
        config: Has a `task`, a `path`, or both.
        is_learnt: Whether a model is to learn from the examples; else classes of which all are one will do.
        label_names: Labels of the model that is followed or measured: data of one's own that shows only some of them,
            or their indices, gets all of them. Empty = there is none, or it has scores.

    Returns:
        The task with train and dev splits, and a test split where there is one; `limit` is applied to train, and what
        `select_on` holds out is taken from what that leaves.

    Raises:
        DataError: Neither is given, or a file, column, text or label cannot be used.
    """
    data = _load(config, label_names, is_learnt=is_learnt)
    if config.task is None:
        data = adopt_labels(data, label_names, config.metrics)
    elif config.labels:
        data = _with_told_order(data, config.labels)
    train, select, notes = data.train, None, [*data.notes]
    if config.limit is not None:
        train = draw_examples(train, limit=config.limit, seed=config.split_seed)
        notes.append(f"{len(train)} of {len(data.train)} training examples drawn at random")
    if config.select_on == "train":
        fraction, seed = config.select_fraction, config.split_seed
        train, select = hold_out(train, data.task.answer, fraction=fraction, seed=seed)
        notes.append(f"{len(select)} of them held out to choose weights")
    if data.test is not None and config.task is None:
        use = "measured on once, at the end" if data.labelled_test else "not measured on, as they have no labels"
        notes.append(f"{len(data.test):,} test examples: {use}")
    whole = replace(task_data(data.task, train, data.dev, select=select), unlabeled=data.unlabeled)
    return replace(whole, test=data.test, other_dev=data.other_dev, other_test=data.other_test, notes=tuple(notes))


def _with_told_order(data: TaskData, labels: tuple[str, ...]) -> TaskData:
    if sorted(labels) != sorted(data.task.label_names):
        raise DataError(
            f"data.labels: {list_names(labels)} are not the labels of task '{data.task.name}', "
            f"{list_names(data.task.label_names)}; write each once, in the model's order."
        )
    return replace(data, task=replace(data.task, model_labels=labels))


def _load(config: DataConfig, label_names: Sequence[str], *, is_learnt: bool) -> TaskData:
    for name in BUNDLED_NAMES:
        if config.task == name:
            return read_bundled_task(name)
    if config.task is None and config.path is None:
        raise DataError("data: nothing says where the examples are; set data.path, data.task, or both.")
    if config.task is None:
        return load_own_data(config, label_names, is_learnt=is_learnt)
    if config.path is None:
        raise DataError(f"data.path: task '{config.task}' needs the folder that its files lie in; set data.path.")
    return read_known_task(config.task, expand_user(config.path))
