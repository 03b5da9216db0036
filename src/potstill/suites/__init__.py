"""Grids of runs (systems x tasks x seeds), their tables beside the published ones, and a benchmark's answer files."""

from potstill.suites.api import PlannedSuite, plan_suite, suite, tables
from potstill.suites.board import Board
from potstill.suites.config import Suite, load_suite, shipped_suites
from potstill.suites.grid import Cell, SuiteFolder
from potstill.suites.rendering import collect_tables, render_tables, write_tables
from potstill.suites.run import SuiteRun, choose_cells, estimate_missing, open_workers, run_suite
from potstill.suites.scores import read_scores
from potstill.suites.submission import check_submission, write_submission

__all__ = [
    "Board",
    "Cell",
    "PlannedSuite",
    "Suite",
    "SuiteFolder",
    "SuiteRun",
    "check_submission",
    "choose_cells",
    "collect_tables",
    "estimate_missing",
    "load_suite",
    "open_workers",
    "plan_suite",
    "read_scores",
    "render_tables",
    "run_suite",
    "shipped_suites",
    "suite",
    "tables",
    "write_submission",
    "write_tables",
]
