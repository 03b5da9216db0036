"""What everybody changes, whatever the recipe: short names for fields that lie deep in it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from potstill.config import Config
from potstill.errors import RecipeError

_LENGTH = 512
"""What most encoders read, where a recipe leaves it to them."""


class Shorthands(Config):
    """Short names for fields of a recipe; `LAST` is the last stage of those that run."""

    seed: int | None = Field(default=None, ge=0, lt=2**32)
    """Another start, order of the examples and dropout. Sets 'seed'."""
    epochs: float | None = Field(default=None, gt=0.0)
    """Passes over the texts in the last stage. Sets 'stages.LAST.epochs', and drops its bounds in steps."""
    batch_size: int | None = Field(default=None, ge=1)
    """Examples of a batch. Sets 'batches.examples_per_batch' of every stage, and its 'tokens_per_batch' to so many of
    the longest length, or of 512 tokens where that is left to the models."""
    learning_rate: float | None = Field(default=None, gt=0.0)
    """Highest step size of the last stage. Sets 'stages.LAST.optimizer.learning_rate', so that no rates are tried."""
    max_length: int | None = Field(default=None, ge=8, le=8192)
    """Longest input in tokens; longer ones are cut. Sets 'data.max_length'; on plain text 'data.corpus.max_length'."""
    precision: Literal["auto", "fp32", "bf16"] | None = None
    """Arithmetic of matrix products. Sets 'precision'."""
    dev: str | None = None
    """Your data: a file or split to measure on. Sets 'data.dev'."""
    test: str | None = None
    """Your data: a labelled file or split that is measured on once, at the end. Sets 'data.test'."""

    def spell_out(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Say which fields of a recipe they stand for.

        Args:
            values: The recipe as plain values.

        Returns:
            Values by path; what was not given is left out.

        Raises:
            RecipeError: The recipe has no such field.
        """
        stages = _running(values)
        if not stages:
            return {}  # what is wrong with the recipe is told elsewhere
        is_text = all(stage.get("data") == "corpus" for stage in stages)
        data, last = "data.corpus" if is_text else "data", f"stages.{stages[-1]['name']}"
        fields: dict[str, Any] = {
            "seed": self.seed,
            f"{data}.max_length": self.max_length,
            "precision": self.precision,
            "data.dev": self.dev,
            "data.test": self.test,
            f"{last}.optimizer.learning_rate": self.learning_rate,
            f"{last}.epochs": self._passes(stages[-1]),
        }
        if self.batch_size is not None:
            own = values.get("data") or {}
            length = self.max_length or (own.get("corpus") or {} if is_text else own).get("max_length") or _LENGTH
            for stage in stages:
                fields[f"stages.{stage['name']}.batches.examples_per_batch"] = self.batch_size
                fields[f"stages.{stage['name']}.batches.tokens_per_batch"] = self.batch_size * length
        return {path: value for path, value in fields.items() if value is not None}

    def _passes(self, stage: Mapping[str, Any]) -> float | None:
        if self.epochs is not None and stage.get("epochs") is None:
            name = stage["name"]
            raise RecipeError(
                f"--epochs {self.epochs:g}: stage '{name}' counts steps and not passes; change them with --set "
                f"stages.{name}.steps=N."
            )
        return self.epochs


def _running(values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Give the stages that run on the task or, where none is named or none reads one, those on plain text."""
    data = values.get("data") or {}
    is_on_task = data.get("task") is not None or data.get("path") is not None
    stages = [stage for stage in values.get("stages") or () if isinstance(stage, dict) and "name" in stage]
    return [stage for stage in stages if (stage.get("data") == "corpus") is not is_on_task] or stages
