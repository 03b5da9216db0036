"""The splits of data of one's own: a file, a folder of them, or a data set of the hub."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from potstill.data.sources import TABLE_SUFFIXES, DataTable, read_hub_tables, read_table
from potstill.errors import DataError, did_you_mean
from potstill.files import expand_user

_DEV_SPLITS = ("dev", "validation")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_Source: TypeAlias = DataTable | Path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitTables:
    """The splits of a source, before their columns are understood."""

    train: DataTable
    dev: DataTable | None
    test: DataTable | None


def find_tables(path: str, *, dev: str | None, test: str | None) -> SplitTables:
    """Find and read the splits of a source."""
    place = expand_user(path)
    if place.is_dir():
        return _read_splits(_folder_files(place), str(place), dev=dev, test=test)
    if place.is_file():
        others = {name: expand_user(name) for name in (dev, test) if name is not None}
        return _read_splits({**others, "train": place}, path, dev=dev, test=test)
    if not _HUB_NAME.fullmatch(path) or place.suffix.lower() in TABLE_SUFFIXES:
        raise DataError(f"data.path: '{path}' does not exist; give a file, a folder or the name of a hub data set.")
    return _read_splits(read_hub_tables(path), path, dev=dev, test=test)


def _folder_files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in TABLE_SUFFIXES:
            if file.stem in found:
                raise DataError(f"{folder}: {found[file.stem].name} and {file.name} are both there; remove one.")
            found[file.stem] = file
    return found


def _read_splits(splits: Mapping[str, _Source], where: str, *, dev: str | None, test: str | None) -> SplitTables:
    """Choose train, dev and test among the splits of a source, and read them where they are files."""
    train = _pick(splits, "train", where)
    chosen = _find(splits, dev, _DEV_SPLITS, where)
    judge = _find(splits, test, ("test",), where)
    if judge is not None and judge in (train, chosen):
        if test is not None:
            part = "the training examples" if judge == train else "the development set"
            raise DataError(f"data.test: '{test}' is {part}, which a test set must not be; give another one.")
        judge = None
    return SplitTables(
        train=_read(train), dev=None if chosen is None else _read(chosen), test=None if judge is None else _read(judge)
    )


def _read(source: _Source) -> DataTable:
    return read_table(source) if isinstance(source, Path) else source


def _pick(splits: Mapping[str, _Source], name: str, where: str) -> _Source:
    if name not in splits:
        raise DataError(f"{where}: there is no split '{name}'.{did_you_mean(name, splits)}")
    return splits[name]


def _find(splits: Mapping[str, _Source], name: str | None, defaults: Sequence[str], where: str) -> _Source | None:
    """Find what a user names, a file or a split, or else the first of some splits that is there."""
    if name is None:
        return next((splits[each] for each in defaults if each in splits), None)
    own = expand_user(name)
    return own if own.is_file() else _pick(splits, name, where)
