"""The records that a run writes and that pages, tables and cards read; no torch."""

from potstill.results.evidence import (
    AttentionExample,
    AttentionMaps,
    ChosenExamples,
    Example,
    ModelAttention,
    write_labels,
)
from potstill.results.figures import (
    Calibration,
    CalibrationBin,
    ClassFidelity,
    ClassFigures,
    Fidelity,
    Interval,
    McNemar,
    Parameters,
    Precision,
    Role,
    ScoreFidelity,
    Speed,
    TransferFigures,
)
from potstill.results.general import CorpusFigures, Fill, GeneralResults, StageFigures
from potstill.results.markup import to_csv, to_html, to_latex, to_markdown
from potstill.results.predictions import Predictions
from potstill.results.record import Record
from potstill.results.results import Comparison, ModelResult, Results
from potstill.results.run_table import describe_results, make_table
from potstill.results.table import Heading, Table, figure_columns, word_columns
from potstill.results.terminal import to_terminal
from potstill.results.wording import (
    NO_INTERVAL,
    name_metric,
    name_role,
    rank_role,
    write_brackets,
    write_count,
    write_hundred,
)

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
    "Example",
    "Fidelity",
    "Fill",
    "GeneralResults",
    "Heading",
    "Interval",
    "McNemar",
    "ModelAttention",
    "ModelResult",
    "NO_INTERVAL",
    "Parameters",
    "Precision",
    "Predictions",
    "Record",
    "Results",
    "Role",
    "ScoreFidelity",
    "Speed",
    "StageFigures",
    "Table",
    "TransferFigures",
    "describe_results",
    "figure_columns",
    "make_table",
    "name_metric",
    "name_role",
    "rank_role",
    "to_csv",
    "to_html",
    "to_latex",
    "to_markdown",
    "to_terminal",
    "word_columns",
    "write_brackets",
    "write_count",
    "write_hundred",
    "write_labels",
]
