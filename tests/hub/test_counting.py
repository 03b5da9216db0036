"""Parameter counts by part, as the published sizes are made of them."""

import pytest
import torch
from transformers import BertConfig, BertTokenizerFast, DistilBertConfig, ModernBertConfig, RobertaConfig

from potstill.hub import ParameterCounts, Tokenizer, build_encoder, count_parameters


def count(config, label_names: tuple[str, ...] = ("a", "b")) -> ParameterCounts:
    """Count an encoder that has shapes but no weights."""
    tokenizer = Tokenizer(BertTokenizerFast(vocab={"[PAD]": 0, "[UNK]": 1, "malt": 2}))
    with torch.device("meta"):
        return count_parameters(build_encoder(config, tokenizer, label_names=label_names))


@pytest.mark.parametrize(
    ("layers", "width", "inner", "embeddings", "encoder", "pooler"),
    [
        (12, 768, 3072, 23_837_184, 85_054_464, 590_592),
        (6, 768, 3072, 23_837_184, 42_527_232, 590_592),
        (4, 768, 3072, 23_837_184, 28_351_488, 590_592),
        (3, 768, 3072, 23_837_184, 21_263_616, 590_592),
        (4, 312, 1200, 9_683_856, 4_568_736, 97_656),
        (6, 312, 1200, 9_683_856, 6_853_104, 97_656),
        (4, 512, 2048, 15_891_456, 12_609_536, 262_656),
    ],
)
def test_counts_are_those_of_the_published_sizes(
    layers: int, width: int, inner: int, embeddings: int, encoder: int, pooler: int
) -> None:
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=8 if width == 512 else 12,
        intermediate_size=inner,
    )
    counts = count(config)
    assert counts == ParameterCounts(embeddings=embeddings, encoder=encoder, pooler=pooler, head=2 * (width + 1))
    assert counts.total == embeddings + encoder + pooler + 2 * (width + 1)


SPECIAL = dict.fromkeys([f"{name}_token_id" for name in ("bos", "cls", "eos", "pad", "sep")], 0)
ROBERTA = RobertaConfig(vocab_size=50_265, type_vocab_size=1, max_position_embeddings=514)


@pytest.mark.parametrize(("config", "embeddings"), [(DistilBertConfig(), 23_835_648), (ROBERTA, 39_000_576)])
def test_other_families_have_a_larger_head_and_no_pooler(config, embeddings: int) -> None:
    layers = config.num_hidden_layers * 7_087_872
    head = 590_592 + 2 * 769
    assert count(config) == ParameterCounts(embeddings=embeddings, encoder=layers, pooler=0, head=head)


def test_parts_of_an_unfamiliar_encoder_add_up() -> None:
    config = ModernBertConfig(vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, **SPECIAL)
    counts = count(config)
    assert counts.embeddings == 50 * 24 + 24
    assert counts.head > 2 * 24
    assert counts.encoder > 0
    assert counts.pooler == 0
