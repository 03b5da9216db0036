"""A run folder, or many, as one page for people: no torch, no network."""

from potstill.reporting.advice import advise
from potstill.reporting.api import report
from potstill.reporting.audit_page import write_audit
from potstill.reporting.effort import Effort, read_effort
from potstill.reporting.groups import group_runs
from potstill.reporting.reading import find_runs, read_run
from potstill.reporting.run_report import write_report
from potstill.reporting.suite_report import write_suite_report

__all__ = [
    "Effort",
    "advise",
    "find_runs",
    "group_runs",
    "read_effort",
    "read_run",
    "report",
    "write_audit",
    "write_report",
    "write_suite_report",
]
