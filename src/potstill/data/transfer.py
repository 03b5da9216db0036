"""Texts to learn from beyond the labelled ones: each once, none that is measured on, in files of any length."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from potstill.data.answer_table import AnswerTable
from potstill.data.config import DataConfig
from potstill.data.duplicates import HashSet, NearLog, NearTexts, band_texts, fold_texts, hash_folded
from potstill.data.holding import HashedTexts, HoldOut, count_measured
from potstill.data.joining import join_splits
from potstill.data.records import Split, TaskData
from potstill.data.texts import TextColumns
from potstill.data.unlabeled import find_text_sources
from potstill.errors import DataError
from potstill.files import fingerprint_files, is_whole, whole_folder, write_json
from potstill.progress import ProgressCallback
from potstill.results import TransferFigures

_VERSION = 1
"""To be raised when texts are chosen in another way."""
_CHUNK = 65_536
"""Texts that are in memory at once."""
_NAMES = ("text", "text_pair")
_TEXTS, _HELD_OUT, _FIGURES = "texts.arrow", "held-out.arrow", "figures.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransferSet:
    """All texts to learn from: those of the task with their gold labels, and further ones.

    Attributes:
        split: The texts, the labelled ones first; the others have no row of labels.
        figures: What became of the further ones.
        folder: Keeps them; its name changes with any text.
        held_out: Unlabelled texts that are not learnt from, but find out when the student can be trusted.
    """

    split: Split
    figures: TransferFigures
    folder: Path
    held_out: Split | None = None

    @classmethod
    def of_task(cls, data: TaskData, store: Path) -> "TransferSet":
        """Begin with the labelled texts alone."""
        figures = TransferFigures(num_labelled=len(data.train), num_unlabeled=0)
        return cls(split=data.train, figures=figures, folder=store / f"transfer-{data.fingerprint}")

    def joined(self, more: Split, measured: Sequence[Split]) -> "TransferSet":
        """Add texts that augmentation made, without those that are there already or measured on.

        Args:
            more: The texts, with labels or without.
            measured: What is measured on.

        Returns:
            All texts.
        """
        seen, total = HashSet(), hashlib.sha256(self.folder.name.encode())
        for split in chain(measured, _cut(self.split)):
            seen.add(hash_folded(fold_texts(split)))
        kept = more.take(np.flatnonzero(seen.add(hash_folded(fold_texts(more)))))
        total.update(json.dumps([list(kept.texts), list(kept.pairs or ())]).encode())
        return TransferSet(
            split=join_splits([self.split, kept]),
            figures=self.figures.model_copy(update={"num_augmented": len(kept)}),
            folder=self.folder.with_name(f"transfer-{total.hexdigest()[:16]}"),
            held_out=self.held_out,
        )


def _cut(split: Split) -> Iterator[Split]:
    """Give the texts of a split, some at a time."""
    for start in range(0, len(split), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield Split(texts=split.texts[part], pairs=None if split.pairs is None else split.pairs[part])


def load_transfer(
    data: TaskData,
    config: DataConfig,
    *,
    store: Path,
    callback: ProgressCallback,
    teacher: AnswerTable | Literal["model"] | None = None,
) -> TransferSet | None:
    """Read what there is to learn from beyond the labelled examples, or find it where it was read before.

    Args:
        data: The task, with the examples that are labelled, and those that are measured on.
        config: Names the texts.
        store: Folder that keeps what was read, each in a folder of its own, whole or absent.
        callback: Draws the progress.
        teacher: Who answers the texts; None = nobody, so none is held out unless the config says so.

    Returns:
        The labelled and the further texts, which stay in files; None where there are no further ones.

    Raises:
        DataError: A file cannot be used, or no text is left.
    """
    if not config.unlabeled and data.unlabeled is None:
        return None
    columns = TextColumns(text=config.text, text_pair=config.text_pair, is_pair=data.task.is_pair)
    sources = find_text_sources(config.unlabeled)
    contents = [source.name if source.path is None else fingerprint_files([source.path]) for source in sources]
    beside = [] if data.unlabeled is None else [data.unlabeled]
    given = [[[*split.texts], [*(split.pairs or ())]] for split in (*beside, *data.measured)]
    held_out, holding = _hold_out(data, config, teacher)
    identity = [_VERSION, contents, asdict(columns), given, data.fingerprint, *holding]
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    folder = store / f"transfer-{key}"
    if not is_whole(folder):
        total = sum(source.size for source in sources)
        try:
            with whole_folder(folder) as aside, callback.task("reading unlabelled texts (bytes)", total) as progress:
                chunks = (chunk for source in sources for chunk in source.chunks(columns, progress.advance))
                _Writer(data, aside, held_out).write(chain(beside, chunks))
        except DataError:
            with suppress(OSError):  # it holds what other runs left
                store.rmdir()
            raise
    figures = TransferFigures.parse(json.loads((folder / _FIGURES).read_text(encoding="utf-8")))
    further, apart = (
        replace(each, words=data.task.answer.find_words(each.texts))
        for each in (_open(folder / _TEXTS), _open(folder / _HELD_OUT))
    )
    split = join_splits([data.train, further])
    return TransferSet(split=split, figures=figures, folder=folder, held_out=apart if len(apart) else None)


def _hold_out(
    data: TaskData, config: DataConfig, teacher: AnswerTable | Literal["model"] | None
) -> tuple[HoldOut, list[object]]:
    """Say which texts are held out, and what decides it."""
    share, table = config.trust_fraction, None if teacher == "model" else teacher
    if share is None and (teacher is None or data.task.answer.no_promise is not None):
        share = 0.0
    enough = count_measured(data, table) if share is None else 0
    decided: list[object] = [share] if share else []
    if share is None:
        decided = ["auto", enough, None if table is None else table.fingerprint]
    return HoldOut(share, table=table, enough=enough), decided


def _open(path: Path) -> Split:
    import datasets

    table = datasets.Dataset.from_file(str(path))
    return Split(texts=table["text"], pairs=table["text_pair"] if "text_pair" in table.column_names else None)


@contextmanager
def _text_file(path: Path, *, is_pair: bool) -> Generator[Callable[[Split], None]]:
    """Open an Arrow file of texts that is written in parts."""
    import pyarrow

    names = _NAMES[: 1 + is_pair]
    schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as stream:

        def write(some: Split) -> None:
            stream.write_batch(pyarrow.record_batch([some.texts, some.pairs][: len(names)], schema=schema))

        yield write


class _Writer:
    """Writes the texts that are kept, and counts the others."""

    def __init__(self, data: TaskData, folder: Path, hold_out: HoldOut) -> None:
        self._train = fold_texts(data.train)
        self._measured = [text for split in data.measured for text in fold_texts(split)]
        self._folder, self._is_pair, self._hold_out = folder, data.task.is_pair, hold_out
        self._in_train, self._known, self._seen = HashSet(), HashSet(), HashSet()
        self._in_train.add(hash_folded(self._train))
        self._known.add(hash_folded(self._measured))
        self._counts = Counter({"num_labelled": len(data.train)})

    def write(self, chunks: Iterable[Split]) -> None:
        """Write texts, those that are held out apart, and how many were left out."""
        near = NearTexts(self._measured)
        log = NearLog(self._folder)
        log.add(band_texts(self._train))
        with (
            _text_file(self._folder / _TEXTS, is_pair=self._is_pair) as learn,
            _text_file(self._folder / _HELD_OUT, is_pair=self._is_pair) as hold_out,
        ):
            parts = (self._hold_out.part(self._choose(chunk, near)) for chunk in chunks)
            for learnt, held_out in chain(parts, self._hold_out.end()):
                log.add(learnt.bands)
                learn(learnt.split)
                hold_out(held_out.split)
                self._counts.update(num_unlabeled=len(learnt.split), num_held_out=len(held_out.split))
        if self._counts["num_unlabeled"] == 0:
            told = TransferFigures.parse({"num_unlabeled": 0, **self._counts}).tell()
            raise DataError(f"data.unlabeled: no text is left ({told}); give other texts.")
        self._counts["num_near"] = log.count(self._read)
        write_json(self._folder / _FIGURES, dict(self._counts))

    def _choose(self, chunk: Split, near: NearTexts) -> HashedTexts:
        """Leave out what is empty, there already or measured on."""
        folded = fold_texts(chunk)
        is_empty = np.zeros(len(chunk), dtype=np.bool_)
        for texts in (chunk.texts, chunk.pairs or ()):
            is_empty[[number for number, text in enumerate(texts) if not text.strip()]] = True
        left = self._drop("num_empty", np.arange(len(chunk)), is_empty)
        hashes = hash_folded(folded)
        left = self._drop("num_repeated", left, ~self._seen.add(hashes[left]))
        left = self._drop("num_in_train", left, self._in_train.holds(hashes[left]))
        left = self._drop("num_measured_on", left, self._known.holds(hashes[left]))
        some = [folded[number] for number in left]
        bands = band_texts(some)
        is_near = near.find(some, bands)
        left, bands = self._drop("num_near_measured_on", left, is_near), bands[~is_near]
        return HashedTexts(split=chunk.take(left), hashes=hashes[left], bands=bands)

    def _drop(self, name: str, numbers: NDArray[np.int64], is_dropped: NDArray[np.bool_]) -> NDArray[np.int64]:
        self._counts[name] += int(is_dropped.sum())
        return numbers[~is_dropped]

    def _read(self, rows: NDArray[np.int64]) -> list[str]:
        """Read folded texts by their numbers, those of train first."""
        import datasets

        is_own = rows < len(self._train)
        found = datasets.Dataset.from_file(str(self._folder / _TEXTS))[rows[~is_own] - len(self._train)]
        others = iter(fold_texts(Split(texts=found["text"], pairs=found.get("text_pair"))))
        own = iter([self._train[row] for row in rows[is_own]])
        return [next(own if each else others) for each in is_own]
