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
    from potstill.evaluation.evidence import (
        AttentionExample,
        AttentionMaps,
        ChosenExamples,
        Example,
        ModelAttention,
        write_labels,
    )
    from potstill.evaluation.examples import choose_examples
    from potstill.evaluation.fidelity import measure_fidelity
    from potstill.evaluation.figures import (
        Calibration,
        CalibrationBin,
        ClassFidelity,
        ClassFigures,
        McNemar,
        Parameters,
        Role,
        ScoreFidelity,
        Speed,
    )
    from potstill.evaluation.general import CorpusFigures, Fill, GeneralResults, StageFigures
    from potstill.evaluation.intervals import PairedIntervals, exact_mcnemar, paired_intervals, primary_interval
    from potstill.evaluation.metrics import compute_metrics, decide
    from potstill.evaluation.predict import predict_logits, run_batch
    from potstill.evaluation.predictions import Predictions
    from potstill.evaluation.results import Comparison, ModelResult, Results
    from potstill.evaluation.size import safetensors_bytes, split_parameters, weight_bytes
    from potstill.evaluation.speed import measure_speed, spread_sample
    from potstill.evaluation.table import make_table, to_markdown

__all__ = [
    "AttentionExample",
    "AttentionMaps",
    "Calibration",
    "CalibrationBin",
    "ChosenExamples",
    "ClassFidelity",
    "ClassFigures",
    "Comparison",
    "CorpusFigures",
    "EvaluatedModel",
    "EvaluationConfig",
    "Example",
    "Fill",
    "GeneralResults",
    "McNemar",
    "ModelAttention",
    "ModelResult",
    "PairedIntervals",
    "Parameters",
    "Predictions",
    "Results",
    "Role",
    "ScoreFidelity",
    "Speed",
    "StageFigures",
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
    "make_table",
    "measure_calibration",
    "measure_classes",
    "measure_fidelity",
    "measure_speed",
    "merge_models",
    "paired_intervals",
    "predict_logits",
    "primary_interval",
    "run_batch",
    "safetensors_bytes",
    "split_parameters",
    "spread_sample",
    "to_markdown",
    "weight_bytes",
    "write_labels",
    "write_model_card",
]

_HOMES = {
    "AttentionExample": "evidence",
    "AttentionMaps": "evidence",
    "Calibration": "figures",
    "CalibrationBin": "figures",
    "ChosenExamples": "evidence",
    "ClassFidelity": "figures",
    "ClassFigures": "figures",
    "Comparison": "results",
    "CorpusFigures": "general",
    "EvaluatedModel": "evaluate",
    "EvaluationConfig": "evaluate",
    "Example": "evidence",
    "Fill": "general",
    "GeneralResults": "general",
    "McNemar": "figures",
    "ModelAttention": "evidence",
    "ModelResult": "results",
    "PairedIntervals": "intervals",
    "Parameters": "figures",
    "Predictions": "predictions",
    "Results": "results",
    "Role": "figures",
    "ScoreFidelity": "figures",
    "Speed": "figures",
    "StageFigures": "general",
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
    "make_table": "table",
    "measure_calibration": "calibration",
    "measure_classes": "classes",
    "measure_fidelity": "fidelity",
    "measure_speed": "speed",
    "merge_models": "ensemble",
    "paired_intervals": "intervals",
    "predict_logits": "predict",
    "primary_interval": "intervals",
    "run_batch": "predict",
    "safetensors_bytes": "size",
    "split_parameters": "size",
    "spread_sample": "speed",
    "to_markdown": "table",
    "weight_bytes": "size",
    "write_labels": "evidence",
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
