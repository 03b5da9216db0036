"""Serve a model: predict on any back-end, export it, bench it, compare it."""

from potstill.serving.bench_batches import published_rows
from potstill.serving.bench_config import BenchConfig
from potstill.serving.bench_plot import check_plot, write_plot
from potstill.serving.bench_report import BenchReport
from potstill.serving.bench_run import run_bench
from potstill.serving.bench_table import make_bench_tables
from potstill.serving.classifier import (
    Classifier,
    check_pairs,
    load,
    predict,
    recipe_of,
    trained_length,
    trained_on_pairs,
)
from potstill.serving.compare import CompareReport, compare_models
from potstill.serving.export import export_onnx, refuse_foreign_folder, trim
from potstill.serving.export_card import describe_export
from potstill.serving.export_config import ExportConfig
from potstill.serving.export_report import ExportReport

__all__ = [
    "BenchConfig",
    "BenchReport",
    "Classifier",
    "CompareReport",
    "ExportConfig",
    "ExportReport",
    "check_pairs",
    "check_plot",
    "compare_models",
    "describe_export",
    "export_onnx",
    "load",
    "make_bench_tables",
    "predict",
    "published_rows",
    "recipe_of",
    "refuse_foreign_folder",
    "run_bench",
    "trained_length",
    "trained_on_pairs",
    "trim",
    "write_plot",
]
