"""The page of an audit: how good the answers of a teacher are, and which of them to look through."""

from pathlib import Path

from potstill.files import write_text
from potstill.reporting.page import render_page
from potstill.results import Audit

_SHOWN = 500


def write_audit(audit: Audit, out: Path) -> Path:
    """Draw the page of an audit.

    Args:
        audit: What was found.
        out: The page to write.

    Returns:
        The page.
    """
    page = render_page(
        "audit.html",
        {"logits": [], "attention": None},
        title=f"Audit of {audit.name}",
        audit=audit,
        labels=audit.table(),
        suspects=audit.suspect_table(most=_SHOWN),
    )
    write_text(out, page)
    return out
