"""A corpus as token ids: cut into examples once, written to memory-mapped files, read like any tokenised split."""

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from potstill.data.corpus_config import CorpusConfig
from potstill.data.corpus_lines import CorpusSource, find_sources
from potstill.data.tokenised import TokenisedSplit
from potstill.errors import DataError
from potstill.files import fingerprint_files, is_whole, one_at_a_time, whole_folder, write_json
from potstill.progress import ProgressCallback, ProgressTask
from potstill.tensors import TokenBlock

_CHUNK = 4096
"""Lines that are tokenised together."""
_FEWEST = 20
"""Examples below which nothing can be learnt and measured."""
_WAITING = "waiting for {}, which tokenises the same text"
_VERSION = 1
"""To be raised when examples are made in another way."""


@runtime_checkable
class CorpusTokenizer(Protocol):
    """What a corpus asks of a tokenizer; `potstill.hub.Tokenizer` is one."""

    @property
    def padding_id(self) -> int:
        """The id that fills padding."""
        ...

    @property
    def unknown_id(self) -> int | None:
        """The id of what is not in the vocabulary; None where there is none."""
        ...

    @property
    def frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Special tokens before and after a text."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes with the vocabulary and every rule."""
        ...

    def encode_bare(self, texts: Sequence[str]) -> list[list[int]]:
        """Turn texts into token ids, whole and without special tokens."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """Plain text as examples.

    Attributes:
        train: Examples to learn from, memory-mapped.
        heldout: Examples to measure on, none of which is in `train`.
        fingerprint: 16 hexadecimal digits that change with any token or cut.
        num_lines: Lines that were read, without the empty ones.
        num_dropped: Examples that were left out: too short, unknown, or equal to one that is held out.
    """

    train: TokenisedSplit
    heldout: TokenisedSplit
    fingerprint: str
    num_lines: int
    num_dropped: int


def load_corpus(config: CorpusConfig, tokenizer: CorpusTokenizer, *, store: Path, callback: ProgressCallback) -> Corpus:
    """Read a corpus, tokenising it first where that was not done before.

    Args:
        config: Where the text is and how it is cut.
        tokenizer: The tokenizer of the encoder that will read it.
        store: Folder that keeps tokenised corpora; each in a folder of its own, whole or absent.
        callback: Draws the progress.

    Returns:
        The corpus; its tokens stay in files.

    Raises:
        DataError: A file cannot be used, or there is too little text.
    """
    sources = find_sources(config)
    folder = store / f"corpus-{_key(config, sources, tokenizer)}"
    with one_at_a_time(store / f".{folder.name}.lock", lambda who: callback.note(_WAITING.format(who))):
        if not is_whole(folder):
            if folder.exists():
                callback.note(f"tokenised text {folder.name} is damaged and is made anew")
            with whole_folder(folder) as aside:
                _Writer(config, tokenizer, aside).write(sources, callback)
    return _open(folder, tokenizer.padding_id)


def count_tokens(tokens: TokenBlock, *, vocab_size: int) -> NDArray[np.int64]:
    """Count how often each token occurs.

    Args:
        tokens: The examples.
        vocab_size: Tokens of the vocabulary.

    Returns:
        Counts by token id, [vocab_size].
    """
    counts = np.zeros(vocab_size, dtype=np.int64)
    for start in range(0, len(tokens.ids), 2**22):
        counts += np.bincount(tokens.ids[start : start + 2**22], minlength=vocab_size)
    return counts


def _key(config: CorpusConfig, sources: Sequence[CorpusSource], tokenizer: CorpusTokenizer) -> str:
    """Identify what is written: texts (of a data set: its name), tokenizer and settings."""
    contents = [source.name if source.path is None else fingerprint_files([source.path]) for source in sources]
    settings = config.model_dump(mode="json", exclude={"paths"})
    identity = json.dumps([_VERSION, contents, tokenizer.fingerprint, settings], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _open(folder: Path, padding_id: int) -> Corpus:
    known = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))

    def split(name: str) -> TokenisedSplit:
        ids: NDArray[np.int32] = np.memmap(folder / f"{name}.ids", dtype=np.int32, mode="r")
        offsets = np.load(folder / f"{name}.offsets.npy", mmap_mode="r")
        block = TokenBlock(ids=ids, type_ids=None, offsets=offsets, padding_id=padding_id)
        return TokenisedSplit(tokens=block, labels=None)

    return Corpus(train=split("train"), heldout=split("heldout"), **known)


class _Writer:
    """Cuts lines into examples and writes them, with those held out in memory until the end."""

    def __init__(self, config: CorpusConfig, tokenizer: CorpusTokenizer, folder: Path) -> None:
        self.config, self.tokenizer, self.folder = config, tokenizer, folder
        self.before, self.after = (np.array(part, dtype=np.int32) for part in tokenizer.frame)
        self.capacity = config.max_length - len(self.before) - len(self.after)
        self.lengths: list[int] = []
        self.heldout: list[tuple[int, bytes]] = []  # a heap, the largest hash first
        self.hashes: set[int] = set()
        self.num_lines = self.num_dropped = 0
        self.hash = hashlib.sha256()

    def write(self, sources: Sequence[CorpusSource], callback: ProgressCallback) -> None:
        """Write all examples of the sources."""
        name = ", ".join(Path(source.name).name for source in sources[:3]) + (", ..." if len(sources) > 3 else "")
        with (
            (self.folder / "train.ids").open("wb") as file,
            callback.task(f"tokenising {name}", sum(source.size for source in sources)) as progress,
        ):
            for example in self._examples(self._lines(sources, progress)):
                self._place(example, file)
            self._release_surplus(file)
        self._check(name)
        kept = [np.frombuffer(tokens, dtype=np.int32) for _, tokens in sorted(self.heldout, reverse=True)]
        (self.folder / "heldout.ids").write_bytes(b"".join(tokens for _, tokens in sorted(self.heldout, reverse=True)))
        for split, lengths in (("train", self.lengths), ("heldout", [len(tokens) for tokens in kept])):
            np.save(self.folder / f"{split}.offsets.npy", np.cumsum([0, *lengths], dtype=np.int64))
        counts = {"num_lines": self.num_lines, "num_dropped": self.num_dropped}
        write_json(self.folder / "corpus.json", {"fingerprint": self.hash.hexdigest()[:16], **counts})

    def _lines(self, sources: Sequence[CorpusSource], progress: ProgressTask) -> Iterator[str]:
        for source in sources:
            before = self.num_lines
            for line in source.lines(progress.advance):
                if line:
                    self.num_lines += 1
                yield line
                if self.num_lines == self.config.limit:
                    yield ""
                    return
            if self.num_lines == before:
                raise DataError(f"{source.name}: there is no text in it, only empty lines; give text, one a line.")

    def _examples(self, lines: Iterator[str]) -> Iterator[list[int]]:
        """Give examples without special tokens."""
        waiting: list[int] = []
        while chunk := list(islice(lines, _CHUNK)):
            encoded = iter(self.tokenizer.encode_bare([line for line in chunk if line]))
            for line in chunk:
                tokens = next(encoded) if line else []
                if self.config.packing == "packed" and line and len(waiting) + len(tokens) <= self.capacity:
                    waiting += tokens
                    continue
                yield from self._cut(waiting)
                waiting = tokens
        yield from self._cut(waiting)

    def _cut(self, tokens: list[int]) -> Iterator[list[int]]:
        for start in range(0, len(tokens), self.capacity):
            yield tokens[start : start + self.capacity]

    def _place(self, tokens: list[int], file: IO[bytes]) -> None:
        """Keep an example for training or hold it out, as its hash has it; drop what is of no use."""
        unknown = tokens.count(-1 if self.tokenizer.unknown_id is None else self.tokenizer.unknown_id)
        length = len(self.before) + len(tokens) + len(self.after)
        example = np.concatenate([self.before, np.array(tokens, dtype=np.int32), self.after]).tobytes()
        key = int.from_bytes(hashlib.blake2b(example, digest_size=8).digest())
        if length < self.config.min_length or unknown >= self.config.max_unknown * length or key in self.hashes:
            self.num_dropped += 1
            return
        if len(self.heldout) < self.config.heldout:
            self.hashes.add(key)
            heapq.heappush(self.heldout, (-key, example))
            return
        if key < -self.heldout[0][0]:
            self.hashes.add(key)
            key, example = self._exchange(key, example)
        self._write(example, file)

    def _exchange(self, key: int, example: bytes) -> tuple[int, bytes]:
        """Hold an example out in the place of the one with the largest hash, which is given back."""
        negative, released = heapq.heapreplace(self.heldout, (-key, example))
        self.hashes.discard(-negative)
        return -negative, released

    def _release_surplus(self, file: IO[bytes]) -> None:
        """Give training back what is more than a tenth of all."""
        total = len(self.heldout) + len(self.lengths)
        while len(self.heldout) > max(1, total // 10):
            self._write(heapq.heappop(self.heldout)[1], file)
        for _, example in sorted(self.heldout):
            self.hash.update(example)

    def _write(self, example: bytes, file: IO[bytes]) -> None:
        file.write(example)
        self.hash.update(example)
        self.lengths.append(len(example) // 4)

    def _check(self, name: str) -> None:
        total = len(self.lengths) + len(self.heldout)
        if total < _FEWEST:
            raise DataError(
                f"{name}: {self.num_lines} lines make only {total} examples of {self.config.min_length} to "
                f"{self.config.max_length} tokens, and at least {_FEWEST} are needed; give more text, or lower "
                "data.corpus.min_length."
            )
