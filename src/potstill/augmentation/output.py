"""New rows as files: a part at a time while the work goes on, one Parquet or JSONL file when it is done."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from potstill.answers import TAG_COLUMNS, WORD_COLUMNS, Answer
from potstill.augmentation.drawing import NewRow
from potstill.augmentation.method import Row
from potstill.augmentation.tagged import TaggedText
from potstill.errors import DataError, RunError
from potstill.files import LOCK, check_file, make_folder, read_json, whole_file, write_json

if TYPE_CHECKING:
    import pyarrow

OUTPUT_SUFFIXES = (".parquet", ".jsonl")
_TEXTS = ("text", "text_pair")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """How the labels of rows are written.

    Attributes:
        sources: Label of each original row, as a class name or a score.
        answer: What kind of answer, with the classes in the order of the teacher's probabilities.
        rule: As `AugmentationConfig.labels`; with `none` there is no column of labels.
        tagged: The original rows, where their words have labels; else None.
    """

    sources: Sequence[str | float]
    answer: Answer
    rule: Literal["none", "inherited", "teacher"]
    tagged: Sequence[TaggedText] | None = None


class PartFiles:
    """The parts of an unfinished result, in a folder that is made for one identity and thrown away for another."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Open the folder.

        Args:
            folder: Where the parts lie; made with the first of them, in a folder that must exist.
            identity: JSON values of everything that decides the result.
        """
        self._folder = folder
        self._identity = dict(identity)
        try:
            is_same = read_json(self._label, remedy="") == self._identity
        except RunError:
            is_same = False
        if not is_same:
            self._clear()

    def __len__(self) -> int:
        """Count the parts that are there, from the first to the one before the first that is missing or damaged."""
        count = 0
        while self._path(count).is_file() and self._is_right(count):
            count += 1
        return count

    def _is_right(self, number: int) -> bool:
        try:
            check_file(self._path(number), remedy="")
        except RunError:
            return False
        return True

    def _clear(self) -> None:
        """Remove all but the lock of whoever works here."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name != LOCK:
                path.unlink()

    def rows(self) -> Iterator[Row]:
        """Read the texts of all parts that are there.

        Yields:
            The texts of each row, originals too.
        """
        for number in range(len(self)):
            yield from read_rows(self._path(number))

    def write(self, number: int, rows: Sequence[NewRow], method: str, labels: Labels, *, is_pair: bool) -> int:
        """Write a part, whole or not at all.

        Args:
            number: Which part.
            rows: Its rows, perhaps none.
            method: What varied them.
            labels: How their labels are written.
            is_pair: Whether a row has two texts.

        Returns:
            How many of the rows are new.
        """
        import pyarrow
        import pyarrow.parquet

        if not self._label.is_file():
            make_folder(self._folder)
            write_json(self._label, self._identity, is_sealed=True)
        schema = _schema(labels, is_pair=is_pair)
        table = pyarrow.Table.from_pylist([_describe(row, method, labels) for row in rows], schema=schema)
        with whole_file(self._path(number), is_sealed=True) as aside:
            pyarrow.parquet.write_table(table, aside)
        return sum(not row.is_original for row in rows)

    def join(self, out: Path, count: int) -> int:
        """Write the result out of its parts, whole or not at all, and remove them.

        Args:
            out: A .parquet or .jsonl file.
            count: Parts.

        Returns:
            Rows of the result.
        """
        paths = [self._path(number) for number in range(count)]
        with whole_file(out) as aside:
            total = _join_parquet(paths, aside) if out.suffix.lower() == ".parquet" else _join_jsonl(paths, aside)
        shutil.rmtree(self._folder, ignore_errors=True)
        return total

    @property
    def _label(self) -> Path:
        return self._folder / "identity.json"

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:05}.parquet"


def check_suffix(out: Path) -> None:
    """Refuse a result of another kind than Parquet and JSON Lines.

    Args:
        out: The file that is to be written.

    Raises:
        DataError: Its name ends otherwise.
    """
    if out.suffix.lower() not in OUTPUT_SUFFIXES:
        raise DataError(
            f"{out}: files of kind '{out.suffix}' are not written; give a name that ends in .parquet or .jsonl."
        )


def read_rows(path: Path) -> Iterator[Row]:
    """Read the texts of a Parquet file that was written here, some thousands at a time."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        names = [name for name in _TEXTS if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=names):
            yield from zip(*(batch[name].to_pylist() for name in names), strict=True)


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Read texts, labels and methods of a Parquet file that was written here.

    Args:
        path: The file.

    Returns:
        Cells by column.
    """
    import pyarrow.parquet

    wanted = [*_TEXTS, WORD_COLUMNS[0], "label", "source_row", "source_label", "method"]
    table = pyarrow.parquet.read_table(path)
    return {name: table[name].to_pylist() for name in wanted if name in table.column_names}


def _schema(labels: Labels, *, is_pair: bool) -> "pyarrow.Schema":
    """Say what columns there are."""
    import pyarrow

    has_classes = labels.answer.lacks_classes is None
    label = pyarrow.float64() if labels.answer.is_number else pyarrow.string()
    places = pyarrow.list_(pyarrow.int32())
    fields: list[tuple[str, pyarrow.DataType]] = [(name, pyarrow.string()) for name in _TEXTS[: 1 + is_pair]]
    if labels.tagged is not None:
        words = (WORD_COLUMNS[0], TAG_COLUMNS[0])[: 1 + (labels.rule != "none")]
        fields += [(name, pyarrow.list_(pyarrow.string())) for name in words]
    elif labels.rule != "none":
        fields.append(("label", label))
    if labels.rule == "teacher" and has_classes:
        fields.append(("probability", pyarrow.float32()))
    fields += [("source_row", pyarrow.int64()), ("source_label", label), ("method", pyarrow.string())]
    fields += [(f"{what}{end}", places) for what in ("changed", "kept") for end in ("", "_pair")[: 1 + is_pair]]
    return pyarrow.schema(fields)


def _describe(row: NewRow, method: str, labels: Labels) -> dict[str, Any]:
    """Give a row by column."""
    source_label = labels.sources[row.source]
    values: dict[str, Any] = {
        "source_row": row.source,
        "source_label": source_label,
        "method": "original" if row.is_original else method,
        **_label(row, labels, source_label),
    }
    for end, name, edit in zip(("", "_pair"), _TEXTS, row.variant, strict=False):
        values[name] = edit.text
        values[f"changed{end}"] = list(edit.changed)
        values[f"kept{end}"] = list(edit.kept)
    return values


def _label(row: NewRow, labels: Labels, source_label: str | float) -> dict[str, Any]:
    """Give the label of a new row by the rule, and the own label of an original; or its words with theirs."""
    if labels.tagged is not None:
        return labels.tagged[row.source].columns(row.variant[0], has_tags=labels.rule != "none")
    if labels.rule == "none":
        return {}
    if labels.rule == "inherited" or row.is_original:
        return {"label": source_label}
    assert row.prediction is not None, "who labels new rows has been asked"
    return labels.answer.choose(row.prediction)


def _join_parquet(paths: Sequence[Path], out: Path) -> int:
    import pyarrow.parquet

    tables = (pyarrow.parquet.read_table(path) for path in paths)
    first = next(tables)
    total = len(first)
    with pyarrow.parquet.ParquetWriter(out, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
            total += len(table)
    return total


def _join_jsonl(paths: Sequence[Path], out: Path) -> int:
    import pyarrow.parquet

    total = 0
    with out.open("w", encoding="utf-8") as file:
        for path in paths:
            for row in pyarrow.parquet.read_table(path).to_pylist():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                total += 1
    return total
