"""The eleven files that the GLUE server takes, in one zip: written, and checked for rows and labels."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from potstill.data import KnownTask, shipped_tasks
from potstill.errors import DataError
from potstill.files import whole_file

_HEADER = "index\tprediction"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """What a file of answers has to be.

    Attributes:
        name: Its name without .tsv.
        task: The task whose model answers it.
        num_rows: Its answers.
        entry: How the task's files write its answers.
    """

    name: str
    task: str
    num_rows: int
    entry: KnownTask

    @property
    def placeholder(self) -> str:
        """The answer that stands in every row where there is no model: the first label, or the lowest score."""
        entry = self.entry
        first = entry.answer.decide(np.zeros((1, entry.answer.num_labels)))[0]
        return entry.answer.write_value(first, entry.values, entry.score_range)

    def check(self, answers: Sequence[str], *, where: str) -> None:
        """Refuse answers that the server would refuse."""
        if len(answers) != self.num_rows:
            raise DataError(
                f"{where}: {len(answers):,} answers, but the server wants {self.num_rows:,}; answer the complete test "
                f"set of {self.task}, in its own order."
            )
        wrong = {answer for answer in set(answers) if not self._is_allowed(answer)}
        if wrong:
            number = next(number for number, answer in enumerate(answers) if answer in wrong)
            low, high = self.entry.score_range or (-math.inf, math.inf)
            allowed = ", ".join(self.entry.values) or f"numbers from {low:g} to {high:g}"
            raise DataError(f"{where}: row {number} has the answer '{answers[number]}'; allowed are {allowed}.")

    def _is_allowed(self, answer: str) -> bool:
        value, limits = self.entry.answer.read_value(answer, self.entry.values), self.entry.score_range
        return value is not None and (limits is None or limits[0] <= value <= limits[1])


def answer_files() -> dict[str, AnswerFile]:
    """List the files of a submission by name, sorted."""
    found = {
        file.submission: AnswerFile(name=file.submission, task=name, num_rows=file.rows, entry=task)
        for name, task in shipped_tasks().items()
        for file in task.test
        if file.submission is not None and file.rows is not None
    }
    return dict(sorted(found.items()))


def write_submission(
    out: Path, answers: Mapping[str, Sequence[str]], *, allow_placeholders: bool = False
) -> tuple[str, ...]:
    """Write a submission whole or not at all.

    Args:
        out: The zip file; an older one is replaced.
        answers: Answers by file name without .tsv.
        allow_placeholders: Fill files without answers with a constant one.

    Returns:
        The files that were filled so.

    Raises:
        DataError: Answers are missing or not what the server takes, or the file's name is not that of a zip.
    """
    if out.suffix.lower() != ".zip":
        raise DataError(f"--out {out}: the server takes a zip file; give a name that ends with .zip.")
    wanted = answer_files()
    missing = [name for name in wanted if name not in answers]
    if missing and not allow_placeholders:
        tasks = ", ".join(dict.fromkeys(wanted[name].task for name in missing))
        raise DataError(
            f"there is no model for {', '.join(missing)}, and the server wants all {len(wanted)} files; give a model "
            f"for each task ({tasks}), or pass --placeholders to fill these files with one constant answer."
        )
    for name, file in wanted.items():
        if name in answers:
            file.check(answers[name], where=f"{name}.tsv")
    with whole_file(out) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in wanted.items():
            rows = answers.get(name) or [file.placeholder] * file.num_rows
            lines = [_HEADER, *(f"{number}\t{answer}" for number, answer in enumerate(rows))]
            entry = zipfile.ZipInfo(f"{name}.tsv", date_time=(1980, 1, 1, 0, 0, 0))  # equal answers, equal bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, "\n".join(lines) + "\n")
    return tuple(missing)


def check_submission(path: Path) -> tuple[str, ...]:
    """Check a submission as the server would.

    Args:
        path: A zip file.

    Returns:
        The files in it whose answers are all the same, as placeholders are.

    Raises:
        DataError: It is no zip, a file is missing or not wanted, or its header, rows or answers are wrong.
    """
    wanted = answer_files()
    try:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as a zip of text files ({error}).") from None
    names = {f"{name}.tsv" for name in wanted}
    if set(found) != names:
        wrong = ", ".join(sorted(set(found) ^ names))
        raise DataError(f"'{path}': the server wants {len(names)} files in no folder; missing or not wanted: {wrong}.")
    constant = []
    for name, file in wanted.items():
        where = f"{path}, {name}.tsv"
        header, *lines = found[f"{name}.tsv"].split("\n")
        if header != _HEADER:
            raise DataError(f"{where}: the first line is '{header}', and has to be 'index<TAB>prediction'.")
        if lines and not lines[-1]:
            lines.pop()
        cells = [line.split("\t") for line in lines]
        for number, row in enumerate(cells):
            if len(row) != 2 or row[0] != str(number):
                raise DataError(
                    f"{where}: line {number + 2} is '{lines[number]}', and has to be '{number}<TAB>answer'."
                )
        answers = [row[1] for row in cells]
        file.check(answers, where=where)
        if len(set(answers)) == 1:
            constant.append(name)
    return tuple(constant)
