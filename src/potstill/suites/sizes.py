"""Sizes of a measured model, by the words of the published tables."""

from potstill.published import Quantity
from potstill.results import ModelResult
from potstill.suites.scores import Measured

OUR_SIZES: dict[Quantity, str] = {
    "layers": "layers",
    "hidden_size": "width",
    "feed_forward_size": "feed-forward",
    "million_weights": "weights (M)",
    "times_smaller": "times smaller",
    "times_faster": "times faster",
}
"""The sizes that our own table shows, with their headings."""

SHAPE: frozenset[Quantity] = frozenset({"layers", "hidden_size", "feed_forward_size"})
"""Sizes that tell one encoder from another."""
ARCHITECTURE: frozenset[Quantity] = SHAPE | {"million_weights", "times_smaller"}
"""What a model is, wherever it runs. Times and speeds are those of a machine and percentages are printed by mixed
protocols, so a difference of them says nothing."""

_FIELDS = {
    "layers": ("num_hidden_layers", "n_layers", "num_layers"),
    "hidden_size": ("hidden_size", "dim", "lstm_size"),
    "feed_forward_size": ("intermediate_size", "hidden_dim", "head_size"),
}
"""What the configs of encoders call a size; the first that is there counts."""


def measure_size(model: Measured, quantity: Quantity) -> float | None:
    """Give a size of a model."""
    if quantity == "layers" and "lstm_size" in model.shape:
        return 1.0
    if quantity in _FIELDS:
        found = (model.shape.get(name) for name in _FIELDS[quantity])
        return next((float(value) for value in found if isinstance(value, int)), None)
    if quantity == "million_weights":
        return _weights(model.result) / 1e6
    if model.teacher is None or quantity == "seconds":
        return None
    times_smaller = _weights(model.teacher) / _weights(model.result)
    times_faster = _times_faster(model.result, model.teacher)
    match quantity:
        case "times_smaller":
            return times_smaller
        case "percent_weights":
            return 100 / times_smaller
        case "times_faster":
            return times_faster
    return None if times_faster is None else 100 * times_faster


def _weights(result: ModelResult) -> int:
    return result.parameters.total - result.parameters.head


def _times_faster(student: ModelResult, teacher: ModelResult) -> float | None:
    if student.speed is None or teacher.speed is None:
        return None
    return student.speed.sentences_per_second / teacher.speed.sentences_per_second
