from .bench_batches import published_rows
from .bench_config import BenchConfig
from .bench_plot import check_plot, write_plot
from .bench_report import BenchReport
from .bench_run import run_bench
from .bench_table import make_bench_tables
from .classifier import Classifier, load, predict
from .compare import ComparedModel, CompareReport, compare_models
from .compare_table import make_compare_table
from .export import export_onnx, refuse_foreign_folder, trim
from .export_card import describe_export, read_card, tell_company
from .export_config import ExportConfig
from .export_report import ExportReport
from .training_run import (
    check_pairs,
    read_trust_texts,
    recipe_of,
    trained_columns,
    trained_length,
    trained_on_pairs,
)

__all__ = [
    "BenchConfig",
    "BenchReport",
    "Classifier",
    "CompareReport",
    "ComparedModel",
    "ExportConfig",
    "ExportReport",
    "check_pairs",
    "check_plot",
    "compare_models",
    "describe_export",
    "export_onnx",
    "load",
    "make_bench_tables",
    "make_compare_table",
    "predict",
    "published_rows",
    "read_card",
    "read_trust_texts",
    "recipe_of",
    "refuse_foreign_folder",
    "run_bench",
    "tell_company",
    "trained_columns",
    "trained_length",
    "trained_on_pairs",
    "trim",
    "write_plot",
]
