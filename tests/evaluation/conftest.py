"""A tiny tokenizer, tiny encoders and a small labelled split, all made on the spot."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models, pre_tokenizers, processors
from transformers import BertConfig, PreTrainedTokenizerFast

from potstill.answers import LabelRows, OneClass
from potstill.answers.score import Score
from potstill.data import BatchConfig, Batches, Split, Task, tokenise
from potstill.hub import Encoder, Tokenizer, build_encoder

WORDS = ("a", "bad", "dull", "film", "fine", "good", "great", "is", "not", "plot", "the", "very")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny matrices lose more time to waiting threads than they win, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw = RawTokenizer(models.WordLevel({w: i for i, w in enumerate((*special, *WORDS))}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return Tokenizer(
        PreTrainedTokenizerFast(
            tokenizer_object=raw,
            pad_token="[PAD]",
            unk_token="[UNK]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            mask_token="[MASK]",
            model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        )
    )


@pytest.fixture
def make_encoder(tokenizer: Tokenizer) -> Callable[..., Encoder]:
    def make(
        *, num_layers: int = 2, hidden_size: int = 16, label_names: tuple[str, ...] = ("no", "yes"), seed: int = 0
    ):
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=5 + len(WORDS),
            hidden_size=hidden_size,
            num_hidden_layers=num_layers,
            num_attention_heads=2,
            intermediate_size=2 * hidden_size,
            max_position_embeddings=32,
            initializer_range=0.5,
        )
        return build_encoder(config, tokenizer, label_names=label_names)

    return make


@pytest.fixture(scope="session")
def sentiment() -> Task:
    return Task(
        name="sentiment",
        answer=OneClass(label_names=("no", "yes")),
        is_pair=False,
        metrics=("accuracy", "f1", "matthews"),
    )


@pytest.fixture(scope="session")
def similarity() -> Task:
    return Task(name="similarity", answer=Score(), is_pair=False, metrics=("spearman", "pearson"))


@pytest.fixture(scope="session")
def split() -> Split:
    """37 sentences of 1 to 12 words, labelled at random."""
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, size=generator.integers(1, 13))) for _ in range(37)]
    return Split(texts=texts, labels=LabelRows.one_each(generator.integers(2, size=37)))


@pytest.fixture(scope="session")
def scored_split(split: Split) -> Split:
    scores = np.random.default_rng(1).uniform(0, 5, size=37).astype(np.float32)
    return Split(texts=split.texts, labels=LabelRows.one_each(scores))


@pytest.fixture(scope="session")
def batches(split: Split, tokenizer: Tokenizer) -> Batches:
    config = BatchConfig(tokens_per_batch=64, examples_per_batch=8)
    return Batches(tokenise(split, tokenizer, max_length=16), config, seed=0)
