"""The only place where the rooms meet."""

from potstill.pipeline.api import default_folder, distill, finetune
from potstill.pipeline.apply import Prediction, evaluate, predict
from potstill.pipeline.run import Run, run_recipe

__all__ = ["Prediction", "Run", "default_folder", "distill", "evaluate", "finetune", "predict", "run_recipe"]
