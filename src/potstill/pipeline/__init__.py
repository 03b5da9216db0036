"""The only place where the rooms meet."""

from potstill.pipeline.answer import answer_test_sets
from potstill.pipeline.api import default_folder, distill, finetune, pretrain
from potstill.pipeline.apply import Prediction, evaluate, predict
from potstill.pipeline.augment import AugmentedTexts, augment, preview_augmentation
from potstill.pipeline.estimate import format_seconds
from potstill.pipeline.general import GeneralRun
from potstill.pipeline.run import Run, run_recipe

__all__ = [
    "AugmentedTexts",
    "GeneralRun",
    "Prediction",
    "Run",
    "answer_test_sets",
    "augment",
    "default_folder",
    "distill",
    "evaluate",
    "finetune",
    "format_seconds",
    "predict",
    "pretrain",
    "preview_augmentation",
    "run_recipe",
]
