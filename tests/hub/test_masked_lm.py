"""Masked language models: scores of the vocabulary as features and decoder, and heads that can be given and copied."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AlbertConfig,
    AutoModelForMaskedLM,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from potstill.errors import ModelError
from potstill.hub import (
    Encoder,
    Layout,
    Tokenizer,
    add_vocabulary_head,
    build_encoder,
    check_layout,
    copy_vocabulary_head,
    count_parameters,
    load_classifier,
    load_encoder_base,
    load_masked_lm,
    read_masks,
    score_vocabulary,
)
from potstill.tensors import Batch, Needs

VOCABULARY = 40
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "initializer_range": 0.5,
}
SMALL = {"vocab_size": VOCABULARY, "dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "initializer_range": 0.5}
MODERN = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3, "pad_token_id": 0}
FAMILIES: dict[str, PreTrainedConfig] = {
    "bert": BertConfig(**SIZES, hidden_act="relu"),
    "roberta": RobertaConfig(**SIZES, pad_token_id=0),
    "xlm-roberta": XLMRobertaConfig(**SIZES, pad_token_id=0),
    "camembert": CamembertConfig(**SIZES, pad_token_id=0),
    "mpnet": MPNetConfig(**SIZES),
    "electra": ElectraConfig(**SIZES, embedding_size=16),
    "distilbert": DistilBertConfig(**SMALL),
    "albert": AlbertConfig(**SIZES, embedding_size=16),
    "modernbert": ModernBertConfig(**SIZES, **MODERN),
    "modernbert-unbiased": ModernBertConfig(**SIZES, **MODERN, decoder_bias=False),
}
each_family = pytest.mark.parametrize("family", FAMILIES)
VOCABULARY_ALONE = Needs(vocabulary=True)


def make_tokenizer(*, has_mask: bool = True) -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
    wrapped = BertTokenizerFast(vocab={word: index for index, word in enumerate(words)})
    if not has_mask:
        wrapped.mask_token = None
    return Tokenizer(wrapped)


def make_masked_lm(config: PreTrainedConfig, *, seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    model = AutoModelForMaskedLM.from_config(config)
    with torch.no_grad():
        if (bias := model.get_output_embeddings().bias) is not None:
            bias.normal_()
    return Encoder(model, make_tokenizer(), label_names=()).eval()


def save(encoder: Encoder, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    encoder.save(folder)
    return str(folder)


@each_family
def test_features_and_decoder_make_the_logits_of_the_model(family: str, batch: Batch) -> None:
    encoder = make_masked_lm(FAMILIES[family])
    found = encoder(batch, VOCABULARY_ALONE).vocabulary
    logits = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    torch.testing.assert_close(found.features @ found.weight.T + found.bias, logits, rtol=1e-5, atol=1e-5)


@each_family
def test_scores_at_some_tokens_are_those_of_the_model(family: str, batch: Batch) -> None:
    encoder = make_masked_lm(FAMILIES[family])
    rows, columns = torch.tensor([1, 0, 0]), torch.tensor([2, 5, 0])
    logits = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits[rows, columns]
    scores = score_vocabulary(encoder, read_masks(encoder, batch, rows, columns))
    torch.testing.assert_close(scores, logits, rtol=1e-5, atol=1e-5)
    again = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits[rows, columns]
    assert torch.equal(again, logits)


@each_family
def test_tokens_can_be_arranged_or_the_model_is_refused(family: str, batch: Batch) -> None:
    encoder = make_masked_lm(FAMILIES[family])
    if family.startswith(("mpnet", "modernbert")):
        with pytest.raises(ModelError, match="cannot read masks beside the words"):
            check_layout(encoder)
        return
    check_layout(encoder)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    mixed = replace(batch, input_ids=batch.input_ids[:, order], token_mask=batch.token_mask[:, order])
    layout = Layout(positions=order.expand(2, 6), visible=mixed.token_mask[:, None].expand(2, 6, 6))
    rows, columns = torch.tensor([0, 1, 1]), torch.tensor([4, 0, 3])
    found = read_masks(encoder, mixed, rows, torch.argsort(order)[columns], layout=layout)
    torch.testing.assert_close(found, read_masks(encoder, batch, rows, columns), rtol=1e-5, atol=1e-5)


@each_family
def test_a_saved_masked_lm_loads_again_and_can_be_captured(family: str, batch: Batch, tmp_path: Path) -> None:
    encoder = make_masked_lm(FAMILIES[family])
    again = load_masked_lm(save(encoder, tmp_path))
    before, after = (
        encoder(batch, VOCABULARY_ALONE),
        again(batch, VOCABULARY_ALONE | Needs(hidden_states=frozenset({0, 2}))),
    )
    torch.testing.assert_close(after.vocabulary.features, before.vocabulary.features)
    torch.testing.assert_close(after.vocabulary.bias, before.vocabulary.bias)
    assert set(after.hidden_states) == {0, 2}
    assert again.can_capture == (family != "mpnet")


@each_family
def test_an_encoder_can_be_given_a_head(family: str, batch: Batch, tmp_path: Path) -> None:
    torch.manual_seed(2)
    encoder = build_encoder(FAMILIES[family], make_tokenizer(), label_names=("a", "b"))
    assert not encoder.has_vocabulary_head
    given = add_vocabulary_head(encoder)
    assert given.has_vocabulary_head
    needs = Needs(hidden_states=frozenset({1, 2}))
    for index, state in encoder(batch, needs).hidden_states.items():
        torch.testing.assert_close(given(batch, needs).hidden_states[index], state)
    found = given(batch, VOCABULARY_ALONE).vocabulary
    assert found.weight is given.model.get_input_embeddings().weight
    assert not found.bias.any()
    loaded = load_masked_lm(save(given, tmp_path))
    torch.testing.assert_close(loaded(batch, VOCABULARY_ALONE).vocabulary.features, found.features)
    body = load_encoder_base(str(tmp_path), label_names=("a", "b"))
    torch.testing.assert_close(body(batch, needs).hidden_states[2], encoder(batch, needs).hidden_states[2])


def test_a_head_is_copied_between_families_of_one_width(batch: Batch) -> None:
    source, encoder = make_masked_lm(FAMILIES["bert"]), make_masked_lm(FAMILIES["distilbert"], seed=1)
    before = encoder(batch, VOCABULARY_ALONE).vocabulary.features
    copy_vocabulary_head(encoder, source, with_transform=False)
    assert torch.equal(encoder.model.vocab_projector.bias, source.model.cls.predictions.decoder.bias)
    assert torch.equal(encoder(batch, VOCABULARY_ALONE).vocabulary.features, before)
    copy_vocabulary_head(encoder, source, with_transform=True)
    assert torch.equal(encoder.model.vocab_transform.weight, source.model.cls.predictions.transform.dense.weight)
    assert torch.equal(encoder.model.vocab_layer_norm.bias, source.model.cls.predictions.transform.LayerNorm.bias)
    assert encoder.model.vocab_projector.weight is encoder.model.get_input_embeddings().weight


def test_the_published_size_of_distilbert_is_that_with_its_tied_head() -> None:
    with torch.device("meta"):
        model = AutoModelForMaskedLM.from_config(DistilBertConfig())
        counts = count_parameters(Encoder(model, make_tokenizer(), label_names=()))
    assert counts.total == 66_985_530
    assert counts.embeddings + counts.encoder == 66_362_880
    assert (counts.head, counts.vocabulary_head) == (0, 622_650)


def test_the_published_size_of_tinybert_before_a_task_has_pooler_projection_and_next_sentence_head_more() -> None:
    config = BertConfig(hidden_size=312, num_hidden_layers=4, num_attention_heads=12, intermediate_size=1200)
    with torch.device("meta"):
        counts = count_parameters(Encoder(AutoModelForMaskedLM.from_config(config), make_tokenizer(), label_names=()))
    assert counts.vocabulary_head == 312 * 312 + 3 * 312 + 30_522
    pooler, projection, next_sentence = 97_656, 240_384, 2 * (312 + 1)
    assert counts.total + pooler + projection + next_sentence == 14_720_060


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("albert", "electra")])
def test_a_tied_head_has_no_decoder_of_its_own(family: str) -> None:
    counts = count_parameters(make_masked_lm(FAMILIES[family]))
    bias = 0 if family == "modernbert-unbiased" else VOCABULARY
    assert counts.vocabulary_head in (24 * 24 + 3 * 24 + bias, 24 * 24 + 24 + bias)  # ModernBERT has two biases less


def test_an_encoder_without_a_head_is_refused_and_told_how_to_get_one(tmp_path: Path) -> None:
    BertModel(FAMILIES["bert"]).save_pretrained(tmp_path)
    make_tokenizer().wrapped.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"no trained masked-LM head.*'potstill pretrain' makes one"):
        load_masked_lm(str(tmp_path))


def test_a_classifier_gives_no_vocabulary(batch: Batch) -> None:
    encoder = build_encoder(FAMILIES["bert"], make_tokenizer(), label_names=("a", "b"))
    with pytest.raises(ModelError, match=r"BertForSequenceClassification has no masked-LM head.*potstill pretrain"):
        encoder(batch, VOCABULARY_ALONE)


def test_a_masked_lm_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no trained classification head"):
        load_classifier(save(make_masked_lm(FAMILIES["bert"]), tmp_path))


def test_a_family_whose_head_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot take apart"):
        load_masked_lm(save(make_masked_lm(DebertaV2Config(**SIZES)), tmp_path))


def test_a_tokenizer_without_a_mask_is_refused() -> None:
    encoder = build_encoder(FAMILIES["bert"], make_tokenizer(has_mask=False), label_names=())
    with pytest.raises(ModelError, match=r"no \[MASK\] token"):
        add_vocabulary_head(encoder)


@pytest.mark.parametrize(
    ("changes", "with_transform", "sentence"),
    [({"vocab_size": 41}, False, "for 41 tokens"), ({"hidden_size": 32}, True, "of width 32")],
)
def test_a_head_of_another_size_is_not_copied(changes: dict[str, int], with_transform: bool, sentence: str) -> None:
    source = make_masked_lm(BertConfig(**SIZES | changes))
    with pytest.raises(ModelError, match=sentence):
        copy_vocabulary_head(make_masked_lm(FAMILIES["bert"]), source, with_transform=with_transform)
