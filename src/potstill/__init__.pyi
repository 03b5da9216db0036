from .answers import Prediction
from .console import ConsoleCallback
from .errors import PotstillError
from .pipeline import (
    AugmentedTexts,
    Export,
    GeneralRun,
    Run,
    augment,
    bench,
    compare,
    distill,
    evaluate,
    export,
    finetune,
    pretrain,
)
from .plugins import load_plugins
from .progress import ProgressCallback
from .recipe import Recipe, load_recipe
from .reporting import report
from .results import Results
from .serving import Classifier, load, predict
from .suites import suite, tables

__all__ = [
    "AugmentedTexts",
    "Classifier",
    "ConsoleCallback",
    "Export",
    "GeneralRun",
    "PotstillError",
    "Prediction",
    "ProgressCallback",
    "Recipe",
    "Results",
    "Run",
    "augment",
    "bench",
    "compare",
    "distill",
    "evaluate",
    "export",
    "finetune",
    "load",
    "load_plugins",
    "load_recipe",
    "predict",
    "pretrain",
    "report",
    "suite",
    "tables",
]

__version__: str
