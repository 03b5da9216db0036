"""How often each row is tried: the same for all, or so that every class ends with as many rows."""

import numpy as np
from numpy.typing import NDArray


def count_attempts(labels: NDArray[np.int64] | None, *, rows: int, copies: int, seed: int) -> NDArray[np.int64]:
    """Share `rows * copies` tries out among the rows.

    With labels, every class gets so many tries that its rows and its tries together are as many as those of any other
    class; a class that is larger than that by itself gets none, and the rest share what is left. Within a class all
    rows get the same number; where it is not whole, rows drawn by the seed get one more.

    Args:
        labels: Class of each row; None: every row is tried `copies` times.
        rows: Rows.
        copies: Mean number of tries.
        seed: Seeds the draw.

    Returns:
        Tries of each row, [rows].

    Example:
        >>> count_attempts(np.array([0, 0, 0, 1]), rows=4, copies=1, seed=0)
        array([0, 0, 1, 3])
    """
    if labels is None:
        return np.full(rows, copies, dtype=np.int64)
    classes, members, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    tries = _fill(sizes, rows * copies)
    order = np.random.default_rng((seed, rows)).permutation(rows)
    attempts = np.zeros(rows, dtype=np.int64)
    for index in range(len(classes)):
        mine = order[members[order] == index]
        each, more = divmod(int(tries[index]), len(mine))
        attempts[mine] = each
        attempts[mine[:more]] += 1
    return attempts


def _fill(sizes: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Pour `total` over classes like water over steps, so that the lowest rise to one level; give what each got."""
    order = np.argsort(sizes, kind="stable")
    steps = sizes[order]
    count = len(steps)
    while count > 1 and (steps[:count].sum() + total) < count * steps[count - 1]:
        count -= 1
    level, more = divmod(int(steps[:count].sum()) + total, count)
    given = np.zeros_like(sizes)
    given[order[:count]] = level - steps[:count]
    given[order[:more]] += 1
    return given
