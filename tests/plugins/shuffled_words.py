"""A plug-in: a method of augmentation that draws the words of a text in another order."""

from collections.abc import Sequence
from typing import Literal

from numpy.random import Generator

from potstill.augmentation import Edit, Material, Method, MethodConfig, Row, Sampler, Variant, edit_words, split_words


class ShuffledWordsConfig(MethodConfig):
    """The words of a text in another order."""

    kind: Literal["shuffled_words"] = "shuffled_words"

    def default_copies(self, task: str) -> int:
        """Try once."""
        return 1

    def sources(self, teacher: str | None) -> dict[str, str]:
        """Need nothing else."""
        return {}

    def build(self, material: Material) -> "ShuffledWords":
        """Make the method."""
        return ShuffledWords()


class ShuffledWords(Method):
    """The method that `ShuffledWordsConfig` builds."""

    def __init__(self) -> None:
        """Need nothing."""
        self.sampler = Shuffler()

    def prepare(self, first: int, rows: Sequence[Row]) -> Sequence[Row]:
        """Hand the texts on."""
        return rows


class Shuffler(Sampler):
    """Draws the order of the words."""

    def draw(self, prepared: Row, random: Generator, attempts: int) -> list[Variant]:
        """Draw as many orders as there are tries."""
        return [tuple(shuffle(text, random) for text in prepared) for _ in range(attempts)]


def shuffle(text: str, random: Generator) -> Edit:
    """Put the words of a text into another order."""
    source = split_words(text)
    order = random.permutation(len(source.words))
    return edit_words(source, {place: source.words[other] for place, other in enumerate(order)})
