"""Masked language models: load one, or give an encoder a masked-LM head."""

import copy

import torch
from transformers import AutoModelForMaskedLM
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.hub.families import list_types
from potstill.hub.opening import open_model
from potstill.hub.quiet import quiet
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.vocabulary import find_vocabulary_head
from potstill.hub.weights import choose_attention, load_weights


def load_masked_lm(name: str) -> Encoder:
    """Load a masked language model.

    Args:
        name: As for `resolve_model`.

    Returns:
        The encoder in eval mode on the CPU, float32; it gives `EncoderOutputs.vocabulary`.

    Raises:
        ModelError: There is no such model, it has no safetensors weights, no trained masked-LM head, or no tokenizer
            with a `[MASK]`.
    """
    encoder, missing = _load(name)
    if missing:
        raise ModelError(
            f"model '{name}' has no trained masked-LM head (missing: {', '.join(sorted(missing)[:3])}); "
            "'potstill pretrain' makes one on a corpus, or give a model that has it."
        )
    _check_family(encoder)
    _check_mask(encoder.tokenizer, name)
    return encoder


def find_masked_lm(name: str) -> Encoder | None:
    """Load a model as a masked language model where it is one.

    Args:
        name: As for `resolve_model`.

    Returns:
        As `load_masked_lm`; None where the model has no trained masked-LM head, or one that cannot be taken apart.

    Raises:
        ModelError: There is no such model, it has no safetensors weights, or no tokenizer.
    """
    encoder, missing = _load(name)
    return None if missing or not encoder.has_vocabulary_head else encoder


def _load(name: str) -> tuple[Encoder, frozenset[str]]:
    """Load a model with a masked-LM head, and say which of its weights are random."""
    saved = open_model(name)
    if MODEL_FOR_MASKED_LM_MAPPING.get(type(saved.config), None) is None:
        raise ModelError(
            f"model '{name}' is of type '{saved.config.model_type}', which has no masked-LM head; give a masked "
            "language model of the BERT family."
        )
    loaded = load_weights(AutoModelForMaskedLM, saved, ())
    return loaded.encoder, loaded.missing.union(loaded.misfits)


def add_vocabulary_head(encoder: Encoder) -> Encoder:
    """Give an encoder a fresh masked-LM head in the place of its own head.

    Args:
        encoder: Any encoder of a family that has masked language models; unchanged.

    Returns:
        A masked language model with a copy of the encoder's body, in eval mode on the CPU. The head's dense layer
        comes from torch's global generator, its decoder is the word embeddings, its bias 0. Where the family's masked
        language models have no pooler, the pooler is left out.

    Raises:
        ModelError: The family has no masked language models, or the tokenizer no `[MASK]`.
    """
    config = copy.deepcopy(encoder.model.config)
    _check_mask(encoder.tokenizer, str(config.name_or_path or config.model_type))
    if MODEL_FOR_MASKED_LM_MAPPING.get(type(config), None) is None:
        raise ModelError(f"an encoder of type '{config.model_type}' cannot be given a masked-LM head.")
    config.tie_word_embeddings = True
    with quiet():
        model = AutoModelForMaskedLM.from_config(
            config, attn_implementation=choose_attention(AutoModelForMaskedLM, config)
        )
    body = model.base_model
    weights = encoder.model.base_model.state_dict()
    body.load_state_dict({name: weights[name] for name in body.state_dict()})
    trained = {name: parameter.requires_grad for name, parameter in encoder.model.base_model.named_parameters()}
    for name, parameter in body.named_parameters():
        parameter.requires_grad_(trained[name])
    masked_lm = Encoder(model, encoder.tokenizer, label_names=()).eval()
    _check_family(masked_lm)
    return masked_lm


@torch.no_grad()
def copy_vocabulary_head(encoder: Encoder, source: Encoder, *, with_transform: bool) -> None:
    """Copy a masked-LM head, as far as it fits; the decoder's weight stays tied to the encoder's own embeddings.

    Args:
        encoder: A masked language model; changed in place.
        source: A masked language model with the same vocabulary.
        with_transform: Whether dense layer and norm are copied beside the decoder's bias; their widths must agree.

    Raises:
        ModelError: One of them has no masked-LM head, or vocabularies or widths differ.
    """
    for each in (encoder, source):
        each.check_vocabulary()
    ours, theirs = find_vocabulary_head(encoder.model), find_vocabulary_head(source.model)
    assert ours is not None
    assert theirs is not None
    if ours.bias.shape != theirs.bias.shape:
        raise ModelError(
            f"a masked-LM head for {len(theirs.bias)} tokens cannot be copied to a model with {len(ours.bias)}; both "
            "must have the same vocabulary."
        )
    if ours.decoder.bias is not None:
        ours.decoder.bias.copy_(theirs.bias)
    if not with_transform:
        return
    if ours.dense.weight.shape != theirs.dense.weight.shape:
        raise ModelError(
            f"a masked-LM head of width {theirs.dense.in_features} cannot be copied to a model of width "
            f"{ours.dense.in_features}; copy its bias alone."
        )
    ours.dense.load_state_dict(theirs.dense.state_dict())
    ours.norm.load_state_dict(theirs.norm.state_dict())


def _check_family(encoder: Encoder) -> None:
    if not encoder.has_vocabulary_head:
        raise ModelError(
            f"the masked-LM head of {type(encoder.model).__name__} is of a kind that Potstill cannot take apart; use a "
            f"model of one of the types {list_types(has_masked_lm=True)}."
        )


def _check_mask(tokenizer: Tokenizer, name: str) -> None:
    if tokenizer.mask_id is None:
        raise ModelError(f"the tokenizer of model '{name}' has no [MASK] token; masked language modelling needs one.")
