"""trust.json: on which of its answers a model can be believed, as measured on texts that chose nothing."""

from typing import ClassVar, Literal

from pydantic import Field

from potstill.config import Config
from potstill.results.record import Record
from potstill.results.wording import write_hundred


class TrustStep(Config):
    """What a model does with the texts of which it is at least so sure."""

    threshold: float = Field(ge=0.0, le=1.0)
    """Confidence from which on a text is answered."""
    num_answered: int = Field(ge=1)
    """Texts that are answered then."""
    num_agreed: int = Field(ge=0)
    """Those of them that are answered as the reference answers them."""
    bound: float = Field(ge=0.0, le=1.0)
    """Lower bound of the share that agrees among all such texts, as `Trust.error` and `num_choices` say."""


class Promise(Config):
    """What can be said of new texts like these: where the model answers, at least so many of its answers agree."""

    target: float = Field(gt=0.0, lt=1.0)
    """Share of the answers that agree at least."""
    threshold: float | None = None
    """Confidence from which on the model answers; absent where nothing can be promised."""
    coverage: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the measured texts that it answers."""
    agreement: float | None = None
    """Share of these answers that agreed."""
    num_needed: int | None = None
    """Where nothing can be promised: about how many texts it would take, if further ones were like these; absent where
    no number is enough, as the model agrees too seldom even where it is surest."""


class Trust(Record):
    """How far a model agrees with its reference, over how sure it is of its answers."""

    remedy: ClassVar[str] = "make it anew with 'potstill report RUN --remeasure'"

    schema_version: Literal[1] = 1
    """Version of this schema."""
    reference: Literal["teacher", "gold"]
    """What the answers are held against: the teacher's or, where the model had none, the gold labels."""
    split: str
    """The texts, none of which was learnt from."""
    num_texts: int = Field(ge=1)
    """How many."""
    num_choices: int = Field(default=1, ge=1)
    """Among how many weights these texts chose those of the model, and of its teacher; each of them is tested at
    `error / num_choices`. 1 where they chose nothing."""
    max_length: int | None = Field(default=None, ge=1)
    """Longest text in tokens, longer ones were cut; absent where nobody wrote it down."""
    error: float = Field(default=0.05, gt=0.0, lt=1.0)
    """How often a promise may be broken, over draws of the texts."""
    steps: tuple[TrustStep, ...]
    """The thresholds in the order in which they are tested, the surest answers first."""
    promise: Promise
    """What can be promised by default."""

    def tell(self) -> str:
        """Say in a sentence, without its full stop, when the model can be trusted."""
        promise, confidence = self.promise, f"{100 * (1 - self.error):g} % confidence"
        verb = "agrees with its teacher" if self.reference == "teacher" else "is right"
        wanted = f"{100 * promise.target:g} %"
        measured = f"measured on {self.num_texts:,} texts of {self.split}"
        measured += "" if self.num_choices == 1 else f", which chose among {self.num_choices:,} weights"
        if promise.threshold is not None and promise.agreement is not None:
            return (
                f"from a confidence of {promise.threshold:.4g} on it {verb} in at least {wanted}, with {confidence}; "
                f"so sure is it of {write_hundred(promise.coverage)} % of the texts ({measured}: "
                f"{write_hundred(promise.agreement)} % there)"
            )
        if promise.num_needed is None:
            cause = f"even where it is surest, it {verb} too seldom"
        else:
            cause = f"that would take about {promise.num_needed:,} such texts"
        what = f"no answers can be promised of which it {verb} in at least {wanted} with {confidence}"
        return f"{what}: {cause} ({measured})"
