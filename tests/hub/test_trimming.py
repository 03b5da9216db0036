"""Models with fewer tokens: what they read stays as it was."""

import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, PreTrainedTokenizerFast, RobertaConfig

from potstill.errors import ModelError
from potstill.hub import Encoder, Tokenizer, build_encoder, load_classifier, trim_vocabulary

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BOOK = [
    "the still is made of copper and the copper is bright",
    "barley is malted, mashed and fermented before it is distilled twice",
    "a slow distillation keeps what is good and leaves what is not",
    "water, barley, yeast: nothing else goes into the still",
] * 5
PAGE = ["the copper still keeps barley bright", "malted and distilled"]
OTHER = ["the bright still", "unheard words: zymurgy"]


def make_raw(kind):
    names = {"WordPiece": models.WordPiece(unk_token="<unk>"), "BPE": models.BPE(unk_token="<unk>")}
    raw = RawTokenizer(names.get(kind) or models.Unigram())
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.Metaspace() if kind == "Unigram" else pre_tokenizers.BertPreTokenizer()
    shared = {"vocab_size": 160, "special_tokens": SPECIAL, "show_progress": False}
    if kind == "Unigram":
        raw.train_from_iterator(BOOK, trainers.UnigramTrainer(unk_token="<unk>", **shared))
    elif kind == "BPE":
        raw.train_from_iterator(BOOK, trainers.BpeTrainer(**shared))
    else:
        raw.train_from_iterator(BOOK, trainers.WordPieceTrainer(**shared))
    return raw


def make_model(kind, config_class=BertConfig):
    raw = make_raw(kind)
    raw.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, **names))
    torch.manual_seed(0)
    config = config_class(
        vocab_size=raw.get_vocab_size() + 3,  # more rows than tokens, as tables are often padded
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=80,
        pad_token_id=1,
        initializer_range=0.5,
    )
    return build_encoder(config, tokenizer, label_names=("a", "b", "c"))


def compute(encoder: Encoder, texts):
    block = encoder.tokenizer.encode(texts, None, max_length=64)
    rows = [block.ids[begin:end] for begin, end in zip(block.offsets, block.offsets[1:], strict=False)]
    with torch.inference_mode():
        return torch.cat([encoder.model(torch.tensor(row[None].astype(np.int64))).logits for row in rows])


@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram"])
@pytest.mark.parametrize("config_class", [BertConfig, RobertaConfig])
def test_the_corpus_is_read_as_before(kind, config_class, tmp_path):
    encoder = make_model(kind, config_class)
    before = encoder.model.get_input_embeddings().weight.clone()
    smaller = trim_vocabulary(encoder, PAGE)
    assert smaller.shape.vocab_size < encoder.shape.vocab_size
    assert smaller.model.get_input_embeddings().num_embeddings == smaller.shape.vocab_size
    torch.testing.assert_close(compute(smaller, PAGE), compute(encoder, PAGE), rtol=0, atol=1e-6)
    smaller.save(tmp_path)
    torch.testing.assert_close(compute(load_classifier(str(tmp_path)), PAGE), compute(encoder, PAGE), rtol=0, atol=1e-6)
    assert torch.equal(encoder.model.get_input_embeddings().weight, before)


@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram"])
def test_special_tokens_go_where_they_went(kind):
    encoder = make_model(kind)
    smaller = trim_vocabulary(encoder, PAGE)
    for texts, pairs in ((OTHER, None), (OTHER, OTHER)):
        theirs = encoder.tokenizer.encode(texts, pairs, max_length=64)
        ours = smaller.tokenizer.encode(texts, pairs, max_length=64)
        for block, tokenizer in ((theirs, encoder.tokenizer), (ours, smaller.tokenizer)):
            tokens = tokenizer.wrapped.convert_ids_to_tokens(block.ids[: block.offsets[1]].tolist())
            assert (tokens[0], tokens[-1]) == ("<s>", "</s>")
    assert smaller.tokenizer.padding_id == 1
    assert smaller.tokenizer.wrapped.mask_token_id == 4


@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram"])
def test_a_new_word_falls_apart_and_is_not_unknown(kind):
    smaller = trim_vocabulary(make_model(kind), PAGE)
    ids = smaller.tokenizer.encode(["made"], None, max_length=64).ids
    assert smaller.tokenizer.wrapped.unk_token_id not in ids.tolist()


def test_a_tokenizer_that_splits_into_bytes_is_trimmed_too():
    raw = RawTokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(BOOK, trainer)
    raw.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, **names))
    config = RobertaConfig(
        vocab_size=330, hidden_size=12, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    encoder = build_encoder(config, tokenizer, label_names=("a", "b"))
    smaller = trim_vocabulary(encoder, PAGE)
    assert 261 <= smaller.shape.vocab_size < 330
    torch.testing.assert_close(compute(smaller, PAGE), compute(encoder, PAGE), rtol=0, atol=1e-6)
    rules = json.loads(smaller.tokenizer.wrapped.backend_tokenizer.to_str())
    vocabulary = rules["model"]["vocab"]
    for merge in rules["model"]["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        assert {left, right, left + right} <= vocabulary.keys()


def test_positions_that_hang_on_the_padding_id_are_not_moved():
    raw = make_raw("WordPiece")
    tokens = raw.get_vocab()
    last = max(tokens, key=tokens.__getitem__)
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, pad_token=last, unk_token="<unk>"))
    config = RobertaConfig(
        vocab_size=len(tokens),
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        pad_token_id=tokens[last],
        max_position_embeddings=300,
    )
    encoder = build_encoder(config, tokenizer, label_names=("a", "b"))
    with pytest.raises(ModelError, match="padding id would change"):
        trim_vocabulary(encoder, PAGE)
