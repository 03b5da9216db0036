"""A table of answers as it stands, a text as often as it was asked about: what an audit reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.answers import are_numbers
from potstill.data.answer_columns import find_said, find_table, find_texts
from potstill.data.config import DataConfig
from potstill.data.duplicates import fold_texts, hash_folded
from potstill.data.records import Split, Task
from potstill.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToldTable:
    """Rows of a table of answers.

    Attributes:
        split: Their texts.
        logits: What is said of each, [rows, labels]; NaN where nothing is told.
        numbers: Their numbers in the file.
    """

    split: Split
    logits: NDArray[np.float32]
    numbers: NDArray[np.int64]


def read_told(path: str, config: DataConfig, task: Task) -> ToldTable:
    """Read a table of answers, those that differ about one text too.

    Args:
        path: As for `load_answers`.
        config: Names the columns of the texts.
        task: What was asked.

    Returns:
        All rows.

    Raises:
        DataError: The file cannot be used, or names other labels.
    """
    splits, logits, numbers = [], [], []
    for table in find_table(path).tables():
        splits.append(find_texts(table, config, task).read(table))
        logits.append(task.answer.read_answers(find_said(table, config)))
        numbers.append(np.array(table.rows or range(1, len(table) + 1), dtype=np.int64))
    texts = [text for split in splits for text in split.texts]
    pairs = [pair for split in splits for pair in split.pairs or ()] if task.is_pair else None
    return ToldTable(
        split=Split(texts=texts, pairs=pairs), logits=np.concatenate(logits), numbers=np.concatenate(numbers)
    )


def find_told_names(path: str, config: DataConfig) -> tuple[str, ...]:
    """Find the labels that a table of answers speaks of.

    Args:
        path: As for `load_answers`.
        config: Names the columns.

    Returns:
        Their names, sorted.

    Raises:
        DataError: The file cannot be used, or speaks of fewer than two labels, or of numbers that are no names.
    """
    tables = [find_said(table, config) for table in find_table(path).tables()]
    names = tuple(sorted({name for told in tables for name in told.names()}))
    if len(names) < 2 or (len(names) > 20 and are_numbers(names)):
        raise DataError(
            f"audit: {path} speaks of {len(names)} labels ({', '.join(names[:8])}), which are no classes; name them "
            "with --labels, or give data with gold labels."
        )
    return names


def hash_texts(split: Split) -> NDArray[np.uint64]:
    """Hash texts, equal ones alike, case, white space and Unicode form apart.

    Args:
        split: The texts, or pairs of texts.

    Returns:
        One hash for each.
    """
    return hash_folded(fold_texts(split))
