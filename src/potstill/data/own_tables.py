"""The splits of data of one's own: a file, a folder of them, or a data set of the hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from potstill.data.sources import TABLE_SUFFIXES, DataTable, read_hub_tables, read_table
from potstill.errors import DataError, did_you_mean
from potstill.files import expand_user

_DEV_SPLITS = ("dev", "validation")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_Source = TypeVar("_Source", DataTable, Path)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitTables:
    """The splits of a source, before their columns are understood."""

    train: DataTable
    dev: DataTable | None
    test: DataTable | None


def find_tables(path: str, dev: str | None) -> SplitTables:
    """Find and read the splits of a source."""
    place = expand_user(path)
    if place.is_dir():
        return _folder_tables(place, dev)
    if place.is_file():
        return SplitTables(
            train=read_table(place), dev=None if dev is None else read_table(expand_user(dev)), test=None
        )
    if not _HUB_NAME.fullmatch(path) or place.suffix.lower() in TABLE_SUFFIXES:
        raise DataError(f"data.path: '{path}' does not exist; give a file, a folder or the name of a hub data set.")
    splits = read_hub_tables(path)
    return SplitTables(train=_pick(splits, "train", path), dev=_pick_dev(splits, dev, path), test=splits.get("test"))


def _folder_tables(folder: Path, dev: str | None) -> SplitTables:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in TABLE_SUFFIXES:
            if file.stem in found:
                raise DataError(f"{folder}: {found[file.stem].name} and {file.name} are both there; remove one.")
            found[file.stem] = file
    own = None if dev is None else expand_user(dev)
    chosen = own if own is not None and own.is_file() else _pick_dev(found, dev, str(folder))
    test = found.get("test")
    return SplitTables(
        train=read_table(_pick(found, "train", str(folder))),
        dev=None if chosen is None else read_table(chosen),
        test=None if test is None or test == chosen else read_table(test),
    )


def _pick(splits: Mapping[str, _Source], name: str, where: str) -> _Source:
    if name not in splits:
        raise DataError(f"{where}: there is no split '{name}'.{did_you_mean(name, splits)}")
    return splits[name]


def _pick_dev(splits: Mapping[str, _Source], dev: str | None, where: str) -> _Source | None:
    if dev is not None:
        return _pick(splits, dev, where)
    return next((splits[name] for name in _DEV_SPLITS if name in splits), None)
