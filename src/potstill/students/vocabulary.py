"""Which tokens a BiLSTM reads: its teacher's, or words of its own."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from potstill.config import Config
from potstill.data import Split
from potstill.hub import Encoder, Tokenizer, build_word_tokenizer


class TeacherVocabulary(Config):
    """The tokenizer of the teacher, whose tokens are mostly pieces of words."""

    kind: Literal["teacher"] = "teacher"
    """Marks the teacher's vocabulary."""

    def build(self, source: Encoder, examples: Split, more_words: Sequence[str]) -> Tokenizer:
        """Take the source's tokenizer; see `WordVocabulary.build`."""
        return source.tokenizer


class WordVocabulary(Config):
    """The words of the training texts, split off as BERT does before it cuts them into pieces.

    Such a student reads other token ids than its teacher, so it can follow the teacher's logits and nothing else of it.
    """

    kind: Literal["words"] = "words"
    """Marks words of its own."""
    max_words: int | None = Field(default=None, ge=1, le=10**7)
    """Most words to keep, the most frequent ones; none = all."""
    min_count: int = Field(default=1, ge=1)
    """How often a word must occur."""
    lowercase: bool = True
    """Put text into lower case, without accents."""

    def build(self, source: Encoder, examples: Split, more_words: Sequence[str]) -> Tokenizer:
        """Build the tokenizer."""
        return build_word_tokenizer(
            (text for texts in (examples.texts, examples.pairs or ()) for text in texts),
            more_words=more_words,
            max_words=self.max_words,
            min_count=self.min_count,
            lowercase=self.lowercase,
        )


AnyVocabulary: TypeAlias = Annotated[TeacherVocabulary | WordVocabulary, Field(discriminator="kind")]
