from .answers import Prediction
from .errors import PotstillError
from .pipeline import AugmentedTexts, GeneralRun, Run, augment, distill, evaluate, finetune, pretrain
from .plugins import load_plugins
from .recipe import Recipe, load_recipe
from .serving import Classifier, load, predict

__all__ = [
    "AugmentedTexts",
    "Classifier",
    "GeneralRun",
    "PotstillError",
    "Prediction",
    "Recipe",
    "Run",
    "augment",
    "distill",
    "evaluate",
    "finetune",
    "load",
    "load_plugins",
    "load_recipe",
    "predict",
    "pretrain",
]

__version__: str
