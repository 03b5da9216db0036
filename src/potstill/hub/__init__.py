"""The one door to transformers and tokenizers: load, save, capture."""

from potstill.hub.alignment import AlignedText, align_texts, spell_vocabulary
from potstill.hub.anatomy import EncoderParts, LayerParts, find_parts
from potstill.hub.building import build_bert, build_distilbert
from potstill.hub.counting import ParameterCounts, count_parameters
from potstill.hub.encoder import Encoder
from potstill.hub.labels import reorder_labels
from potstill.hub.loading import (
    build_encoder,
    fingerprint_model,
    load_classifier,
    load_encoder_base,
    load_tokenizer,
    resolve_model,
)
from potstill.hub.masked_lm import add_vocabulary_head, copy_vocabulary_head, find_masked_lm, load_masked_lm
from potstill.hub.tokenizing import TokenBlock, Tokenizer

__all__ = [
    "AlignedText",
    "Encoder",
    "EncoderParts",
    "LayerParts",
    "ParameterCounts",
    "TokenBlock",
    "Tokenizer",
    "add_vocabulary_head",
    "align_texts",
    "build_bert",
    "build_distilbert",
    "build_encoder",
    "copy_vocabulary_head",
    "count_parameters",
    "find_masked_lm",
    "find_parts",
    "fingerprint_model",
    "load_classifier",
    "load_encoder_base",
    "load_masked_lm",
    "load_tokenizer",
    "reorder_labels",
    "resolve_model",
    "spell_vocabulary",
]
