"""The only place where the rooms meet."""

from potstill.pipeline.answer import answer_test_sets
from potstill.pipeline.api import default_folder, distill, finetune, pretrain
from potstill.pipeline.apply import evaluate
from potstill.pipeline.augmenting import AugmentedTexts, augment, preview_augmentation
from potstill.pipeline.bench import bench
from potstill.pipeline.blueprint import Blueprint, draw_blueprint
from potstill.pipeline.compare import compare
from potstill.pipeline.examples import DataOptions
from potstill.pipeline.remeasure import remeasure
from potstill.pipeline.run import GeneralRun, Run, run_general, run_recipe
from potstill.pipeline.ship import Export, export

__all__ = [
    "AugmentedTexts",
    "Blueprint",
    "DataOptions",
    "Export",
    "GeneralRun",
    "Run",
    "answer_test_sets",
    "augment",
    "bench",
    "compare",
    "default_folder",
    "distill",
    "draw_blueprint",
    "evaluate",
    "export",
    "finetune",
    "pretrain",
    "preview_augmentation",
    "remeasure",
    "run_general",
    "run_recipe",
]
