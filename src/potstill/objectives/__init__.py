"""One file per loss: its config, its pure function and its module."""

from typing import Annotated, TypeAlias, get_args

from pydantic import Field

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
from potstill.objectives.objective import Join, Objective, ObjectiveConfig
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
    "log_probs",
    "objective_kinds",
    "token_scores",
]

AnyObjectiveConfig: TypeAlias = Annotated[
    AttentionProbsConfig
    | AttentionScoresConfig
    | EmbeddingsConfig
    | HardLabelsConfig
    | HiddenCosineConfig
    | HiddenStatesConfig
    | LogitsMseConfig
    | MaskedLmConfig
    | PatienceConfig
    | RelationsConfig
    | SoftLabelsConfig
    | VocabularyMseConfig
    | VocabularySoftLabelsConfig,
    Field(discriminator="kind"),
]
"""Every objective that a recipe can name by its `kind`."""


def objective_kinds() -> dict[str, type[ObjectiveConfig]]:
    """List every objective that a recipe can name.

    Returns:
        The configs by their `kind`.
    """
    return {member.model_fields["kind"].default: member for member in get_args(get_args(AnyObjectiveConfig)[0])}
