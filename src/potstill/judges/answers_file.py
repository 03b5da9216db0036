"""The table that a judge fills: a line a text, written as answers come, so that nothing is asked twice."""

import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from potstill.errors import RunError
from potstill.files import one_at_a_time, read_json, say_damaged, sync, write_json
from potstill.judges.judge import Said
from potstill.run_folder import tell_difference

_REMEDY = "delete it to begin anew, or take another name"
Row = tuple[str, str | None]
"""A text, and the second text of a pair."""


class AnswersFile:
    """Answers that lie in a file already, and those that are added.

    Attributes:
        path: A file of JSON lines.
        answered: Texts that were asked about.
        num_abstained: Those of them of which no label was said.
        tokens: What was read and written for all of them, where it is paid for.
        most_tokens: The most that was read, and written, for one.
    """

    def __init__(self, path: Path) -> None:
        """Read what lies there, and cut off a last line that was left half written."""
        self.path = path
        self.answered: set[Row] = set()
        self.num_abstained, self.tokens, self.most_tokens = 0, (0, 0), (0, 0)
        self._lines: TextIOWrapper | None = None
        content = path.read_bytes() if path.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                row = json.loads(line)
                self._count((row["text"], row.get("text_pair")), row.get("tokens"), has_label=row["label"] is not None)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise say_damaged(path, f"line {number}: {error}", remedy=_REMEDY) from None

    @contextmanager
    def opened(self) -> Generator[None]:
        """Let lines be added within a block, and put them on the disk at its end."""
        with self.path.open("a", encoding="utf-8") as self._lines:
            try:
                yield
            finally:
                self._lines.flush()
                sync(self.path)

    def add(self, row: Row, said: Said) -> None:
        """Write an answer, as a whole line that is out of this process at once."""
        assert self._lines is not None, "it is opened before anything is added"
        text, pair = row
        texts = {"text": text} if pair is None else {"text": text, "text_pair": pair}
        self._lines.write(json.dumps(texts | said.to_json(), ensure_ascii=False) + "\n")
        self._lines.flush()
        self._count(row, said.tokens, has_label=said.label is not None)

    def _count(self, row: Row, tokens: Sequence[int] | None, *, has_label: bool) -> None:
        read, written = tokens or (0, 0)
        self.answered.add(row)
        self.num_abstained += not has_label
        self.tokens = (self.tokens[0] + read, self.tokens[1] + written)
        self.most_tokens = (max(self.most_tokens[0], read), max(self.most_tokens[1], written))


@contextmanager
def open_answers(path: Path, identity: Mapping[str, Any], note: Callable[[str], None]) -> Generator[AnswersFile]:
    """Open a file of answers for one process, or go on with one that the same judge has begun.

    Beside it lies who was asked what, so that two judges are not mixed.
    """
    begun = path.with_name(f"{path.name}.begun.json")
    with one_at_a_time(path.with_name(f"{path.name}.lock"), note):
        if path.exists() and not begun.is_file():
            raise RunError(f"'{path}' is there already, and no judge has begun it; {_REMEDY}.")
        file = AnswersFile(path)
        told = tell_difference(read_json(begun, remedy=_REMEDY), identity) if file.answered else None
        if told is not None:
            raise RunError(f"'{path}' was begun with {told}; {_REMEDY}.")
        if not file.answered:
            write_json(begun, dict(identity))
        with file.opened():
            yield file
