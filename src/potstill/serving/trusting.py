"""What was promised of a saved model's answers."""

from pathlib import Path

from potstill.answers import answer_of_model, find_promise
from potstill.engines import Backend
from potstill.errors import ModelError
from potstill.hub import describe_model, resolve_model
from potstill.results import Promise, Trust

_TRUST = "trust.json"


def read_trust(model: str) -> Trust | None:
    """Read when a saved model can be trusted; None where nobody measured it."""
    path = Path(resolve_model(model)) / _TRUST
    return Trust.read(path) if path.is_file() else None


def read_promise(model: str, target: float, *, backend: Backend, is_cut: bool) -> Promise:
    """Find from which confidence on a model's answers agree as often as it is wanted."""
    whose, described = f"agree: '{model}'", describe_model(model)
    if not 0 < target < 1:
        raise ModelError(f"agree: {target:g} cannot be promised; give a share between 0 and 1, such as 0.99.")
    answer = answer_of_model(described.config_words, described.label_names)
    if answer.no_promise is not None:
        raise ModelError(f"{whose} makes no promises. {answer.no_promise}")
    trust = read_trust(model)
    if trust is None:
        raise ModelError(
            f"{whose} has no {_TRUST}, which says when it can be trusted; 'potstill report RUN --remeasure' writes it "
            "for the student of a run that has texts to measure it on."
        )
    if not backend.is_exact:
        raise ModelError(
            f"{whose}: when it can be trusted was measured in float32, and on the back-end '{backend.name}' it "
            "gives other answers; take sdpa or onnx."
        )
    if is_cut:
        raise ModelError(
            f"{whose}: when it can be trusted was measured on texts as long as in its training; leave the longest "
            "length out."
        )
    promise = find_promise(trust, target=target)
    if promise.threshold is None:
        raise ModelError(f"{whose}: {trust.model_copy(update={'promise': promise}).tell()}.")
    return promise
