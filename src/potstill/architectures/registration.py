"""Teach transformers' Auto classes our models, whichever of the two packages is imported first.

`import potstill` must not wait for torch, and the Auto classes must know our models as soon as both packages are
imported. transformers has no entry point through which a package could name its models. So a finder waits for the two
modules that hold the Auto classes and registers once they are there.
"""

import sys
from collections.abc import Callable, Iterable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def register_architectures() -> None:
    """Register now what can be registered, and the rest when transformers is imported."""
    waiting = {}
    for name, register in _REGISTER.items():
        if name in sys.modules:
            register()
        else:
            waiting[name] = register
    if waiting:
        sys.meta_path.insert(0, _AfterImport(waiting))


class _AfterImport(MetaPathFinder):
    """Finds nothing itself, but has something done after the import of some modules."""

    def __init__(self, waiting: dict[str, Callable[[], None]]) -> None:
        self.waiting = waiting

    def find_spec(
        self, fullname: str, path: Iterable[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one of the awaited modules by the other finders, and add to its loading."""
        action = self.waiting.pop(fullname, None)
        if not self.waiting and self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = find_spec(fullname) if action is not None else None
        if spec is None or spec.loader is None or action is None:
            return None
        load = spec.loader.exec_module

        def load_and_act(module: ModuleType) -> None:
            load(module)
            action()

        spec.loader.exec_module = load_and_act  # type: ignore[method-assign] # of this one loader
        return spec


def _register_config() -> None:
    from transformers.models.auto.configuration_auto import AutoConfig

    from potstill.architectures.bilstm_config import BiLstmConfig

    AutoConfig.register(BiLstmConfig.model_type, BiLstmConfig, exist_ok=True)


def _register_model() -> None:
    from transformers.models.auto.modeling_auto import (
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
    )

    from potstill.architectures.bilstm import BiLstmForSequenceClassification
    from potstill.architectures.bilstm_config import BiLstmConfig
    from potstill.architectures.bilstm_tagger import BiLstmForTokenClassification

    AutoModelForSequenceClassification.register(BiLstmConfig, BiLstmForSequenceClassification, exist_ok=True)
    AutoModelForTokenClassification.register(BiLstmConfig, BiLstmForTokenClassification, exist_ok=True)


_REGISTER = {
    "transformers.models.auto.configuration_auto": _register_config,
    "transformers.models.auto.modeling_auto": _register_model,
}
