"""The masked-LM head of an encoder, taken apart."""

from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

from potstill.hub.families import find_family


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
    names = find_family(model.config).masked_lm
    if names is None or MODEL_FOR_MASKED_LM_MAPPING.get(type(model.config), None) is not type(model):
        return None
    parts = model.get_submodule(names.dense), model.get_submodule(names.norm), model.get_output_embeddings()
    assert isinstance(parts[0], nn.Linear)
    assert isinstance(parts[1], nn.LayerNorm)
    assert isinstance(parts[2], nn.Linear)
    chosen = "gelu" if names.activation_field is None else getattr(model.config, names.activation_field)
    return VocabularyHead(dense=parts[0], activation=ACT2FN[chosen], norm=parts[1], decoder=parts[2])
