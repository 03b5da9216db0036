"""How good the answers of a teacher are that does not run here."""

from typing import Literal

from pydantic import Field

from potstill.config import Config
from potstill.results.figures import Interval
from potstill.results.table import Table, figure_columns, word_columns
from potstill.results.wording import write_brackets, write_hundred

_ABSENT = "-"


class AuditedLabel(Config):
    """What the answers with one label are worth."""

    name: str
    """The label."""
    num_answers: int = Field(ge=0)
    """Texts that are answered so."""
    num_suspects: int = Field(ge=0)
    """Those of them whose label is likely wrong."""
    precision: float | None = None
    """Of the texts with a gold label that are answered so: the share that is right; absent without gold labels."""
    recall: float | None = None
    """Of the texts with this gold label: the share that is answered so; absent without gold labels."""


class AuditedText(Config):
    """A text whose label is likely wrong."""

    row: int = Field(ge=1)
    """Its row in the table of answers."""
    text: str
    """The text."""
    pair: str | None = None
    """The second text of a pair."""
    answer: str
    """The label that it was given."""
    likely: str
    """The label that a model of the other texts gives it."""
    margin: float
    """How much likelier that one is, as a difference of probabilities."""
    gold: str | None = None
    """Its gold label, where there is one."""


class Audit(Config):
    """What is known of a table of answers."""

    schema_version: Literal[1] = 1
    """Version of this schema."""
    name: str
    """The table."""
    num_rows: int = Field(ge=1)
    """Its rows."""
    num_abstained: int = Field(ge=0)
    """Rows that tell no label."""
    num_texts: int = Field(ge=1)
    """Different texts with a label."""
    num_repeated: int = Field(ge=0)
    """Texts that were answered more than once."""
    self_agreement: float | None = None
    """Of the pairs of answers about one text: the share that is the same; absent where no text was repeated."""
    num_gold: int = Field(ge=0)
    """Texts with a gold label."""
    accuracy: float | None = None
    """Share of them whose answer is right."""
    interval: Interval | None = None
    """95 % interval of that share, Wilson's."""
    labels: tuple[AuditedLabel, ...]
    """Each label."""
    suspects: tuple[AuditedText, ...]
    """Texts whose label is likely wrong, the likeliest first."""

    def sentences(self) -> tuple[str, ...]:
        """Say what the figures mean, without full stops."""
        told = [f"{self.name} tells the label of {self.num_texts:,} texts; {self.num_abstained:,} rows tell none"]
        if self.accuracy is not None and self.interval is not None:
            told.append(
                f"{write_hundred(self.accuracy)} % {write_brackets(self.interval)} of the {self.num_gold:,} answers "
                "that have a gold label are right"
            )
        if self.self_agreement is not None:
            told.append(
                f"asked more than once about {self.num_repeated:,} texts, the teacher agrees with itself in "
                f"{write_hundred(self.self_agreement)} % of the pairs of answers, which bounds what a student can reach"
            )
        told.append(
            f"{len(self.suspects):,} answers are suspect: a model of the other texts' words gives them another label "
            "with confidence (confident learning, Northcutt et al. 2021, arXiv:1911.00068)"
        )
        return tuple(told)

    def table(self) -> Table:
        """Lay the labels out."""
        rows = [
            (
                each.name,
                f"{each.num_answers:,}",
                f"{each.num_suspects:,}",
                _ABSENT if each.precision is None else write_hundred(each.precision),
                _ABSENT if each.recall is None else write_hundred(each.recall),
            )
            for each in self.labels
        ]
        return Table(
            title=f"The answers in {self.name}",
            columns=(*word_columns("label"), *figure_columns("answers", "suspect", "right, %", "found, %")),
            rows=tuple(rows),
            notes=self.sentences(),
        )

    def suspect_table(self, *, most: int) -> Table:
        """Lay the first of the suspects out."""
        rows = [
            (
                f"{each.row:,}",
                each.text if each.pair is None else f"{each.text} | {each.pair}",
                each.answer,
                each.likely,
                each.gold or _ABSENT,
                f"{each.margin:.2f}",
            )
            for each in self.suspects[:most]
        ]
        return Table(
            title=f"The {len(rows)} answers that are likeliest wrong",
            columns=(
                *figure_columns("row"), *word_columns("text", "answer", "likely", "gold"), *figure_columns("margin"),
            ),
            rows=tuple(rows),
        )  # fmt: skip
