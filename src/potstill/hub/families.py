"""The families of encoders that Potstill knows: one row a model type.

Whatever differs between families is asked here and nowhere else. A type without a row loads, trains and answers as any
sequence classifier of transformers does; what its row would have to say is denied to it.
"""

from dataclasses import replace

from transformers import PretrainedConfig

from potstill.hub.family import Family, HeadNames, LayerNames, MaskedLmNames

_BERT_LAYER = LayerNames(
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attention_output="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    feed_forward_in="intermediate.dense",
    feed_forward_out="output.dense",
    feed_forward_norm="output.LayerNorm",
    meets_input="attention.output",
)
_DISTILBERT_LAYER = LayerNames(
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attention_output="attention.out_lin",
    attention_norm="sa_layer_norm",
    feed_forward_in="ffn.lin1",
    feed_forward_out="ffn.lin2",
    feed_forward_norm="output_layer_norm",
)
_ROBERTA_HEAD = HeadNames(dense="classifier.dense", last="classifier.out_proj")
_ROBERTA_LM = MaskedLmNames(dense="lm_head.dense", norm="lm_head.layer_norm")

_BERT = Family(
    model_type="bert",
    can_capture=True,
    takes_layout=True,
    stack="encoder.layer",
    layer=_BERT_LAYER,
    head=HeadNames(dense="bert.pooler.dense", last="classifier"),
    masked_lm=MaskedLmNames(
        dense="cls.predictions.transform.dense",
        norm="cls.predictions.transform.LayerNorm",
        activation_field="hidden_act",
    ),
)
_ROBERTA = replace(
    _BERT, model_type="roberta", first_position="behind padding", head=_ROBERTA_HEAD, masked_lm=_ROBERTA_LM
)

FAMILIES = (
    _BERT,
    _ROBERTA,
    replace(_ROBERTA, model_type="xlm-roberta"),
    replace(_ROBERTA, model_type="camembert"),
    replace(
        _BERT,
        model_type="electra",
        head=replace(_ROBERTA_HEAD, activation="gelu"),
        masked_lm=MaskedLmNames(dense="generator_predictions.dense", norm="generator_predictions.LayerNorm"),
    ),
    replace(
        _BERT,
        model_type="distilbert",
        stack="transformer.layer",
        layer=_DISTILBERT_LAYER,
        head=HeadNames(dense="pre_classifier", last="classifier", activation="relu"),
        masked_lm=MaskedLmNames(dense="vocab_transform", norm="vocab_layer_norm", activation_field="activation"),
        inner_size_field="hidden_dim",
        activation_field="activation",
    ),
    Family(
        model_type="albert",
        can_capture=True,
        takes_layout=True,
        head=HeadNames(last="classifier"),
        masked_lm=MaskedLmNames(dense="predictions.dense", norm="predictions.LayerNorm", activation_field="hidden_act"),
    ),
    Family(
        model_type="mpnet",
        first_position=2,
        mask="added",
        can_capture=False,
        head=HeadNames(last="classifier.out_proj"),
        masked_lm=_ROBERTA_LM,
    ),
    Family(
        model_type="modernbert",
        first_position=None,
        can_capture=True,
        head=HeadNames(last="classifier"),
        masked_lm=MaskedLmNames(dense="head.dense", norm="head.norm", activation_field="classifier_activation"),
        activation_field="hidden_activation",
    ),
    Family(
        model_type="deberta-v2",
        position_switch="position_biased_input",
        can_capture=False,
        head=HeadNames(last="classifier"),
    ),
    Family(
        model_type="potstill-bilstm",
        architecture="bilstm",
        first_position=None,
        can_capture=False,
        head=HeadNames(last="classifier"),
    ),
    # Of these only the positions are known.
    Family(model_type="deberta", position_switch="position_biased_input"),
    Family(model_type="data2vec-text", first_position="behind padding"),
    Family(model_type="esm", first_position="behind padding"),
    Family(model_type="ibert", first_position="behind padding"),
    Family(model_type="lilt", first_position="behind padding"),
    Family(model_type="longformer", first_position="behind padding"),
    Family(model_type="luke", first_position="behind padding"),
    Family(model_type="markuplm", first_position="behind padding"),
    Family(model_type="roberta-prelayernorm", first_position="behind padding"),
    Family(model_type="xlm-roberta-xl", first_position="behind padding"),
    Family(model_type="esmc", first_position=None),
    Family(model_type="eurobert", first_position=None),
    Family(model_type="gte", first_position=None),
    Family(model_type="jina_embeddings_v3", first_position=None),
    Family(model_type="nomic_bert", first_position=None),
    Family(model_type="ultrabert", first_position=None),
)
"""To add a family: one row."""

_ANY = Family(model_type="")
_ROWS = {family.model_type: family for family in FAMILIES}


def find_family(config: PretrainedConfig) -> Family:
    """Find the row of a model type; one without a row is like any other encoder."""
    return _ROWS.get(str(config.model_type), _ANY)


def find_first_position(config: PretrainedConfig) -> int | None:
    """Say which row of its table of positions a model's first token uses; None where there is no table."""
    family = find_family(config)
    if family.position_switch is not None and not getattr(config, family.position_switch):
        return None
    return int(config.pad_token_id or 0) + 1 if family.first_position == "behind padding" else family.first_position


def count_positions(config: PretrainedConfig) -> int | None:
    """Count the tokens of the longest text that a model reads; None where nothing limits it."""
    first, rows = find_first_position(config), getattr(config, "max_position_embeddings", None)
    return rows - first if first is not None and isinstance(rows, int) and rows > 0 else None


def list_types(*, can_cut: bool = False, takes_layout: bool = False, has_masked_lm: bool = False) -> str:
    """List the model types that can do something, for a message."""
    return ", ".join(
        sorted(
            family.model_type
            for family in FAMILIES
            if family.can_cut >= can_cut
            and family.takes_layout >= takes_layout
            and (family.masked_lm is not None) >= has_masked_lm
        )
    )
