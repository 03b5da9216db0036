"""The one door to transformers and tokenizers: load, save, capture."""

from potstill.hub.alignment import AlignedText, align_texts, spell_vocabulary
from potstill.hub.anatomy import EncoderParts, LayerParts, find_parts
from potstill.hub.building import build_bert, build_bilstm, build_distilbert
from potstill.hub.causal_lm import CausalLM, load_causal_lm
from potstill.hub.compiling import check_compiler, check_layers, compiled_layers
from potstill.hub.counting import ParameterCounts, count_parameters
from potstill.hub.description import ModelDescription, describe_encoder, describe_model, describe_shape
from potstill.hub.drafting import draft_classifier, draft_encoder
from potstill.hub.encoder import Encoder
from potstill.hub.exporting import exporting, input_names
from potstill.hub.given import keep_model, keep_models
from potstill.hub.heads import Head
from potstill.hub.labels import reorder_labels, set_config_words
from potstill.hub.loading import (
    build_encoder,
    fingerprint_model,
    load_classifier,
    load_encoder_base,
)
from potstill.hub.masked_lm import add_vocabulary_head, copy_vocabulary_head, find_masked_lm, load_masked_lm
from potstill.hub.masks import Layout, check_layout, read_masks, score_vocabulary
from potstill.hub.opening import open_model
from potstill.hub.pushing import plan_push, push
from potstill.hub.resolving import resolve_model
from potstill.hub.shapes import build_shape
from potstill.hub.spans import TokenSpans, find_spans
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.trimming import trim_vocabulary
from potstill.hub.word_level import build_word_tokenizer

__all__ = [
    "AlignedText",
    "CausalLM",
    "Encoder",
    "EncoderParts",
    "Head",
    "LayerParts",
    "Layout",
    "ModelDescription",
    "ParameterCounts",
    "TokenSpans",
    "Tokenizer",
    "add_vocabulary_head",
    "align_texts",
    "build_bert",
    "build_bilstm",
    "build_distilbert",
    "build_encoder",
    "build_shape",
    "build_word_tokenizer",
    "check_compiler",
    "check_layers",
    "check_layout",
    "compiled_layers",
    "copy_vocabulary_head",
    "count_parameters",
    "describe_encoder",
    "describe_model",
    "describe_shape",
    "draft_classifier",
    "draft_encoder",
    "exporting",
    "find_masked_lm",
    "find_parts",
    "find_spans",
    "fingerprint_model",
    "input_names",
    "keep_model",
    "keep_models",
    "load_causal_lm",
    "load_classifier",
    "load_encoder_base",
    "load_masked_lm",
    "open_model",
    "plan_push",
    "push",
    "read_masks",
    "reorder_labels",
    "resolve_model",
    "score_vocabulary",
    "set_config_words",
    "spell_vocabulary",
    "trim_vocabulary",
]
