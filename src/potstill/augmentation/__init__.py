"""Text to text: new examples out of those there are, one file per method."""

from potstill.augmentation.balancing import count_attempts
from potstill.augmentation.config import AugmentationConfig
from potstill.augmentation.drawing import ROWS_PER_PART, RowMaker
from potstill.augmentation.filtering import Labeller
from potstill.augmentation.method import Material, Method, MethodConfig, Row, Sampler, Variant
from potstill.augmentation.output import Labels, PartFiles, check_suffix, read_columns
from potstill.augmentation.tagged import TaggedText
from potstill.augmentation.tagging import TextblobTaggerConfig
from potstill.augmentation.tang import TangConfig
from potstill.augmentation.tinybert import TinyBertConfig
from potstill.augmentation.words import Edit, Words, edit_words, split_words
from potstill.augmentation.workers import WorkerPool

__all__ = [
    "AugmentationConfig",
    "Edit",
    "Labeller",
    "Labels",
    "Material",
    "Method",
    "MethodConfig",
    "PartFiles",
    "ROWS_PER_PART",
    "Row",
    "RowMaker",
    "Sampler",
    "TaggedText",
    "TangConfig",
    "TextblobTaggerConfig",
    "TinyBertConfig",
    "Variant",
    "Words",
    "WorkerPool",
    "check_suffix",
    "count_attempts",
    "edit_words",
    "read_columns",
    "split_words",
]
