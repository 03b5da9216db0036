"""Texts whose words have labels: which words may change, and where the words are when some have changed."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from potstill.answers import TAG_COLUMNS, WORD_COLUMNS
from potstill.augmentation.method import Variant
from potstill.augmentation.words import Edit, Words, edit_words, split_words


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedText:
    """A text whose words have labels.

    Attributes:
        text: The text.
        spans: First character of each word, and the one behind its last.
        labels: The label of each word.
        is_free: Whether another word may stand in the place of each.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    labels: tuple[str, ...]
    is_free: tuple[bool, ...]

    def find_free(self, source: Words) -> frozenset[int]:
        """Find the words of a method that may change: those that lie within one that is free."""
        edges = [0, *accumulate(map(len, source.parts))]
        starts = [start for start, _ in self.spans]
        found = []
        for position in range(len(source)):
            start, end = edges[2 * position + 1], edges[2 * position + 2]
            owner = bisect_right(starts, start) - 1
            if owner >= 0 and self.is_free[owner] and end <= self.spans[owner][1]:
                found.append(position)
        return frozenset(found)

    def keep(self, variants: Sequence[Variant]) -> list[Variant]:
        """Undo what a method changed where nothing may change; what is then the text itself is dropped."""
        source = split_words(self.text)
        free = self.find_free(source)
        kept: list[Variant] = []
        for (edit,) in variants:
            if edit.kept != (0, len(source)):
                continue
            changes = {position: edit.words[position] for position in edit.changed if position in free}
            if changes:
                kept.append((edit_words(source, changes),))
        return kept

    def columns(self, edit: Edit, *, has_tags: bool) -> dict[str, list[str]]:
        """Give the words of an edited text by column, and their labels, which stay what they are."""
        return {WORD_COLUMNS[0]: self.move(edit)} | ({TAG_COLUMNS[0]: list(self.labels)} if has_tags else {})

    def move(self, edit: Edit) -> list[str]:
        """Give the words of an edited text, as many as there are labels."""
        source = split_words(self.text)
        old, new = ([0, *accumulate(map(len, parts))] for parts in (source.parts, edit.parts))

        def follow_start(place: int) -> int:
            part = bisect_right(old, place) - 1
            return new[part] + place - old[part]

        def follow_end(place: int) -> int:
            part = bisect_left(old, place) - 1
            return new[part + 1] - (old[part + 1] - place)

        return [edit.text[follow_start(start) : follow_end(end)] for start, end in self.spans]
