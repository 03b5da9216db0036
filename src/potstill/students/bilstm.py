"""A student that is a BiLSTM over words."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from potstill.architectures import BiLstmConfig
from potstill.data import Split
from potstill.errors import RecipeError
from potstill.hub import Encoder, build_bilstm
from potstill.students.student import StudentConfig
from potstill.students.vectors import AnyVectors, RandomVectors, TeacherVectors
from potstill.students.vocabulary import AnyVocabulary, WordVocabulary
from potstill.tensors import Batch


class BiLstmStudentConfig(StudentConfig):
    """One bidirectional LSTM over word vectors, and a small head over its last states.

    For pairs of texts it reads each text by itself and compares both vectors: [h1, h2, h1 * h2, |h1 - h2|]. It has no
    layers like its teacher's, so it follows logits only.

    Paper:
        Tang et al. 2019, section 3.1, arXiv:1903.12136.
    """

    depends_on_texts: ClassVar[bool] = True

    kind: Literal["bilstm"] = "bilstm"
    """Marks a BiLSTM."""
    lstm_size: int = Field(default=150, ge=1, le=8192)
    """Hidden state of each direction."""
    head_size: int = Field(default=200, ge=1, le=8192)
    """Inner width of the head: Linear, ReLU, dropout, Linear."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Dropout of the head."""
    channels: Literal["trained", "frozen", "both"] = "both"
    """Tables of word vectors that the LSTM reads side by side: one that is trained, one that stays as it starts, or one
    of each, which makes its input twice as wide."""
    vocabulary: AnyVocabulary = WordVocabulary()
    """What its tokens are."""
    vectors: AnyVectors = TeacherVectors()
    """Where the word vectors come from."""

    @model_validator(mode="after")
    def _has_words_to_add(self) -> "BiLstmStudentConfig":
        has_more = not isinstance(self.vectors, RandomVectors) and self.vectors.extra_words > 0
        if has_more and self.vocabulary.kind == "teacher":
            raise ValueError("vectors.extra_words without effect: it needs vocabulary.kind = 'words'")
        return self

    def build(
        self,
        source: Encoder,
        label_names: Sequence[str],
        *,
        calibration: Batch | None = None,
        examples: Split | None = None,
    ) -> Encoder:
        """Build the student and start it."""
        if examples is None:
            raise RecipeError(
                "student.kind: a 'bilstm' is built for the texts of a task and cannot learn from plain text before it; "
                "leave the stages on a corpus out."
            )
        tokenizer = self.vocabulary.build(source, examples, self.vectors.list_more_words(source))
        vectors = self.vectors.make_table(tokenizer, source)
        config = BiLstmConfig(
            vocab_size=vectors.shape[0],
            embedding_size=vectors.shape[1],
            channels=self.channels,
            lstm_size=self.lstm_size,
            head_size=self.head_size,
            dropout=self.dropout,
            is_pair=examples.pairs is not None,
        )
        return build_bilstm(config, tokenizer, vectors, label_names=label_names, head=source.head)

    def with_random_start(self) -> "BiLstmStudentConfig":
        """Make the control that starts from random word vectors of the same width."""
        return self.model_copy(update={"vectors": RandomVectors(size=self.vectors.size or RandomVectors().size)})

    def tell_start(self, source: str) -> str:
        """Say where its word vectors come from; see `StudentConfig.tell_start`."""
        vectors = {
            "random": "",
            "file": ", but for its word vectors from a file",
            "teacher": f", but for its word vectors from {source}",
        }
        return f"starts at random{vectors[self.vectors.kind]}"
