"""Models that transformers does not have, as real models of transformers: its Auto classes load them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from potstill.architectures.bilstm import BiLstmForSequenceClassification
    from potstill.architectures.bilstm_config import BiLstmConfig
    from potstill.architectures.bilstm_tagger import BiLstmForTokenClassification

__all__ = ["BiLstmConfig", "BiLstmForSequenceClassification", "BiLstmForTokenClassification"]

_HOMES = {
    "BiLstmConfig": "potstill.architectures.bilstm_config",
    "BiLstmForSequenceClassification": "potstill.architectures.bilstm",
    "BiLstmForTokenClassification": "potstill.architectures.bilstm_tagger",
}


def __getattr__(name: str) -> object:
    """Import a name on its first use, so that registering them does not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'potstill.architectures' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
