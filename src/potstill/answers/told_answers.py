"""What somebody says about texts, as the cells of a table: a label, a score, probabilities, votes; read as logits."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from potstill.answers.names import are_numbers, label_name, list_names, show
from potstill.answers.words import WordSpans
from potstill.errors import DataError

LARGEST = float(np.finfo(np.float32).max)
"""The largest number that can be learnt from."""
FLOOR = 1e-9
"""A probability below this counts as this, so that every logit is finite."""
_TOLERANCE = 0.02
"""How far the probabilities of a text may be from adding up to 1, as they were rounded."""

Form: TypeAlias = Literal["logits", "log_probabilities", "probabilities", "votes", "label"]
"""How answers are written; of several forms in a table the first is read."""
FORMS: Mapping[Form, tuple[tuple[str, ...], str | None]] = {
    "logits": (("logits",), "logit_"),
    "log_probabilities": (("log_probabilities", "logprobs"), "log_probability_"),
    "probabilities": (("probabilities",), "probability_"),
    "votes": (("votes",), None),
    "label": (("label", "labels", "score"), None),
}
"""For each form the names of its column, and what stands before a label's name where each label has a column."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToldAnswers:
    """Cells of a table that say what somebody thinks of texts.

    Attributes:
        form: How they are written.
        cells: One for each text; one that is empty says nothing.
        place: File and column, as messages call them.
        rows: Number of each cell's row in the file; empty = 1, 2, and so on.
        class_names: The names that a cell is indices of; None where it says itself what it means.
        texts: The texts.
        words: Their words, where each of them is a row; else None.
    """

    form: Form
    cells: Sequence[Any]
    place: str
    rows: Sequence[int] = ()
    class_names: tuple[str, ...] | None = None
    texts: Sequence[str] = ()
    words: WordSpans | None = None

    def names(self) -> frozenset[str]:
        """Find the labels that are spoken of.

        Returns:
            The names in the cells; none of lists that go by the order of the labels.
        """
        found: set[str | None] = set()
        for value in map(decode, self.cells):
            if isinstance(value, Mapping):
                found.update(map(label_name, value))
            elif isinstance(value, list | tuple):
                found.update(map(label_name, value) if self.form == "votes" else ())
            elif value != "":
                found.add(label_name(value))
        return frozenset(name for name in found if name is not None)

    def read(self, read_cell: Callable[[Any], NDArray[np.float32]], *, num_labels: int) -> NDArray[np.float32]:
        """Read every cell that says something; what is not said is NaN.

        Args:
            read_cell: Makes a row of a cell; a ValueError says what is wrong with it.
            num_labels: Width of the rows.

        Returns:
            Rows of logits, [texts, labels].

        Raises:
            DataError: A cell cannot be read.
        """
        rows = np.full((len(self.cells), num_labels), np.nan, dtype=np.float32)
        for number, cell in enumerate(self.cells):
            value = decode(cell)
            is_silent = self.form == "votes" and isinstance(value, list | tuple | Mapping) and len(value) == 0
            if value is None or value == "" or is_silent:
                continue
            try:
                rows[number] = read_cell(value)
            except ValueError as error:
                raise self.refuse(number, error) from None
        return rows

    def refuse(self, number: int, error: object) -> DataError:
        """Say what is wrong with a cell."""
        row, cell = self.rows[number] if self.rows else number + 1, self.cells[number]
        return DataError(f"{self.place}: row {row} has {show(cell)}, {error}; mend the row, or leave it empty.")


def decode(cell: Any) -> Any:  # noqa: ANN401 - a cell of a file
    """Read JSON that stands as text in a cell."""
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, str) and cell.strip()[:1] in ("{", "["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return cell.strip() if isinstance(cell, str) else cell


def read_values(value: Any, label_names: Sequence[str]) -> NDArray[np.float64]:  # noqa: ANN401 - a cell of a file
    """Read numbers by label, of an object by names or a list in the order of the labels; NaN where one is absent."""
    if isinstance(value, Mapping):
        numbers = {find_label(name, label_names): number for name, number in value.items()}
    elif isinstance(value, list | tuple) and len(value) == len(label_names):
        numbers = dict(enumerate(value))
    else:
        raise ValueError(
            f"which is no object by label names and no list of {len(label_names)} numbers, in the order "
            f"{list_names(label_names)}"
        )
    found = np.full(len(label_names), np.nan)
    for place, number in numbers.items():
        if number is not None and number != "":
            found[place] = _read_number(number)
    return found


def find_label(name: Any, label_names: Sequence[str]) -> int:  # noqa: ANN401 - a cell of a file
    """Find a label by its name, without regard to case where no other is called so."""
    wanted = label_name(name)
    if wanted in label_names:
        return label_names.index(wanted)
    folded = [each.casefold() for each in label_names]
    if wanted is None or folded.count(wanted.casefold()) != 1:
        raise ValueError(f"with the label '{name}', which the task does not have; it has {list_names(label_names)}")
    return folded.index(wanted.casefold())


def _read_number(value: Any) -> float:  # noqa: ANN401 - a cell of a file
    if isinstance(value, str):
        infinite = value.strip().casefold() in ("-inf", "-infinity")
        if not infinite and not are_numbers([value.strip()]):
            raise ValueError(f"with '{value}', which is no number")
        return _bound(float(value), value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value == math.inf:
        raise ValueError(f"with {value!r}, which is no number")
    return _bound(value, value)


def _bound(number: int | float, value: Any) -> float:  # noqa: ANN401 - a cell of a file
    """Refuse a finite number that float32 cannot hold."""
    if LARGEST < abs(number) < math.inf:
        raise ValueError(f"with {str(value)[:60]}, which is too large")
    return float(number)


def read_score(value: Any) -> float:  # noqa: ANN401 - a cell of a file
    """Read a finite number."""
    number = _read_number(value)
    if not math.isfinite(number):
        raise ValueError("which is no finite number")
    return number


def probabilities_to_logits(shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Write the probabilities of classes as logits whose softmax they are; of classes that are not told, NaN."""
    told = ~np.isnan(shares)
    total = float(shares[told].sum())
    if (shares[told] < 0).any() or total > 1 + _TOLERANCE or (told.all() and total < 1 - _TOLERANCE):
        raise ValueError(f"of which the probabilities add up to {total:.3f}, not to 1")
    return np.where(told, np.log(np.maximum(np.nan_to_num(shares), FLOOR)), np.nan).astype(np.float32)


def independent_to_logits(shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Write probabilities of labels that each hold or not as logits whose logistic function they are; NaN stays NaN."""
    told = ~np.isnan(shares)
    if (shares[told] < 0).any() or (shares[told] > 1).any():
        raise ValueError("of which a probability is not between 0 and 1")
    clipped = np.clip(shares, FLOOR, 1 - FLOOR)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float32)


def read_classes(form: Form, value: Any, label_names: Sequence[str]) -> NDArray[np.float32]:  # noqa: ANN401 - a cell
    """Read what is said about classes of which exactly one holds."""
    if form in ("label", "votes"):
        judges = value if form == "votes" and isinstance(value, list | tuple) else [value]
        places = [find_label(name, label_names) for name in judges]
        return probabilities_to_logits(np.bincount(places, minlength=len(label_names)) / max(1, len(places)))
    values = read_values(value, label_names)
    if form == "probabilities":
        return probabilities_to_logits(values)
    if form == "logits" and np.isnan(values).any():
        raise ValueError("without a logit for every label")
    if form == "log_probabilities":
        probabilities_to_logits(np.exp(values))  # they are checked
        values = np.maximum(values, math.log(FLOOR))
    return values.astype(np.float32)
