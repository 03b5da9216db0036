"""Published figures, each once: tables as they were printed, with sources and corrections; no torch."""

from potstill.published.tables import (
    Column,
    PublishedRow,
    PublishedTable,
    Quantity,
    average_half_up,
    find_new_name,
    load_published,
    published_names,
)
from potstill.published.telling import PublishedRows

__all__ = [
    "Column",
    "PublishedRow",
    "PublishedRows",
    "PublishedTable",
    "Quantity",
    "average_half_up",
    "find_new_name",
    "load_published",
    "published_names",
]
