"""The command line: parse, call the pipeline, print. No torch at import."""

from potstill.cli.app import app
from potstill.cli.entry import main, run

__all__ = ["app", "main", "run"]
