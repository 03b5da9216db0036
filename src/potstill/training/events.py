"""events.jsonl: one line per logged step and evaluation, cut back to the checkpoint on resume."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class EventLog:
    """Appends events to a file, whole lines only.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, *, enabled: bool = True) -> None:
        """Open a log at a path; `enabled` is False on all processes but the first."""
        self.path = path
        self.enabled = enabled

    def write(self, event: str, values: Mapping[str, Any]) -> None:
        """Append one event.

        Args:
            event: What happened: `step`, `evaluation`, `stage`.
            values: JSON values.
        """
        if self.enabled:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")

    def size(self) -> int:
        """Give the length of the file in bytes, which a checkpoint keeps."""
        return self.path.stat().st_size if self.path.exists() else 0

    def cut(self, size: int) -> None:
        """Drop what was written after a checkpoint.

        Args:
            size: The length that the checkpoint kept, bytes.
        """
        if self.enabled and self.size() > size:
            os.truncate(self.path, size)
