"""Entities in rows of labels: how names of labels say where one begins, and what is counted of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from potstill.answers.metrics import Floats, ratio
from potstill.answers.rows import LabelRows

_PREFIXED = re.compile(r"([BIELSUMW])[-_](.+)", re.DOTALL)
_ROLES = {"B": 0, "I": 1, "M": 1, "E": 2, "L": 2, "S": 3, "U": 3, "W": 3}
_BEGIN, _INSIDE, _END, _SINGLE = 0, 1, 2, 3
OUTSIDE = "O"
"""The label of a word outside of all entities."""
_FITTING = {(0, 0): (_INSIDE,), (0, 1): (_END, _INSIDE), (1, 0): (_BEGIN, _INSIDE), (1, 1): (_SINGLE, _BEGIN, _INSIDE)}
"""By whether a word begins and ends an entity: the roles that say so, the first that there is a label of."""
HITS, GOLD, PREDICTED = 0, 1, 2
"""What is counted of each type of entity."""
Scheme: TypeAlias = Literal["words", "types", "BIO", "BIOES"]
"""`words`: every word for itself, as parts of speech; `types`: neighbours of one type are one entity; `BIO`, `BIOES`:
the first letter says where one begins or ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """Entities of rows of labels.

    Attributes:
        first: Row of the first word of each.
        last: Row of its last word.
        types: Number of its type.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    types: NDArray[np.int64]


@dataclass(frozen=True)
class Spelling:
    """What the names of labels say.

    Attributes:
        label_names: The names.
    """

    label_names: tuple[str, ...]

    @cached_property
    def is_mixed(self) -> bool:
        """Whether some names say where an entity begins, and others do not."""
        named = [name for name in self.label_names if name != OUTSIDE]
        found = [bool(_PREFIXED.fullmatch(name)) for name in named]
        return self._has_outside and any(found) and not all(found)

    @cached_property
    def scheme(self) -> Scheme:
        """How entities are written."""
        if not self._has_outside:
            return "words"
        letters = {match[1] for name in self.label_names if (match := _PREFIXED.fullmatch(name))}
        if not letters or self.is_mixed:
            return "types"
        return "BIO" if letters <= {"B", "I"} else "BIOES"

    @cached_property
    def type_names(self) -> tuple[str, ...]:
        """The types of entities, in the order of the labels."""
        return tuple(dict.fromkeys(name for name in map(self._type_of, self.label_names) if name is not None))

    @cached_property
    def types(self) -> NDArray[np.int64]:
        """The type of each label; -1 for `O`."""
        found = [self._type_of(name) for name in self.label_names]
        return np.array([-1 if name is None else self.type_names.index(name) for name in found], dtype=np.int64)

    def find(self, labels: NDArray[np.int64], offsets: NDArray[np.int64]) -> Entities:
        """Find the entities, read as the script of the CoNLL tasks reads them.

        An entity begins with a word of a type behind one of none or of another, with B or S, and behind E or S. So
        what is not as the scheme says, such as I behind O, is an entity like any other.
        """
        types, roles = self.types[labels], self._roles[labels]
        is_first, is_last = self._edges(len(labels), offsets)
        before, roles_before = np.roll(types, 1), np.roll(roles, 1)
        begins = (
            is_first | (before != types) | np.isin(roles, (_BEGIN, _SINGLE)) | np.isin(roles_before, (_END, _SINGLE))
        )
        begins &= types >= 0
        goes_on = np.roll((types >= 0) & ~begins, -1) & ~is_last
        first = np.flatnonzero(begins)
        return Entities(first=first, last=np.flatnonzero((types >= 0) & ~goes_on), types=types[first])

    def count(self, predicted: NDArray[np.int64], gold: LabelRows) -> Floats:
        """Count hits, gold and predicted ones of each text, [texts, types, 3]; a hit has both borders and the type."""
        wanted = self.find(gold.values.astype(np.int64), gold.offsets)
        found = self.find(predicted, gold.offsets)
        counts, owners = np.zeros((len(gold), len(self.type_names), 3)), gold.owners
        keys = [np.stack([each.first, each.last, each.types], axis=1) for each in (wanted, found)]
        theirs = set(map(tuple, keys[0].tolist()))
        is_hit = np.array([tuple(key) in theirs for key in keys[1].tolist()], dtype=bool)
        for what, each in ((GOLD, keys[0]), (PREDICTED, keys[1]), (HITS, keys[1][is_hit])):
            np.add.at(counts[..., what], (owners[each[:, 0]], each[:, 2]), 1.0)
        return counts

    def count_broken(self, labels: NDArray[np.int64], offsets: NDArray[np.int64]) -> tuple[int, int]:
        """Count entities that begin without B or S, and those that begin with it where nothing of their type is before.

        With the first and without the second, `B` marks only what follows its own type.
        """
        entities = self.find(labels, offsets)
        roles, types = self._roles[labels[entities.first]], self.types[labels]
        is_first, _ = self._edges(len(labels), offsets)
        is_beside = ~is_first & (np.roll(types, 1) == types)
        is_marked = np.isin(roles, (_BEGIN, _SINGLE))
        return int((~is_marked).sum()), int((is_marked & ~is_beside[entities.first]).sum())

    def spell(self, found: Entities, *, number: int) -> NDArray[np.int64]:
        """Write entities as labels of a number of words; -1 where a label would be needed that there is not."""
        begins, ends = np.zeros(number, dtype=np.int64), np.zeros(number, dtype=np.int64)
        begins[found.first], ends[found.last] = 1, 1
        types = np.full(number, -1)
        for first, last, type_id in zip(found.first, found.last, found.types, strict=True):
            types[first : last + 1] = type_id
        outside = self.label_names.index(OUTSIDE)
        return np.where(types < 0, outside, self._fitting[types, begins, ends])

    def recut(self, *, is_start: bool, is_end: bool) -> NDArray[np.int64]:
        """Say what each label becomes at a part of its word, which may be the first or the last one or neither."""
        begins = np.isin(self._roles, (_BEGIN, _SINGLE)) & is_start
        ends = np.isin(self._roles, (_END, _SINGLE)) & is_end
        changed = self._fitting[self.types, begins.astype(np.int64), ends.astype(np.int64)]
        own = np.arange(len(self.label_names))
        return np.where((self.types < 0) | (changed < 0) | (self.scheme == "words"), own, changed)

    @cached_property
    def _fitting(self) -> NDArray[np.int64]:
        """The label of each type for a word that begins and ends an entity, or not; -1 where there is none."""
        pairs = zip(self.types.tolist(), self._roles.tolist(), strict=True)
        known = {pair: label for label, pair in enumerate(pairs)}
        return np.array(
            [
                [[_first(known, kind, _FITTING[begins, ends]) for ends in (0, 1)] for begins in (0, 1)]
                for kind in range(len(self.type_names))
            ],
            dtype=np.int64,
        ).reshape(-1, 2, 2)

    @cached_property
    def _has_outside(self) -> bool:
        return OUTSIDE in self.label_names

    @cached_property
    def _roles(self) -> NDArray[np.int64]:
        other = _SINGLE if self.scheme == "words" else _INSIDE
        is_written = self.scheme in ("BIO", "BIOES")
        found = [_PREFIXED.fullmatch(name) if is_written else None for name in self.label_names]
        return np.array([other if match is None else _ROLES[match[1]] for match in found], dtype=np.int64)

    def _type_of(self, name: str) -> str | None:
        if name == OUTSIDE:
            return None
        match = _PREFIXED.fullmatch(name) if self.scheme in ("BIO", "BIOES") else None
        return name if match is None else match[2]

    @staticmethod
    def _edges(number: int, offsets: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        is_first, is_last = np.zeros(number, dtype=bool), np.zeros(number, dtype=bool)
        filled = np.diff(offsets) > 0
        is_first[offsets[:-1][filled]] = True
        is_last[offsets[1:][filled] - 1] = True
        return is_first, is_last


def _first(known: Mapping[tuple[int, int], int], kind: int, roles: Sequence[int]) -> int:
    return next((known[kind, role] for role in roles if (kind, role) in known), -1)


def entity_metric(name: str, counts: Floats) -> Floats:
    """Compute a metric of entities from h hits, g gold and p predicted ones of each type.

    entity_f1         2 sum h / (sum g + sum p)
    entity_precision  sum h / sum p
    entity_recall     sum h / sum g
    entity_macro_f1   mean of 2 h / (g + p) over the types that are gold or predicted anywhere
    """
    hits, gold, predicted = (counts[..., what] for what in (HITS, GOLD, PREDICTED))
    match name:
        case "entity_f1":
            return ratio(2 * hits.sum(axis=-1), (gold + predicted).sum(axis=-1))
        case "entity_precision":
            return ratio(hits.sum(axis=-1), predicted.sum(axis=-1))
        case "entity_recall":
            return ratio(hits.sum(axis=-1), gold.sum(axis=-1))
    assert name == "entity_macro_f1", name
    each = ratio(2 * hits, gold + predicted)
    return ratio(each.sum(axis=-1), (gold + predicted > 0).sum(axis=-1))


def span_labels(types: Sequence[str]) -> tuple[str, ...]:
    """Name the labels with which words spell spans of characters of some types."""
    return (OUTSIDE, *(f"{letter}-{name}" for name in sorted(set(types)) for letter in "BI"))
