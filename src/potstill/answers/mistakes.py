"""In which ways entities are found, or not: borders and types."""

import numpy as np
from numpy.typing import NDArray

from potstill.answers.entities import Entities, Spelling
from potstill.answers.rows import LabelRows

_RIGHT, _MISSED, _INVENTED = "right", "missed", "invented"
_BORDERS, _TYPE, _BOTH = "right type, other borders", "right borders, other type", "other type and borders"


def count_mistakes(spelling: Spelling, predicted: NDArray[np.int64], gold: LabelRows) -> dict[str, int]:
    """Count in which ways entities are found: each gold one counts once, with the predicted one that is most like it.

    What is like it has a word in common: best of all the same borders and type, then the same borders, then the same
    type. A gold one without is missed, and a predicted one that has no word in common with a gold one is invented.
    These are the cases of MUC-5 as SemEval-2013 (task 9) names them: correct, partial, incorrect, missing, spurious.
    """
    wanted = spelling.find(gold.values.astype(np.int64), gold.offsets)
    found = spelling.find(predicted, gold.offsets)
    counts = dict.fromkeys((_RIGHT, _BORDERS, _TYPE, _BOTH, _MISSED, _INVENTED), 0)
    of_words = _mark(found, len(predicted))
    for first, last, kind in _list(wanted):
        near = [number for number in np.unique(of_words[first : last + 1]).tolist() if number >= 0]
        counts[max((_compare(found, number, (first, last, kind)) for number in near), default=_MISSED, key=_rank)] += 1
    taken = _mark(wanted, len(predicted)) >= 0
    counts[_INVENTED] = sum(not taken[first : last + 1].any() for first, last, _ in _list(found))
    return counts


def _compare(found: Entities, number: int, wanted: tuple[int, int, int]) -> str:
    has_type = int(found.types[number]) == wanted[2]
    if (int(found.first[number]), int(found.last[number])) == wanted[:2]:
        return _RIGHT if has_type else _TYPE
    return _BORDERS if has_type else _BOTH


def _rank(case: str) -> int:
    return (_BOTH, _BORDERS, _TYPE, _RIGHT).index(case)


def _list(entities: Entities) -> list[tuple[int, int, int]]:
    return list(zip(entities.first.tolist(), entities.last.tolist(), entities.types.tolist(), strict=True))


def _mark(entities: Entities, number: int) -> NDArray[np.int64]:
    """Give each word the number of the entity that it belongs to; -1 where it belongs to none."""
    owners = np.full(number, -1)
    for which, (first, last, _) in enumerate(_list(entities)):
        owners[first : last + 1] = which
    return owners
