"""Masking, replacement by words of the same part of speech, and n-gram sampling (Tang et al. 2019)."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Literal, TypeAlias

from numpy.random import Generator
from pydantic import Field, model_validator

from potstill.augmentation.method import Material, Method, MethodConfig, Row, Sampler, Uniforms, Variant
from potstill.augmentation.tagging import AnyTaggerConfig, TaggerConfig, TextblobTaggerConfig
from potstill.augmentation.words import Edit, Words, edit_words, split_words
from potstill.errors import DataError

_COPIES = {"sst-2": 20, "mnli": 10, "qqp": 10}
_OTHER_COPIES = 20
_ROWS_TAGGED_TOGETHER = 1000
_MAX_TAG = 255

_Prepared: TypeAlias = tuple[Row, tuple[bytes, ...]]
"""The texts of a row, and for each text the number of every word's tag."""


class TangConfig(MethodConfig):
    """For every word one draw decides: a mask, another word of the same part of speech, or the word as it is.

    Then, sometimes, only a run of one to five words is kept.

    Paper:
        Tang et al. 2019, section 3.3, arXiv:1903.12136.
    """

    kind: Literal["tang"] = "tang"
    mask_probability: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of words that become `mask_token`."""
    replace_probability: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of words that become another word of the same part of speech, drawn by how often it has that part in
    the data. With `mask_probability` at most 1."""
    ngram_probability: float = Field(default=0.25, ge=0.0, le=1.0)
    """Share of tries of which only a run of words is kept."""
    max_ngram: int = Field(default=5, ge=1)
    """Longest such run; its length is drawn evenly from 1 .. max_ngram."""
    mask_token: str = Field(default="[MASK]", min_length=1)
    """What stands for a masked word; it should be the mask token of whoever reads the text, such as `<mask>`."""
    pair_mode: Literal["cycle", "draw"] = "cycle"
    """Pairs: which text is varied, the first, the second or both. `cycle` takes them in turn, as in the paper; `draw`
    draws one of the three each time, as in the authors' code."""
    tagger: AnyTaggerConfig = TextblobTaggerConfig()
    """Tells the parts of speech; not used where `replace_probability` is 0."""

    @model_validator(mode="after")
    def _is_one_draw(self) -> "TangConfig":
        if self.mask_probability + self.replace_probability > 1.0:
            raise ValueError(
                f"mask_probability ({self.mask_probability}) and replace_probability ({self.replace_probability}) must "
                "not exceed 1 together, as one draw decides"
            )
        return self

    @property
    def drops_words(self) -> str | None:
        """See `MethodConfig.drops_words`; runs of words."""
        return "ngram_probability" if self.ngram_probability else None

    def default_copies(self, task: str) -> int:
        """Give the published number; see `MethodConfig.default_copies`."""
        return _COPIES.get(task, _OTHER_COPIES)

    def sources(self, teacher: str | None) -> dict[str, str]:
        """Name the tagger; see `MethodConfig.sources`."""
        return {"tagger": self.tagger.identity()} if self.replace_probability else {}

    def build(self, material: Material) -> "Tang":
        """Tag the data and make the method; see `MethodConfig.build`."""
        return Tang(self, material)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPool:
    """The words that have one tag, with their frequencies.

    Attributes:
        words: Each word once.
        ends: Running total of the frequencies.
    """

    words: tuple[str, ...]
    ends: tuple[int, ...]

    def pick(self, draw: float) -> str:
        """Pick a word in proportion to its frequency.

        Example:
            >>> pool = WordPool(words=("a", "b"), ends=(2, 3))
            >>> [pool.pick(draw) for draw in (0.0, 0.66, 0.67)]
            ['a', 'a', 'b']
        """
        return self.words[bisect_right(self.ends, draw * self.ends[-1])]


class Tang(Method):
    """The method that `TangConfig` builds."""

    def __init__(self, config: TangConfig, material: Material) -> None:
        """Tag all rows, and count the words of each tag."""
        self._tags: list[tuple[bytes, ...]] | None = None
        pools: tuple[WordPool, ...] = ()
        if config.replace_probability:
            self._tags, pools = _tag_rows(config.tagger, material)
        self.sampler = TangSampler(config, pools)

    def prepare(self, first: int, rows: Sequence[Row]) -> list[_Prepared]:
        """Put rows and tags together; see `Method.prepare`."""
        if self._tags is None:
            return [(row, tuple(b"" for _ in row)) for row in rows]
        return list(zip(rows, self._tags[first : first + len(rows)], strict=True))


class TangSampler(Sampler):
    """Draws as the paper says."""

    def __init__(self, config: TangConfig, pools: Sequence[WordPool]) -> None:
        """Take the settings and, for every tag by its number, the words that have it."""
        self._config = config
        self._pools = pools

    def draw(self, prepared: Any, random: Generator, attempts: int) -> list[Variant]:  # noqa: ANN401 - see Sampler
        """Draw variants; see `Sampler.draw`. Single texts in which every word was to be replaced are dropped."""
        texts, tags = prepared
        sources = [split_words(text) for text in texts]
        edits = [
            self._vary(source, numbers, random, attempts, needs_rest=len(sources) == 1)
            for source, numbers in zip(sources, tags, strict=True)
        ]
        if not all(len(source) for source in sources):
            return []
        if len(sources) == 1:
            return [(edit,) for edit in edits[0] if edit is not None]
        same = [edit_words(source, {}) for source in sources]
        modes = self._modes(random, attempts)
        return [
            (
                edits[0][attempt] or same[0] if mode != 1 else same[0],
                edits[1][attempt] or same[1] if mode != 0 else same[1],
            )
            for attempt, mode in enumerate(modes)
        ]

    def _vary(
        self, source: Words, tags: bytes, random: Generator, attempts: int, *, needs_rest: bool
    ) -> list[Edit | None]:
        """Try one text so many times; None where nothing changes, as every third time in short texts."""
        config, count = self._config, len(source)
        draws = random.random((2, attempts, count))
        cuts = random.random((attempts, 3)).tolist()
        replacements: dict[int, dict[int, str]] = {}
        is_hit = draws[0] < config.mask_probability + config.replace_probability
        rows, positions = is_hit.nonzero()
        hits = zip(rows.tolist(), positions.tolist(), draws[0][is_hit].tolist(), draws[1][is_hit].tolist(), strict=True)
        for attempt, position, decision, choice in hits:
            is_mask = decision < config.mask_probability
            word = config.mask_token if is_mask else self._pools[tags[position]].pick(choice)
            replacements.setdefault(attempt, {})[position] = word
        edits: list[Edit | None] = []
        for attempt, cut in enumerate(cuts):
            changes, kept = replacements.get(attempt), self._cut(cut, count)
            is_same = changes is None and kept is None
            is_dropped = needs_rest and len(changes or ()) == count
            edits.append(None if is_same or is_dropped else edit_words(source, changes or {}, kept=kept))
        return edits

    def _cut(self, draws: list[float], count: int) -> tuple[int, int] | None:
        """Choose the run of words to keep, or None for all; every start that leaves room for the run is as likely."""
        if draws[0] >= self._config.ngram_probability:
            return None
        length = min(1 + int(draws[1] * self._config.max_ngram), count)
        start = int(draws[2] * (count - length + 1))
        return start, start + length

    def _modes(self, random: Generator, attempts: int) -> list[int]:
        """Choose for each try which text of a pair is varied: 0 the first, 1 the second, 2 both."""
        drawn: Uniforms = random.random(attempts + 1)
        if self._config.pair_mode == "draw":
            return [int(3 * draw) for draw in drawn[1:].tolist()]
        return [(int(3 * drawn[0]) + attempt) % 3 for attempt in range(attempts)]


def _tag_rows(tagger: TaggerConfig, material: Material) -> tuple[list[tuple[bytes, ...]], tuple[WordPool, ...]]:
    """Tag all rows; give the tags of each by number, and the words of each tag."""
    numbers: dict[str, int] = {}
    counts: list[Counter[str]] = []
    tagged: list[tuple[bytes, ...]] = []
    with material.callback.task("parts of speech", len(material.rows)) as progress:
        starts = range(0, len(material.rows), _ROWS_TAGGED_TOGETHER)
        chunks = (material.rows[start : start + _ROWS_TAGGED_TOGETHER] for start in starts)
        for chunk in material.workers.map(partial(_tag_chunk, tagger), chunks):
            for row in chunk:
                tagged.append(tuple(_number(words, tags, numbers, counts) for words, tags in row))
            progress.advance(len(chunk))
    pools = []
    for count in counts:
        words = sorted(count)
        pools.append(WordPool(words=tuple(words), ends=tuple(accumulate(count[word] for word in words))))
    return tagged, tuple(pools)


def _number(words: Sequence[str], tags: Sequence[str], numbers: dict[str, int], counts: list[Counter[str]]) -> bytes:
    """Give the tags of a text by number, and count its words."""
    found = []
    for word, tag in zip(words, tags, strict=True):
        number = numbers.setdefault(tag, len(numbers))
        if number == len(counts):
            counts.append(Counter())
            if number > _MAX_TAG:
                raise DataError(f"the tagger gives more than {_MAX_TAG + 1} different tags; take another one.")
        counts[number][word] += 1
        found.append(number)
    return bytes(found)


def _tag_chunk(tagger: TaggerConfig, rows: Sequence[Row]) -> list[list[tuple[tuple[str, ...], list[str]]]]:
    """Cut and tag rows; runs in any process."""
    words = [[split_words(text).words for text in row] for row in rows]
    tags = iter(tagger.tag([text for row in words for text in row]))
    return [[(text, next(tags)) for text in row] for row in words]
