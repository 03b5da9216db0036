"""Texts without labels, some thousands at a time: files, folders and data sets of any length."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from potstill.data.corpus_lines import CorpusSource
from potstill.data.records import Split
from potstill.data.sources import read_table
from potstill.data.tables import PACKED, TABLE_SUFFIXES, DataTable, table_suffix
from potstill.data.texts import TextColumns
from potstill.errors import DataError, tell_reason
from potstill.files import expand_user

_SUFFIXES = (".txt", *TABLE_SUFFIXES)
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?(:[\w.-]+)?")
_CHUNK = 8192
"""Rows that are read together."""

Advance = Callable[[int], None]
"""Told how many bytes were read since the last time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnlabeledSource:
    """A file, or a data set.

    Attributes:
        name: What messages call it.
        path: The file; None for a data set.
        rows: The data set, of the library `datasets`.
    """

    name: str
    path: Path | None = None
    rows: Any = None

    @property
    def size(self) -> int:
        """Bytes of the file; 0 for a data set."""
        return 0 if self.path is None else self.path.stat().st_size

    def chunks(self, columns: TextColumns, advance: Advance) -> Iterator[Split]:
        """Read the texts, some thousands at a time."""
        if self.path is not None and table_suffix(self.path) == ".txt":
            if columns.is_pair:
                raise DataError(
                    f"data.unlabeled: {self.name} has one text a line, and the task compares two; give a table."
                )
            lines = CorpusSource(self.name, path=self.path, size=self.size).lines(advance)
            texts = (line for line, _ in pairwise(lines))  # the last one only says that the document ends
            while some := list(islice(texts, _CHUNK)):
                yield Split(texts=some)
            return
        for table in self.tables():
            yield columns.read(table)
        advance(self.size)

    def tables(self) -> Iterator[DataTable]:
        """Read the rows of a table, some thousands at a time where the file allows it."""
        if self.path is None:
            yield from _number(self.name, self.rows.iter(batch_size=_CHUNK))
        elif self.path.suffix.lower() == ".parquet":
            yield from _number(self.name, _parquet_parts(self.path))
        else:
            yield read_table(self.path)


def find_text_sources(names: Sequence[str]) -> list[UnlabeledSource]:
    """Find what unlabelled texts are made of; those of a folder are sorted by name."""
    found: list[UnlabeledSource] = []
    for name in names:
        place = expand_user(name)
        if place.is_file():
            found.append(UnlabeledSource(name=str(place), path=place))
        elif (place / "state.json").is_file() or (place / "dataset_dict.json").is_file():
            found.append(UnlabeledSource(name=str(place), rows=_load(str(place), is_saved=True)))
        elif place.is_dir():
            files = [path for path in sorted(place.rglob("*")) if path.is_file() and _is_read(path)]
            if not files:
                raise DataError(f"data.unlabeled: folder '{name}' holds no table and no .txt file; name the files.")
            found += [UnlabeledSource(name=str(path), path=path) for path in files]
        elif _HUB_NAME.fullmatch(name) and not _is_read(place):
            found.append(UnlabeledSource(name=name, rows=_load(name, is_saved=False)))
        else:
            raise DataError(f"data.unlabeled: '{name}' does not exist; give a file, a folder or a data set.")
    return found


def _load(name: str, *, is_saved: bool) -> Any:  # noqa: ANN401 - of `datasets`, which is imported lazily
    import datasets

    path, _, chosen = name.partition(":")
    try:
        if is_saved:
            saved = datasets.load_from_disk(name)
            return saved.get("train", saved) if hasattr(saved, "get") else saved
        return datasets.load_dataset(path, chosen or None, split="train", streaming=True)
    except Exception as error:  # the library raises many kinds, also of its own dependencies
        what = "is no saved data set" if is_saved else "is neither a file or folder here nor a data set of the hub"
        raise DataError(f"data.unlabeled: '{name}' {what} that could be loaded ({tell_reason(error)}).") from None


def _is_read(path: Path) -> bool:
    return table_suffix(path) in _SUFFIXES and (path.suffix.lower() != PACKED or table_suffix(path) != ".parquet")


def _number(name: str, parts: Iterable[Mapping[str, Sequence[Any]]]) -> Iterator[DataTable]:
    """Make tables of the parts of a long one, whose rows keep their numbers."""
    before = 0
    for columns in parts:
        length = len(next(iter(columns.values()), ()))
        yield DataTable(name=name, columns=columns, rows=range(before + 1, before + length + 1))
        before += length


def _parquet_parts(path: Path) -> Iterator[Mapping[str, Sequence[Any]]]:
    import pyarrow
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=_CHUNK):
            yield batch.to_pydict()
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not a readable Parquet file ({str(error).split(chr(10))[0]}).") from None
