"""A text as words and what stands between them, so that one word can be changed and all else stays as it was."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_CJK = (
    "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f"
    "\U0002b820-\U0002ceaf\uf900-\ufaff\U0002f800-\U0002fa1f"
)
"""Ideographs, each a word of its own, as in BERT's tokenizer."""

_LAST_MARK = 0x10000
"""Marks are sought among the first 65,536 characters; those behind are of scripts that nobody writes today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text, cut.

    Attributes:
        parts: What stands before the first word, the first word, what stands between it and the second, and so on,
            up to what stands after the last: an odd number. Joined, they are the text.
    """

    parts: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words alone."""
        return self.parts[1::2]

    def __len__(self) -> int:
        """Count the words."""
        return len(self.parts) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What became of one text.

    Attributes:
        parts: The new text, cut like `Words.parts`; a replacement counts as one word.
        changed: Positions of the words that were replaced, in the original text, ascending.
        kept: The first word of the original text that is still there, and the one behind the last.
    """

    parts: tuple[str, ...]
    changed: tuple[int, ...]
    kept: tuple[int, int]

    @property
    def text(self) -> str:
        """The new text."""
        return "".join(self.parts)

    @property
    def words(self) -> tuple[str, ...]:
        """Its words."""
        return self.parts[1::2]


def split_words(text: str) -> Words:
    """Cut a text into words as BERT's tokenizer does before it looks at its vocabulary.

    A word is a run of anything but blanks and punctuation; a punctuation mark and an ideograph are words of their
    own. Unlike there, English clitics stay whole (`do` + `n't`, `it` + `'s`), as taggers expect them, and neither
    case nor accents are touched.

    Args:
        text: Any text.

    Returns:
        Its parts.

    Example:
        >>> split_words("I don't, really").words
        ('I', 'do', "n't", ',', 'really')
    """
    pattern = _pattern(has_clitics="'" in text or "’" in text)
    return Words(parts=tuple(pattern.split(text)))


def edit_words(source: Words, replacements: Mapping[int, str], *, kept: tuple[int, int] | None = None) -> Edit:
    """Replace words, and perhaps keep only a run of words.

    Args:
        source: The text.
        replacements: New words by position; one that is equal to the old word is no change. A blank keeps a new word
            apart from one that the old word touched: `do` + `n't` becomes `do not`, but `he` + `'ll` `she'll`.
        kept: First word to keep and the one behind the last; None keeps everything, outer blanks too.

    Returns:
        The new text.

    Example:
        >>> edit = edit_words(split_words("a fine film"), {1: "good"}, kept=(1, 3))
        >>> edit.text, edit.changed
        ('good film', (1,))
    """
    parts = list(source.parts)
    start, stop = kept or (0, len(source))
    changed = []
    for position in sorted(replacements) if len(replacements) > 1 else replacements:
        word = replacements[position]
        if start <= position < stop and parts[2 * position + 1] != word:
            parts[2 * position + 1] = word
            changed.append(position)
    for position in changed:
        for place in (2 * position, 2 * position + 2):
            if 0 < place < len(parts) - 1 and not parts[place] and _touch(parts[place - 1], parts[place + 1]):
                parts[place] = " "
    if kept is not None and (start, stop) != (0, len(source)):
        parts = ["", *parts[2 * start + 1 : 2 * stop], ""]
    return Edit(parts=tuple(parts), changed=tuple(changed), kept=(start, stop))


def _touch(left: str, right: str) -> bool:
    """Say whether two words would become one without a blank between them; `'s` and its like belong to a word."""
    return any(map(str.isalnum, left)) and any(map(str.isalnum, right)) and right[0] not in "'’"


@cache
def _pattern(*, has_clitics: bool) -> re.Pattern[str]:
    """Compile what a word is; the marks of punctuation are those of the Unicode table of this Python."""
    marks = "".join(chr(code) for code in range(_LAST_MARK) if _is_punctuation(code))
    run = rf"[^\s{_CJK}{re.escape(marks)}]+"
    if not has_clitics:
        return re.compile(rf"({run}|\S)")
    negation = r"[nN]['’][tT](?!\w)"
    clitic = r"['’](?:s|S|re|RE|ve|VE|ll|LL|d|D|m|M)(?!\w)"
    return re.compile(rf"({run}?(?={negation})|{negation}|{clitic}|{run}|\S)")


def _is_punctuation(code: int) -> bool:
    """Whether BERT's tokenizer takes a character for punctuation: all of Unicode's, and all marks of ASCII."""
    is_ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return is_ascii_mark or unicodedata.category(chr(code)).startswith("P")
