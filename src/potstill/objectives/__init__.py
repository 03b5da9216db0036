"""One file per loss: its config, its pure function and its module."""

from typing import Annotated, TypeAlias

from potstill.kinds import AnyKind, find_kinds
from potstill.objectives.attention import log_probs, token_scores
from potstill.objectives.attention_probs import AttentionProbsConfig
from potstill.objectives.attention_scores import AttentionScoresConfig
from potstill.objectives.embeddings import EmbeddingsConfig
from potstill.objectives.hard_labels import HardLabelsConfig
from potstill.objectives.hidden_cosine import HiddenCosineConfig
from potstill.objectives.hidden_states import HiddenStatesConfig
from potstill.objectives.logits_mse import LogitsMseConfig
from potstill.objectives.masked_lm import MaskedLmConfig
from potstill.objectives.masked_means import count_units
from potstill.objectives.objective import Join, Objective, ObjectiveConfig, find_readable
from potstill.objectives.patience import PatienceConfig
from potstill.objectives.relations import RelationsConfig
from potstill.objectives.soft_labels import SoftLabelsConfig
from potstill.objectives.vocabulary_mse import VocabularyMseConfig
from potstill.objectives.vocabulary_soft_labels import VocabularySoftLabelsConfig

__all__ = [
    "AnyObjectiveConfig",
    "AttentionProbsConfig",
    "AttentionScoresConfig",
    "EmbeddingsConfig",
    "HardLabelsConfig",
    "HiddenCosineConfig",
    "HiddenStatesConfig",
    "Join",
    "LogitsMseConfig",
    "MaskedLmConfig",
    "Objective",
    "ObjectiveConfig",
    "PatienceConfig",
    "RelationsConfig",
    "SoftLabelsConfig",
    "VocabularyMseConfig",
    "VocabularySoftLabelsConfig",
    "count_units",
    "find_readable",
    "log_probs",
    "objective_kinds",
    "token_scores",
]

AnyObjectiveConfig: TypeAlias = Annotated[ObjectiveConfig, AnyKind()]
"""Every objective that a recipe can name by its `kind`: those of this room, and those of plug-ins."""


def objective_kinds() -> dict[str, type[ObjectiveConfig]]:
    """List every objective that a recipe can name.

    Returns:
        The configs by their `kind`.
    """
    return find_kinds(ObjectiveConfig)  # type: ignore[type-abstract]
