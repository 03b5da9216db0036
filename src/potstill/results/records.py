"""Results as flat records, for programs and data frames."""

from typing import Any

from potstill.results.figures import Fidelity
from potstill.results.results import ModelResult, Results


def list_records(results: Results) -> list[dict[str, Any]]:
    """Give one record for each model and split: plain values by name, None for what was not measured."""
    records = [
        {
            **{"role": model.role, "name": model.name, "split": results.split, "num_examples": results.num_examples},
            **_quality(model.metrics, model.interval, model.fidelity),
            **_sizes(model),
        }
        for model in results.models
    ]
    test = results.test
    for tested in () if test is None else test.models:
        assert test is not None
        own = results.find(tested.role)
        records.append(
            {
                **{"role": tested.role, "name": None if own is None else own.name},
                **{"split": test.split, "num_examples": test.num_examples},
                **_quality(tested.metrics, tested.interval, tested.fidelity),
                **({} if own is None else _sizes(own)),
            }
        )
    return records


def _quality(metrics: dict[str, float], interval: tuple[float, float], fidelity: Fidelity | None) -> dict[str, Any]:
    likeness = {} if fidelity is None else fidelity.model_dump(exclude={"kind"})
    return {**metrics, "low": interval[0], "high": interval[1], **likeness}


def _sizes(model: ModelResult) -> dict[str, Any]:
    return {
        "parameters": model.parameters.total,
        "encoder_parameters": model.parameters.encoder,
        "size_bytes": model.size_bytes,
        "sentences_per_second": None if model.speed is None else model.speed.sentences_per_second,
        "training_seconds": model.training_seconds,
    }
