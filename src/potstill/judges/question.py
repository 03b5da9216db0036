"""What a judge is asked about texts: a file of labels with what each means."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from potstill.config import Config
from potstill.errors import RecipeError, tell_reason
from potstill.recipes import parse_values

_TEMPLATE = """{question}

{labels}

Answer with one of: {words}.

Text: {text}
{text_pair}Answer: """


class Question(Config):
    """A question about a text, and the labels that may answer it."""

    question: str = Field(min_length=1)
    """What is asked, such as `Is the reviewer content?`."""
    labels: dict[str, str] = Field(min_length=2)
    """For each label of the data what it means, such as `pos = "The reviewer would buy it again."`."""
    words: dict[str, str] = {}
    """For each label the word that the model writes for it, such as `pos = "yes"`; left out: its name. Words that begin
    differently are told apart best."""
    abstain: str | None = None
    """A word by which the model says that it cannot tell, such as `unclear`; left out: it is not told that it may."""
    system: str | None = None
    """What is said before the question, such as who the model is."""
    template: str = _TEMPLATE
    """How all of it is written down; `{text}` is the text, `{text_pair}` the second one, `{question}`, `{labels}` (a
    line each) and `{words}` what stands above."""

    @field_validator("labels")
    @classmethod
    def _has_names(cls, labels: dict[str, str]) -> dict[str, str]:
        if odd := [name for name in labels if not name.strip()]:
            raise ValueError(f"a label is called {odd[0]!r}; give it a name")
        return labels

    @field_validator("template")
    @classmethod
    def _holds_the_text(cls, template: str) -> str:
        if "{text}" not in template:
            raise ValueError("it has no {text}, where the text is to stand")
        return template

    @model_validator(mode="after")
    def _tells_its_words_apart(self) -> "Question":
        if unknown := [name for name in self.words if name not in self.labels]:
            raise ValueError(f"words: '{unknown[0]}' is no label; the labels are {', '.join(self.labels)}")
        folded = [word.casefold() for word in self.all_words]
        if twice := next((word for word in folded if not word.strip() or folded.count(word) > 1), None):
            raise ValueError(f"words: '{twice}' stands for two labels; give each a word of its own")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The labels."""
        return tuple(self.labels)

    @property
    def all_words(self) -> tuple[str, ...]:
        """What the model may write: a word for each label, and behind them that by which it abstains."""
        words = [self.words.get(name, name) for name in self.labels]
        return (*words, *([] if self.abstain is None else [self.abstain]))

    def ask(self, text: str, pair: str | None) -> str:
        """Write the question about a text; what stands in the text is never taken for a placeholder.

        Args:
            text: The text.
            pair: The second text, or None.

        Returns:
            The message.
        """
        labels = "\n".join(
            f"- {word}: {told}" for word, told in zip(self.all_words, self.labels.values(), strict=False)
        )
        second = "" if pair is None else f"Second text: {pair}\n"
        parts = {
            "{question}": self.question,
            "{labels}": labels,
            "{words}": ", ".join(self.all_words),
            "{text_pair}": second,
            "{text}": text,
        }
        return _fill(self.template, parts)


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Put each part in its place, from left to right."""
    filled, rest = "", template
    while places := {rest.index(name): name for name in parts if name in rest}:
        place = min(places)
        filled, rest = filled + rest[:place] + parts[places[place]], rest[place + len(places[place]) :]
    return filled + rest


def read_question(path: Path) -> Question:
    """Read a file of labels.

    Args:
        path: A TOML file.

    Returns:
        The question.

    Raises:
        RecipeError: The file cannot be read, or a field is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecipeError(
            f"--labels: '{path}' cannot be read ({tell_reason(error)}); give a TOML file with a question and a table "
            "of labels."
        ) from None
    return Question.parse(parse_values(content, what=f"'{path}'"), path=str(path))
