"""What a model is worth: metrics with intervals, likeness to the teacher, size, speed; all of it in results.json."""

from potstill.evaluation.card import write_model_card
from potstill.evaluation.ensemble import merge_models
from potstill.evaluation.environment import describe_environment
from potstill.evaluation.evaluate import EvaluatedModel, EvaluationConfig, Subject, collect_results, evaluate_model
from potstill.evaluation.fidelity import measure_fidelity
from potstill.evaluation.general import CorpusFigures, Fill, GeneralResults, StageFigures
from potstill.evaluation.intervals import paired_interval, primary_interval
from potstill.evaluation.metrics import compute_metrics
from potstill.evaluation.predict import predict_logits, run_batch
from potstill.evaluation.results import (
    ClassFidelity,
    Comparison,
    ModelResult,
    Parameters,
    Results,
    Role,
    ScoreFidelity,
    Speed,
)
from potstill.evaluation.size import safetensors_bytes, split_parameters, weight_bytes
from potstill.evaluation.speed import measure_speed, spread_sample
from potstill.evaluation.table import make_table, to_markdown

__all__ = [
    "ClassFidelity",
    "Comparison",
    "CorpusFigures",
    "EvaluatedModel",
    "EvaluationConfig",
    "Fill",
    "GeneralResults",
    "ModelResult",
    "Parameters",
    "Results",
    "Role",
    "ScoreFidelity",
    "Speed",
    "StageFigures",
    "Subject",
    "collect_results",
    "compute_metrics",
    "describe_environment",
    "evaluate_model",
    "make_table",
    "measure_fidelity",
    "measure_speed",
    "merge_models",
    "paired_interval",
    "predict_logits",
    "primary_interval",
    "run_batch",
    "safetensors_bytes",
    "split_parameters",
    "spread_sample",
    "to_markdown",
    "weight_bytes",
    "write_model_card",
]
