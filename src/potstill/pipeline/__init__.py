"""The only place where the rooms meet."""

from potstill.pipeline.api import PlannedRun, distill, finetune, name_fields, plan_run, pretrain
from potstill.pipeline.auditing import audit
from potstill.pipeline.augmenting import AugmentedTexts, augment, preview_augmentation
from potstill.pipeline.benching import bench
from potstill.pipeline.dry_run import DryRun, PlannedModel, PlannedStage
from potstill.pipeline.evaluating import DataOptions, answer_test_sets, evaluate
from potstill.pipeline.examining import examine
from potstill.pipeline.general_run import GeneralRun, run_general
from potstill.pipeline.measure import remeasure
from potstill.pipeline.run import Run, run_recipe
from potstill.pipeline.serve import Export, compare, export
from potstill.pipeline.student import Blueprint, draw_blueprint

__all__ = [
    "AugmentedTexts",
    "Blueprint",
    "DataOptions",
    "DryRun",
    "Export",
    "GeneralRun",
    "PlannedModel",
    "PlannedRun",
    "PlannedStage",
    "Run",
    "answer_test_sets",
    "audit",
    "augment",
    "bench",
    "compare",
    "distill",
    "draw_blueprint",
    "evaluate",
    "examine",
    "export",
    "finetune",
    "name_fields",
    "plan_run",
    "pretrain",
    "preview_augmentation",
    "remeasure",
    "run_general",
    "run_recipe",
]
