"""What a model is worth: metrics with intervals, likeness to the teacher, size, speed; all of it in results.json.

Names are imported when they are first used, so that who only reads results does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from potstill.evaluation.attention import draw_attention
    from potstill.evaluation.calibration import measure_calibration
    from potstill.evaluation.card import import_line, write_model_card
    from potstill.evaluation.classes import count_confusion, measure_classes
    from potstill.evaluation.ensemble import merge_models
    from potstill.evaluation.environment import describe_environment
    from potstill.evaluation.evaluate import EvaluatedModel, EvaluationConfig, Subject, collect_results, evaluate_model
    from potstill.evaluation.examples import choose_examples
    from potstill.evaluation.fidelity import measure_fidelity
    from potstill.evaluation.intervals import PairedIntervals, exact_mcnemar, paired_intervals, primary_interval
    from potstill.evaluation.metrics import compute_metrics, decide
    from potstill.evaluation.size import safetensors_bytes, split_parameters, weight_bytes

__all__ = [
    "EvaluatedModel",
    "EvaluationConfig",
    "PairedIntervals",
    "Subject",
    "choose_examples",
    "collect_results",
    "compute_metrics",
    "count_confusion",
    "decide",
    "describe_environment",
    "draw_attention",
    "evaluate_model",
    "exact_mcnemar",
    "import_line",
    "measure_calibration",
    "measure_classes",
    "measure_fidelity",
    "merge_models",
    "paired_intervals",
    "primary_interval",
    "safetensors_bytes",
    "split_parameters",
    "weight_bytes",
    "write_model_card",
]

_HOMES = {
    "EvaluatedModel": "evaluate",
    "EvaluationConfig": "evaluate",
    "PairedIntervals": "intervals",
    "Subject": "evaluate",
    "choose_examples": "examples",
    "collect_results": "evaluate",
    "compute_metrics": "metrics",
    "count_confusion": "classes",
    "decide": "metrics",
    "describe_environment": "environment",
    "draw_attention": "attention",
    "evaluate_model": "evaluate",
    "exact_mcnemar": "intervals",
    "import_line": "card",
    "measure_calibration": "calibration",
    "measure_classes": "classes",
    "measure_fidelity": "fidelity",
    "merge_models": "ensemble",
    "paired_intervals": "intervals",
    "primary_interval": "intervals",
    "safetensors_bytes": "size",
    "split_parameters": "size",
    "weight_bytes": "size",
    "write_model_card": "card",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'potstill.evaluation' has no attribute '{name}'")
    value: object = getattr(import_module(f"potstill.evaluation.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
