"""The lines of a corpus, one after another, from files, folders and data sets of the `datasets` library."""

import gzip
import re
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from potstill.data.corpus_config import CorpusConfig
from potstill.data.text_files import MARKS, check_is_file
from potstill.errors import DataError, tell_reason
from potstill.files import expand_user

_SUFFIXES = (".txt", ".txt.gz")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?(:[\w.-]+)?")
_LONGEST_LINE = 2**24
"""Bytes; a file without line ends is no corpus."""

Advance = Callable[[int], None]
"""Told how many units of a source were read since the last time."""


class CorpusSource:
    """A text file or a data set.

    Attributes:
        name: What messages call it.
        path: The file, or None for a data set.
        size: Units of progress: bytes of a file, rows of a data set; 0 where they are not known.
    """

    def __init__(self, name: str, *, path: Path | None = None, rows: Iterable[Any] = (), size: int = 0) -> None:
        """Name a file, or the texts of a data set."""
        self.name, self.path, self.size = name, path, size
        self._rows = rows

    def lines(self, advance: Advance) -> Iterator[str]:
        """Read the lines; an empty one ends a document, and so does the end."""
        if self.path is None:
            yield from self._data_set_lines(advance)
        else:
            yield from self._file_lines(self.path, advance)
        yield ""

    def _file_lines(self, path: Path, advance: Advance) -> Iterator[str]:
        number, told = 0, 0
        with path.open("rb") as file, _explaining(path):
            lines: BufferedIOBase = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            while line := _read_line(lines, path, number + 1):
                number += 1
                yield _decode(line, path, number)
                if number % 1024 == 0:
                    advance(file.tell() - told)
                    told = file.tell()
        advance(self.size - told)

    def _data_set_lines(self, advance: Advance) -> Iterator[str]:
        for number, text in enumerate(self._rows, start=1):
            if not isinstance(text, str):
                raise DataError(f"{self.name}: row {number} has {text!r}, which is not a text; mend or remove the row.")
            for line in text.split("\n"):
                yield line.strip()
            yield ""
            advance(1)


def find_sources(config: CorpusConfig) -> list[CorpusSource]:
    """Find what a corpus is made of.

    Args:
        config: Names files, folders and data sets.

    Returns:
        Its sources, those of a folder sorted by name.

    Raises:
        DataError: Something does not exist, or a folder holds no text files.
    """
    found: list[CorpusSource] = []
    for name in config.paths:
        place = expand_user(name)
        if place.is_file():
            found.append(_file(place))
        elif (place / "state.json").is_file() or (place / "dataset_dict.json").is_file():
            found.append(_saved_data_set(place, config.text))
        elif place.is_dir():
            found += _folder(place)
        elif place.exists():
            check_is_file(place)
        elif _HUB_NAME.fullmatch(name) and not name.endswith((*_SUFFIXES, ".gz")):
            found.append(_hub_data_set(name, config.text))
        else:
            raise DataError(f"data.corpus.paths: '{name}' does not exist; give a text file, a folder or a data set.")
    return found


def _file(path: Path) -> CorpusSource:
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{path}: the file is empty; give text, one a line.")
    return CorpusSource(str(path), path=path, size=size)


def _folder(folder: Path) -> list[CorpusSource]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(_SUFFIXES))
    if not files:
        raise DataError(f"data.corpus.paths: folder '{folder}' holds no .txt or .txt.gz file; name the files.")
    return [_file(path) for path in files]


def _saved_data_set(folder: Path, column: str) -> CorpusSource:
    import datasets

    try:
        loaded = datasets.load_from_disk(str(folder))
    except Exception as error:  # the library raises many kinds
        raise DataError(f"{folder}: the saved data set cannot be read ({tell_reason(error)}); save it anew.") from None
    return _data_set(loaded.get("train", loaded) if hasattr(loaded, "get") else loaded, str(folder), column)


def _hub_data_set(name: str, column: str) -> CorpusSource:
    import datasets

    path, _, chosen = name.partition(":")
    try:
        loaded = datasets.load_dataset(path, chosen or None, split="train", streaming=True)
    except Exception as error:  # the library raises many kinds, also of its own dependencies
        raise DataError(
            f"data.corpus.paths: '{name}' is neither a file or folder here nor a data set that could be loaded from "
            f"the Hugging Face hub ({tell_reason(error)})."
        ) from None
    return _data_set(loaded, name, column)


def _data_set(loaded: Any, name: str, column: str) -> CorpusSource:  # noqa: ANN401 - imported lazily
    columns = loaded.column_names
    if columns is not None and column not in columns:
        raise DataError(
            f"data.corpus.text: {name} has no column '{column}'; set it to one of {', '.join(sorted(columns))}."
        )
    size = len(loaded) if hasattr(loaded, "__len__") else 0
    return CorpusSource(name, rows=(row.get(column) for row in loaded), size=size)


def _read_line(lines: BufferedIOBase, path: Path, number: int) -> bytes:
    line = lines.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise DataError(f"{path}: line {number} is longer than {_LONGEST_LINE // 2**20} MiB; give text, one a line.")
    return line


def _decode(line: bytes, path: Path, number: int) -> str:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        mark = next((name.upper() for mark, name in MARKS if number == 1 and line.startswith(mark)), None)
        found = error.reason if mark is None else f"it begins as {mark} does"
        raise DataError(f"{path}: line {number} is not UTF-8 text ({found}); save the file as UTF-8.") from None
    if "\0" in text:
        raise DataError(f"{path}: line {number} has a zero byte, so this is no text file; give text, one a line.")
    return text.strip()


@contextmanager
def _explaining(path: Path) -> Generator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({str(error).rstrip('.')}); get or pack it anew.") from None
