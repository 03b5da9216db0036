"""What was promised of a saved model's answers."""

from pathlib import Path

from potstill.answers import answer_of_model, find_promise
from potstill.engines import Backend, OnnxBackend
from potstill.errors import ModelError
from potstill.hub import describe_model, resolve_model
from potstill.results import Promise, Trust
from potstill.serving.export_report import find_report
from potstill.serving.training_run import trained_length

_TRUST = "trust.json"


def find_trust(model: str, backend: Backend) -> Trust | None:
    """Find when a saved model can be trusted on a back-end; where it reads a file of its own, by that one."""
    if isinstance(backend, OnnxBackend):
        report = find_report(model, backend)
        if report is not None and report.trust is not None:
            return report.trust
    path = Path(resolve_model(model)) / _TRUST
    return Trust.read(path) if backend.is_exact and path.is_file() else None


def read_promise(model: str, target: float, *, backend: Backend, max_length: int | None) -> Promise:
    """Find from which confidence on a model's answers agree as often as it is wanted, on texts up to a length."""
    whose, described = f"agree: '{model}'", describe_model(model)
    if not 0 < target < 1:
        raise ModelError(f"agree: {target:g} cannot be promised; give a share between 0 and 1, such as 0.99.")
    answer = answer_of_model(described.config_words, described.label_names)
    if answer.no_promise is not None:
        raise ModelError(f"{whose} makes no promises. {answer.no_promise}")
    trust = find_trust(model, backend)
    if trust is None:
        raise ModelError(f"{whose} {_say_missing(backend)}")
    given, measured = max_length or trained_length(model), trust.max_length or trained_length(model)
    if given != measured:
        raise ModelError(
            f"{whose}: when it can be trusted was measured on texts of at most {measured:,} tokens, and here they have "
            f"up to {given:,}; give {measured:,} as the longest length (--max-length)."
        )
    promise = find_promise(trust, target=target)
    if promise.threshold is None:
        raise ModelError(f"{whose}: {trust.model_copy(update={'promise': promise}).tell()}.")
    return promise


def _say_missing(backend: Backend) -> str:
    if backend.is_exact:
        return (
            f"has no {_TRUST}, which says when it can be trusted; 'potstill report RUN --remeasure' writes it for the "
            "student of a run that has texts to measure it on."
        )
    if isinstance(backend, OnnxBackend):
        return (
            f"does not say when its file onnx/{backend.file} can be trusted, which gives answers of its own; an export "
            "of a run measures it where the run has texts for it ('potstill report RUN --remeasure', then 'potstill "
            "export RUN'). Or take sdpa or onnx."
        )
    return (
        f"can be trusted by what was measured in float32, and on the back-end '{backend.name}' it gives other answers; "
        "take sdpa or onnx."
    )
