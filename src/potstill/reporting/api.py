"""What a program calls: one page of one run or of many, as the command `report` draws it."""

from collections.abc import Sequence
from pathlib import Path

from potstill.reporting.reading import find_runs
from potstill.reporting.run_report import write_report
from potstill.reporting.suite_report import write_suite_report
from potstill.run_folder import RunFolder


def report(runs: str | Path | Sequence[str | Path], out: str | Path | None = None) -> Path:
    """Draw finished runs as one page that needs no network.

    Args:
        runs: A run folder, or several, or folders that hold run folders.
        out: The page to write; absent: `report.html` in the folder that was given, or here where there are several.

    Returns:
        The page.

    Raises:
        RunError: There is no finished run, or a file of one is damaged.
    """
    given = [Path(runs)] if isinstance(runs, str | Path) else [Path(run) for run in runs]
    found = find_runs(given)
    page = None if out is None else Path(out)
    if found == given[:1]:
        return write_report(given[0], page)
    return write_suite_report(found, page or RunFolder(path=given[0] if len(given) == 1 else Path()).report)
