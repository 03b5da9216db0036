"""A metric of one's own: one class, known once its module is loaded."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from potstill.answers.intervals import RESAMPLES, SEED
from potstill.answers.metrics import Floats
from potstill.answers.rows import LabelRows
from potstill.config import Config
from potstill.errors import DataError, did_you_mean
from potstill.kinds import find_kinds


class Metric(Config, ABC):
    """A figure of how good answers are; a member adds its `kind`, the answers that it `fits`, and `compute`."""

    fits: ClassVar[tuple[str, ...]]
    """The kinds of answer that it is for, as `data.kind` calls them."""

    kind: str
    """Names the metric in recipes and results; a member has one as its default."""

    @abstractmethod
    def compute(self, decided: NDArray[np.generic], gold: LabelRows) -> float:
        """Measure answers.

        Args:
            decided: What was answered, a row for each of `gold.values` and written as these are: indices of classes,
                ones and zeros for labels, or scores.
            gold: The gold labels of any sample of examples, in which some classes may be missing.

        Returns:
            A finite number, higher where answers are better; tables write it times 100.
        """


def own_metrics() -> dict[str, type[Metric]]:
    """List the metrics of one's own.

    Returns:
        Their classes by name, as far as their modules are loaded.
    """
    return find_kinds(Metric)  # type: ignore[type-abstract]


def measure_own(name: str, decided: NDArray[np.generic], gold: LabelRows) -> float:
    """Compute a metric of one's own."""
    metric = own_metrics().get(name)
    if metric is None:
        raise DataError(f"there is no metric '{name}'; where a plug-in defines it, give that with --plugin.")
    value = float(metric.parse({}).compute(decided, gold))
    if not math.isfinite(value):
        raise DataError(
            f"metric '{name}' is {value} on a sample of {len(gold)} examples; let it give a finite number on every "
            "sample, such as 0 where there is nothing to count."
        )
    return value


def resample_own(name: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows) -> list[Floats]:
    """Score each model on the same 1,000 resamples of the examples, drawn with all of their rows, one after another."""
    generator = np.random.default_rng(SEED)
    scores = np.empty((len(predictions), RESAMPLES))
    for resample in range(RESAMPLES):
        drawn = generator.integers(len(gold), size=len(gold))
        rows, part = gold.places(drawn), gold.take(drawn)
        scores[:, resample] = [measure_own(name, decided[rows], part) for decided in predictions]
    return list(scores)


def choose_metrics(wanted: Sequence[str], formulas: Sequence[str], kind: str, *, path: str) -> tuple[str, ...]:
    """Refuse metrics that nobody defines for a kind of answer; `formulas` are those that it has itself."""
    own = own_metrics()
    fitting = {*formulas, *(name for name, metric in own.items() if kind in metric.fits)}
    for name in wanted:
        if name in own and name in formulas:
            raise DataError(f"{path}: a plug-in defines '{name}', which is a metric of Potstill; give it another name.")
        if name not in fitting:
            for_others = f" (it is for {', '.join(own[name].fits)})" if name in own else ""
            raise DataError(
                f"{path}: no metric '{name}' is known for this task, whose kind is {kind}{for_others}; one of your own "
                f"comes with --plugin.{did_you_mean(name, fitting)}"
            )
    if len(set(wanted)) < len(wanted):
        raise DataError(f"{path}: a metric stands twice in {', '.join(wanted)}; name each once.")
    return tuple(wanted)
