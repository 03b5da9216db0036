"""The examples of a report: softened distributions, and where student and teacher are farthest apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer, Piece
from potstill.reporting.reading import RunRecord
from potstill.results import ChosenExamples, Example, Predictions

MAX_BARS = 8
"""Labels of one example that are drawn, those that the teacher finds likeliest."""

MAX_TEXT = 600
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One label of one example.

    Attributes:
        label: Its name.
        index: Its place among the logits.
        is_gold: Whether it is the gold label.
        probabilities: Of each shown model at temperature 1, in 0 .. 1.
    """

    label: str
    index: int
    is_gold: bool
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One example with its distributions.

    Attributes:
        place: Its place among the shown examples.
        texts: Its text, or both texts of a pair.
        gold: The gold label.
        bars: Its labels, the teacher's likeliest first.
        num_hidden: Labels that are not drawn.
    """

    place: int
    texts: tuple[str, ...]
    gold: str
    bars: tuple[Bar, ...]
    num_hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An example on which student and teacher are far apart.

    Attributes:
        texts: Its text, or both texts of a pair.
        gold: The gold label or score.
        teacher: What the teacher says, with its probability.
        student: What the student says.
        distance: How far apart they are.
        right: Who is right: `teacher`, `student`, `both`, `neither`; empty for scores.
        marked: Where words have labels: by `gold`, `teacher` and `student`, the pieces of the text with theirs.
    """

    texts: tuple[str, ...]
    gold: str
    teacher: str
    student: str
    distance: float
    right: str
    marked: tuple[tuple[str, tuple[Piece, ...]], ...] = ()


def soften(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Give the softened distribution: exp(z_i / T) / sum_j exp(z_j / T).

    Example:
        >>> [round(p, 4) for p in soften([2.0, 0.0, -1.0])]
        [0.8438, 0.1142, 0.042]
    """
    highest = max(logits)
    powers = [math.exp((value - highest) / temperature) for value in logits]
    return [power / sum(powers) for power in powers]


def make_cards(chosen: ChosenExamples, roles: Sequence[str]) -> tuple[Card, ...]:
    """Prepare the examples whose distributions are drawn."""
    cards = []
    for place, example in enumerate(chosen.spread):
        spread = [soften(example.logits[role]) for role in roles]
        order = sorted(range(len(chosen.label_names)), key=lambda index: -spread[0][index])
        bars = tuple(
            Bar(
                label=chosen.label_names[index],
                index=index,
                is_gold=chosen.label_names[index] == example.gold,
                probabilities=tuple(row[index] for row in spread),
            )
            for index in order[:MAX_BARS]
        )
        hidden = len(order) - len(bars)
        cards.append(Card(place=place, texts=_texts(example), gold=str(example.gold), bars=bars, num_hidden=hidden))
    return tuple(cards)


def make_disagreements(run: RunRecord, answer: Answer) -> tuple[Disagreement, ...]:
    """Prepare the table of the worst disagreements."""
    chosen = () if run.examples is None else run.examples.disagreements
    return tuple(_disagreement(example, answer, run.predictions) for example in chosen)


def _disagreement(example: Example, answer: Answer, kept: Predictions | None) -> Disagreement:
    assert example.distance is not None
    teacher, student = (answer.tell(example.logits[role], words=example.words) for role in ("teacher", "student"))
    is_right = teacher.chosen == example.gold, student.chosen == example.gold
    right = {(True, True): "both", (True, False): "teacher", (False, True): "student"}.get(is_right, "neither")
    gold = example.gold if isinstance(example.gold, str) else f"{example.gold:.2f}"
    return Disagreement(
        texts=_texts(example),
        gold=gold,
        teacher=teacher.written,
        student=student.written,
        distance=example.distance,
        right="" if teacher.chosen is None else right,
        marked=() if kept is None or kept.offsets is None else _mark(example, answer, kept, kept.offsets),
    )


def _mark(
    example: Example, answer: Answer, kept: Predictions, offsets: NDArray[np.int64]
) -> tuple[tuple[str, tuple[Piece, ...]], ...]:
    """Mark in a text what each model and the gold labels say of its words; of a long text in the part that is shown."""
    rows = slice(offsets[example.id], offsets[example.id + 1])
    said = {"gold": kept.gold[rows]} | {who: answer.decide(kept.logits[who][rows]) for who in ("teacher", "student")}
    marked = []
    for who, labels in said.items():
        pieces, left = [], MAX_TEXT
        for piece in answer.mark(example.text, example.words, labels):
            pieces.append(Piece(text=piece.text[:left], label=piece.label))
            left -= len(piece.text)
            if left < 0:
                pieces.append(Piece(text=" …", label=""))
                break
        marked.append((who, tuple(pieces)))
    return tuple(marked)


def _texts(example: Example) -> tuple[str, ...]:
    texts = (example.text,) if example.pair is None else (example.text, example.pair)
    return tuple(text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …" for text in texts)
