"""A tiny tokenizer, and tiny sources whose weights are far from uniform, as if they had been trained."""

import torch
from transformers import (
    BertConfig,
    BertTokenizerFast,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    PreTrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.tensors import Batch

LABELS = ("a", "b", "c")
WORDS = tuple(f"grain{number}" for number in range(95))
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
    "pad_token_id": 0,
}
FAMILIES: dict[str, PreTrainedConfig] = {
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES, type_vocab_size=1),
    "xlm-roberta": XLMRobertaConfig(**SIZES, type_vocab_size=1),
    "camembert": CamembertConfig(**SIZES, type_vocab_size=1),
    "electra": ElectraConfig(**SIZES, embedding_size=24),
    "distilbert": DistilBertConfig(
        vocab_size=len(VOCABULARY), dim=24, n_layers=3, n_heads=4, hidden_dim=48, max_position_embeddings=40
    ),
}


def make_tokenizer(words: tuple[str, ...] = VOCABULARY) -> Tokenizer:
    return Tokenizer(BertTokenizerFast(vocab={word: number for number, word in enumerate(words)}))


def make_teacher(config: PreTrainedConfig, label_names: tuple[str, ...] = LABELS, *, seed: int = 0) -> Encoder:
    """Give an encoder with large weights, and with shifts and scales that differ from coordinate to coordinate."""
    torch.manual_seed(seed)
    encoder = build_encoder(config, make_tokenizer(), label_names=label_names)
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name.endswith("LayerNorm.weight") or name.endswith("layer_norm.weight"):
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.normal_(0, 0.2)
    return encoder


def make_batch(*, num_texts: int = 8, num_tokens: int = 12, seed: int = 1) -> Batch:
    """Give random texts of different lengths, padded on the right."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, num_tokens + 1, (num_texts,), generator=generator)
    lengths[0] = num_tokens
    mask = torch.arange(num_tokens) < lengths[:, None]
    ids = torch.randint(5, len(VOCABULARY), (num_texts, num_tokens), generator=generator)
    return Batch(
        input_ids=ids.masked_fill(~mask, 0),
        token_mask=mask,
        token_type_ids=None,
        labels=None,
        example_ids=torch.arange(num_texts),
    )
