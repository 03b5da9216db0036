"""The masked-LM head of an encoder: where its parts are in each family."""

from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

_BERT = ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "hidden_act")
_ROBERTA = ("lm_head.dense", "lm_head.layer_norm", None)
_PARTS: dict[str, tuple[str, str, str | None]] = {
    "albert": ("predictions.dense", "predictions.LayerNorm", "hidden_act"),
    "bert": _BERT,
    "camembert": _ROBERTA,
    "distilbert": ("vocab_transform", "vocab_layer_norm", "activation"),
    "electra": ("generator_predictions.dense", "generator_predictions.LayerNorm", None),
    "modernbert": ("head.dense", "head.norm", "classifier_activation"),
    "mpnet": _ROBERTA,
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
}
"""By model type: its dense layer, its norm, and the field of the config that names its activation (None: gelu)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyHead:
    """The modules of a masked-LM head; writing to their weights writes to the model.

        logits = decoder(norm(activation(dense(h))))

    Attributes:
        dense: From the hidden states' width to the word embeddings'.
        activation: After it.
        norm: Normalises the features.
        decoder: From features to scores of the vocabulary; mostly tied to the word embeddings.
    """

    dense: nn.Linear
    activation: nn.Module
    norm: nn.LayerNorm
    decoder: nn.Linear

    @property
    def bias(self) -> Tensor:
        """The decoder's bias; zeros where it has none."""
        weight = self.decoder.weight
        return weight.new_zeros(len(weight)) if self.decoder.bias is None else self.decoder.bias

    def transform(self, states: Tensor) -> Tensor:
        """Make features of hidden states."""
        features: Tensor = self.norm(self.activation(self.dense(states)))
        return features


def find_vocabulary_head(model: PreTrainedModel) -> VocabularyHead | None:
    """Find the masked-LM head of a model."""
    kind = str(model.config.model_type)
    if kind not in _PARTS or MODEL_FOR_MASKED_LM_MAPPING.get(type(model.config), None) is not type(model):
        return None
    dense, norm, activation = _PARTS[kind]
    decoder = model.get_output_embeddings()
    parts = model.get_submodule(dense), model.get_submodule(norm), decoder
    assert isinstance(parts[0], nn.Linear)
    assert isinstance(parts[1], nn.LayerNorm)
    assert isinstance(parts[2], nn.Linear)
    chosen = "gelu" if activation is None else getattr(model.config, activation)
    return VocabularyHead(dense=parts[0], activation=ACT2FN[chosen], norm=parts[1], decoder=parts[2])
