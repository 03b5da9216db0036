"""Grids of runs (systems x tasks x seeds), their tables beside the published ones, and a benchmark's answer files."""

from potstill.suites.board import Board
from potstill.suites.config import (
    Suite,
    SuiteTask,
    SuiteTeacher,
    System,
    Variant,
    load_suite,
    read_shipped_suite,
    shipped_suites,
)
from potstill.suites.grid import Cell, SuiteFolder
from potstill.suites.planning import plan_cells
from potstill.suites.rendering import TableFormat, collect_tables, render_tables, write_tables
from potstill.suites.run import SuiteRun, choose_cells, estimate_missing, open_workers, run_suite
from potstill.suites.schedule import Outcome, SilentWatcher, Watcher
from potstill.suites.scores import Measured, ScoreSheet, read_scores
from potstill.suites.submission import answer_files, check_submission, write_submission
from potstill.suites.workers import InProcess, LocalProcesses, RayCluster, Workers

__all__ = [
    "Board",
    "Cell",
    "InProcess",
    "LocalProcesses",
    "Measured",
    "Outcome",
    "RayCluster",
    "ScoreSheet",
    "SilentWatcher",
    "Suite",
    "SuiteFolder",
    "SuiteRun",
    "SuiteTask",
    "SuiteTeacher",
    "System",
    "TableFormat",
    "Variant",
    "Watcher",
    "Workers",
    "answer_files",
    "check_submission",
    "choose_cells",
    "collect_tables",
    "estimate_missing",
    "load_suite",
    "open_workers",
    "plan_cells",
    "read_scores",
    "read_shipped_suite",
    "render_tables",
    "run_suite",
    "shipped_suites",
    "write_submission",
    "write_tables",
]
