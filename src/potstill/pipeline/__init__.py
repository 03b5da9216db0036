"""The only place where the rooms meet."""

from potstill.pipeline.api import distill, finetune
from potstill.pipeline.run import Run, run_recipe

__all__ = ["Run", "distill", "finetune", "run_recipe"]
