"""The splits of data of one's own: a file, a folder of them, or a data set that is saved or on the hub."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from potstill.data.sources import read_hub_tables, read_saved_tables, read_table
from potstill.data.tables import TABLE_SUFFIXES, DataTable, count_of, join_tables, table_stem, table_suffix
from potstill.errors import DataError, did_you_mean
from potstill.files import expand_user

_TRAIN = ("train", "training")
_DEV = ("dev", "validation", "valid", "val", "eval", "evaluation")
_TEST = ("test", "testing")
"""What splits are called, in any case."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})")
_SAVED = ("dataset_dict.json", "state.json")
_NO_DATA = ("", ".md", ".py")
"""Endings of files that nobody takes for examples."""
_MOST_NAMES = 6
_Files: TypeAlias = tuple[Path, ...]
_Source: TypeAlias = DataTable | _Files


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitTables:
    """The splits of a source, before their columns are understood.

    Attributes:
        train: Examples to learn from.
        dev: Examples to measure on; None where they are to be split off.
        test: Examples to measure on once; None where there are none.
        unread: Names of files or splits that are there and were not read.
    """

    train: DataTable
    dev: DataTable | None
    test: DataTable | None
    unread: tuple[str, ...] = ()

    def without_blank_rows(self) -> "SplitTables":
        """Leave out rows of which every cell is empty."""
        train, dev, test = (
            None if table is None else table.without_blank_rows() for table in (self.train, self.dev, self.test)
        )
        assert train is not None
        return replace(self, train=train, dev=dev, test=test)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was read and what was not."""
        roles = {"train": self.train, "dev": self.dev, "test": self.test}
        tables = {table.name: (role, table) for role, table in reversed(roles.items()) if table is not None}
        read = [f"{role}: {_tell(table)}" for role, table in reversed(tables.values())]
        if len(read) == 1:
            read = [_tell(self.train)]
        more = "" if len(self.unread) <= _MOST_NAMES else f" and {len(self.unread) - _MOST_NAMES} more"
        left = [f"not read: {', '.join(self.unread[:_MOST_NAMES])}{more}"] if self.unread else []
        return (", ".join(read), *left)


def _tell(table: DataTable) -> str:
    return f"{Path(table.name).name} ({', '.join([count_of(len(table), 'row'), *table.notes])})"


def find_tables(path: str, *, dev: str | None, test: str | None) -> SplitTables:
    """Find and read the splits of a source."""
    place = expand_user(path)
    if place.is_dir():
        if any((place / name).is_file() for name in _SAVED):
            return _read_splits(read_saved_tables(place), str(place), dev=dev, test=test)
        return _read_folder(place, dev=dev, test=test)
    if place.is_file():
        others: dict[str, _Source] = {name: (expand_user(name),) for name in (dev, test) if name is not None}
        return _read_splits({**others, "train": (place,)}, path, dev=dev, test=test)
    if place.exists():
        read_table(place)
    if not _HUB_NAME.fullmatch(path) or table_suffix(place) in TABLE_SUFFIXES:
        raise DataError(f"data.path: '{path}' does not exist; give a file, a folder or the name of a hub data set.")
    return _read_splits(read_hub_tables(path), path, dev=dev, test=test)


def _read_folder(folder: Path, *, dev: str | None, test: str | None) -> SplitTables:
    """Read the files of a folder, or of `data/` in it, as data sets are laid out on the hub."""
    inner = folder / "data"
    files = _folder_files(folder) or (_folder_files(inner) if inner.is_dir() else {})
    tables = _read_splits(files, str(folder), dev=dev, test=test)
    others = (file.name for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith("."))
    odd = [name for name in others if table_suffix(Path(name)) not in (*TABLE_SUFFIXES, *_NO_DATA)]
    return replace(tables, unread=(*tables.unread, *odd))


def _folder_files(folder: Path) -> dict[str, _Files]:
    """List the data files of a folder by the name of their split; what is in several files comes in their order."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if table_suffix(file) in TABLE_SUFFIXES and file.is_file() and not file.name.startswith("."):
            shard = _SHARD.fullmatch(table_stem(file))
            split = found.setdefault(shard[1] if shard else table_stem(file), [])
            split.append(file)
            if len(split) > 1 and not shard:
                raise DataError(f"{folder}: {split[0].name} and {file.name} are both there; remove one.")
    for files in found.values():
        _check_shards(folder, files)
    return {name: tuple(files) for name, files in found.items()}


def _check_shards(folder: Path, files: Sequence[Path]) -> None:
    """Refuse a split of which a part is missing, or is there twice."""
    shards = [_SHARD.fullmatch(table_stem(file)) for file in files]
    parts = [int(shard[2]) for shard in shards if shard is not None]
    total = int(shards[0][3]) if shards[0] is not None else 0
    if total and sorted(parts) != list(range(total)):
        raise DataError(
            f"{folder}: {', '.join(file.name for file in files[:3])} are not all of {total} parts, each once; get the "
            "others, or remove what is too much."
        )


def _read_splits(splits: Mapping[str, _Source], where: str, *, dev: str | None, test: str | None) -> SplitTables:
    """Choose train, dev and test among the splits of a source, and read them where they are files."""
    train = _find(splits, None, _TRAIN, where)
    if train is None:
        raise DataError(f"{where}: there is no split 'train'.{_name_splits(splits)}")
    chosen = _find(splits, dev, _DEV, where, field="data.dev")
    judge = _find(splits, test, _TEST, where, field="data.test")
    if judge is not None and judge in (train, chosen):
        if test is not None:
            part = "the training examples" if judge == train else "the development set"
            raise DataError(f"data.test: '{test}' is {part}, which a test set must not be; give another one.")
        judge = None
    used = [source for source in (train, chosen, judge) if source is not None]
    return SplitTables(
        train=_read(train),
        dev=None if chosen is None else _read(chosen),
        test=None if judge is None else _read(judge),
        unread=tuple(_name(name, source) for name, source in splits.items() if source not in used),
    )


def _name_splits(splits: Mapping[str, _Source]) -> str:
    if not splits:
        return f" It holds no data file ({', '.join(TABLE_SUFFIXES)})."
    return f" Known: {', '.join(_name(name, source) for name, source in splits.items())}."


def _name(name: str, source: _Source) -> str:
    return name if isinstance(source, DataTable) else source[0].name


def _read(source: _Source) -> DataTable:
    if isinstance(source, DataTable):
        return source
    return join_tables(f"{source[0]} and {len(source) - 1} more", [read_table(path) for path in source])


def _find(
    splits: Mapping[str, _Source], name: str | None, defaults: Sequence[str], where: str, *, field: str = "data.path"
) -> _Source | None:
    """Find what a user names, a file or a split, or else the one split that has one of some names."""
    if name is not None:
        own = expand_user(name)
        if own.is_file():
            return (own,)
        if name not in splits:
            raise DataError(f"{where}: there is no split '{name}'.{did_you_mean(name, splits)}")
        return splits[name]
    found = [each for each in splits if each.casefold() in defaults]
    if len(found) > 1:
        both = " and ".join(_name(each, splits[each]) for each in found[:2])
        advice = "remove one" if field == "data.path" else f"say with {field} which one it is, or remove one"
        raise DataError(f"{where}: {both} are both there; {advice}.")
    return splits[found[0]] if found else None
