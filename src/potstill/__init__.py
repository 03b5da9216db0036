"""Potstill distils BERT-family encoders into students that are small and fast enough to serve.

    import potstill

    run = potstill.distill("kd", task="trec", teacher_base="minilm")
    print(run.student)  # a folder that transformers loads

Names are imported when they are first used, so that `import potstill` does not wait for torch.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from potstill.architectures.registration import register_architectures

if TYPE_CHECKING:
    from potstill.answers import Prediction
    from potstill.errors import PotstillError
    from potstill.pipeline import GeneralRun, Run, distill, evaluate, finetune, pretrain
    from potstill.pipeline.augmenting import AugmentedTexts, augment
    from potstill.plugins import load_plugins
    from potstill.recipe import Recipe, load_recipe
    from potstill.serving import Classifier, load, predict

__all__ = [
    "AugmentedTexts",
    "Classifier",
    "GeneralRun",
    "PotstillError",
    "Prediction",
    "Recipe",
    "Run",
    "__version__",
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

__version__ = version("potstill")

register_architectures()

_HOMES = {
    "AugmentedTexts": "potstill.pipeline",
    "Classifier": "potstill.serving",
    "GeneralRun": "potstill.pipeline",
    "PotstillError": "potstill.errors",
    "Prediction": "potstill.answers",
    "Recipe": "potstill.recipe",
    "Run": "potstill.pipeline",
    "augment": "potstill.pipeline",
    "distill": "potstill.pipeline",
    "evaluate": "potstill.pipeline",
    "finetune": "potstill.pipeline",
    "load": "potstill.serving",
    "load_plugins": "potstill.plugins",
    "load_recipe": "potstill.recipe",
    "predict": "potstill.serving",
    "pretrain": "potstill.pipeline",
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'potstill' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
