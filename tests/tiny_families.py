"""Tiny random models of every family that has a row with more than its positions, and of those that have none."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoConfig, BertTokenizerFast, PreTrainedConfig

from potstill.architectures import BiLstmConfig
from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.tensors import Batch

NUM_LAYERS, NUM_HEADS, WIDTH, VOCABULARY, POSITIONS = 3, 4, 24, 40, 24
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": NUM_HEADS,
    "intermediate_size": 48,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "cls_token_id": 2,
    "sep_token_id": 3,
    "initializer_range": 0.5,
}
OWN: dict[str, dict[str, Any]] = {
    "electra": {"embedding_size": WIDTH},
    "albert": {"embedding_size": WIDTH},
    "distilbert": {"hidden_dim": 48},
    "modernbert": {"local_attention": 4},
    "lilt": {"channel_shrink_ratio": 2},
    "squeezebert": {"embedding_size": WIDTH},
    "deberta-v2": {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["c2p", "p2c"]},
}
FAMILIES = (
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "electra",
    "distilbert",
    "albert",
    "mpnet",
    "modernbert",
    "deberta-v2",
    "potstill-bilstm",
)
OTHERS = (
    *("big_bird", "canine", "convbert", "data2vec-text", "deberta", "ernie", "esm", "esmc", "eurobert", "flaubert"),
    *("fnet", "gpt2", "gte", "ibert", "jina_embeddings_v3", "layoutlm", "lilt", "llama", "longformer", "luke"),
    *("markuplm", "megatron-bert", "mobilebert", "mra", "nomic_bert", "nystromformer", "opt", "rembert"),
    *("roberta-prelayernorm", "roc_bert", "roformer", "squeezebert", "ultrabert", "xlm", "xlm-roberta-xl", "yoso"),
)


def make_config(model_type: str, **changes: Any) -> PreTrainedConfig:
    """Make a config of a model type with tiny sizes."""
    if model_type == "potstill-bilstm":
        return BiLstmConfig(vocab_size=VOCABULARY, embedding_size=6, lstm_size=5, head_size=7, **changes)
    return AutoConfig.for_model(model_type, **SIZES | OWN.get(model_type, {}) | changes)


def make_tokenizer() -> Tokenizer:
    """Make a tokenizer that knows one word."""
    return Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(WORDS)}))


def make_encoder(model_type: str, *, labels: Sequence[str] = ("no", "yes", "maybe"), **changes: Any) -> Encoder:
    """Build a random classifier."""
    torch.manual_seed(0)
    return build_encoder(make_config(model_type, **changes), make_tokenizer(), label_names=labels)


def make_batch(*lengths: int) -> Batch:
    """Make random texts between [CLS] and [SEP]."""
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(5, VOCABULARY, (len(lengths), max(lengths)), generator=draw)
    places = torch.arange(max(lengths))
    ends = torch.tensor(lengths)[:, None]
    ids = ids.masked_fill(places >= ends, 0).masked_fill(places == ends - 1, 3)
    ids[:, 0] = 2
    return Batch(
        input_ids=ids,
        token_mask=places < ends,
        token_type_ids=torch.zeros_like(ids),
        labels=None,
        example_ids=torch.arange(len(lengths)),
    )
