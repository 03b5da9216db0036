"""Names of labels: how they are written, which are numbers, in which order they stand, and how messages show them."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CODE = re.compile(r"[+-]?0\d.*")
"""A number that begins with 0, such as 007: nobody writes an amount so."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?", re.ASCII)
_INDEX = re.compile(r"\d{1,6}(\.0+)?", re.ASCII)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_LONGEST_NUMBER = 300
"""Characters of a number; what is longer is a name like any other, and Python reads no number of 4,300 digits."""
_PERHAPS_MISSING = ("none", "na", "n/a", "<na>", "#n/a", "-")
"""What may stand for a cell without a value, or be a name."""
SHOWN = 60
"""Characters of a cell that a message shows."""


def label_name(value: Any) -> str | None:  # noqa: ANN401 - a cell of a file
    """Write a label: a text as it stands, a number without an idle fraction.

    Example:
        >>> [label_name(value) for value in (1.0, " good ", "0.50", True, float("nan"), "")]
        ['1', 'good', '0.50', 'True', None, None]
    """
    if isinstance(value, str):
        return None if _HALF_CHARACTER.search(value) else value.strip() or None
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def read_index(name: str) -> int | None:
    """Read a label that is a whole number from 0 on, such as an index of a class.

    Args:
        name: The label.

    Returns:
        The number; None where it is another label.
    """
    is_index = _INDEX.fullmatch(name) and not _CODE.fullmatch(name)
    return int(float(name)) if is_index else None


def show(cell: Any) -> str:  # noqa: ANN401 - a cell of a file
    """Show a cell in a message, the beginning of a long one.

    Args:
        cell: The cell.

    Returns:
        One line.
    """
    told = repr(cell[: SHOWN + 1] if isinstance(cell, str) else cell)
    return told if len(told) <= SHOWN + 2 else f"{told[:SHOWN]} ..."


def are_scores(names: Iterable[str]) -> bool:
    """Say whether labels, each once, are amounts: fractional numbers, none of which is written in two ways.

    `1.1` and `1.10` are one number and two names, and `007` is a code.
    """
    different = list(names)
    if not are_numbers(different) or any(_CODE.fullmatch(name) for name in different):
        return False
    values = {float(name) for name in different}
    is_finite = all(math.isfinite(value) for value in values)
    return is_finite and len(values) == len(different) and not all(value.is_integer() for value in values)


def have_decimal_commas(names: Iterable[str]) -> bool:
    """Say whether labels are all numbers as half of Europe writes them, some with a comma."""
    different = list(names)
    return any("," in name for name in different) and all(_DECIMAL_COMMA.fullmatch(name) for name in different)


def find_doubts(names: Sequence[str]) -> list[str]:
    """Say which labels could be mistakes and are taken as they stand.

    Args:
        names: The different labels.

    Returns:
        A clause for each sort of doubt.
    """
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(" ".join(name.casefold().split()), []).append(name)
    alike = next((each for each in folded.values() if len(each) > 1), None)
    doubts = [] if alike is None else [f"'{alike[0]}' and '{alike[1]}', which differ in case alone, are two labels"]
    missing = next((name for name in names if name.casefold() in _PERHAPS_MISSING), None)
    return doubts if missing is None else [*doubts, f"'{missing}' is taken for a label like any other"]


def are_numbers(names: Iterable[str]) -> bool:
    """Say whether labels are all numbers.

    Args:
        names: The labels.

    Returns:
        Whether they are.
    """
    return all(len(name) <= _LONGEST_NUMBER and NUMBER.fullmatch(name) for name in names)


def sort_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Order the different labels: by value where all are numbers, else by alphabet.

    Example:
        >>> sort_label_names(["10", "9", "9"])
        ('9', '10')
    """
    different = set(names)
    return tuple(sorted(sorted(different), key=float) if are_numbers(different) else sorted(different))


def list_names(names: Sequence[str]) -> str:
    """Name labels in a message, the first twelve of many.

    Args:
        names: The labels.

    Returns:
        One line.
    """
    shown = ", ".join(names[:12]) or "none: a score"
    return f"{shown}, ... {len(names)} in all" if len(names) > 12 else shown
