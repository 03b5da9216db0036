"""events.jsonl: one line per logged step and evaluation, cut back to the checkpoint on resume."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from potstill.files import say_damaged, sync


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

    def find(self, event: str, *, stage: str) -> Mapping[str, Any] | None:
        """Give the first event of a kind in a stage; None where there is none yet."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        found = (each for each in map(json.loads, lines) if (each["event"], each.get("stage")) == (event, stage))
        return next(found, None)

    def mark(self) -> dict[str, Any]:
        """Put what was written on the disk.

        Returns:
            What a checkpoint keeps of it: `events_size`, bytes, and `events_sum`.
        """
        if not self.path.exists():
            return {"events_size": 0, "events_sum": _digest(b"")}
        sync(self.path)
        content = self.path.read_bytes()
        return {"events_size": len(content), "events_sum": _digest(content)}

    def check(self, size: int, digest: str) -> None:
        """Refuse a log that is not what it was at a checkpoint.

        Args:
            size: From `mark`.
            digest: From `mark`.

        Raises:
            RunError: It is shorter, or was changed before that place.
        """
        remedy = "delete this checkpoint"
        try:
            content = self.path.read_bytes()[:size] if self.path.exists() else b""
        except OSError as error:
            raise say_damaged(self.path, error, remedy=remedy) from None
        if _digest(content) != digest:
            raise say_damaged(self.path, "it is not what it was at the last checkpoint", remedy=remedy)

    def cut(self, size: int) -> None:
        """Drop what was written after a checkpoint.

        Args:
            size: The length that the checkpoint kept, bytes.
        """
        if self.enabled and self.path.exists() and self.path.stat().st_size > size:
            os.truncate(self.path, size)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
