"""Tiny encoders that learn a made-up language of film reviews in a second."""

import csv
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models, pre_tokenizers, processors
from transformers import BertConfig, PreTrainedTokenizerFast

from potstill.answers import LabelRows
from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.hub import Encoder, Tokenizer, build_encoder
from potstill.tensors import Needs

WORDS = ("a", "and", "bad", "dull", "film", "fine", "good", "great", "is", "not", "plot", "the", "very", "with")
MARKS = {"negative": ("bad", "dull"), "positive": ("good", "great")}


def make_tokenizer() -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw = RawTokenizer(models.WordLevel({w: i for i, w in enumerate((*special, *WORDS))}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return Tokenizer(
        PreTrainedTokenizerFast(tokenizer_object=raw, mask_token="[MASK]", model_input_names=inputs, **names)
    )


def make_encoder(label_names: tuple[str, ...], *, seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    return build_encoder(config, make_tokenizer(), label_names=label_names)


def make_reviews(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Texts of 3 to 9 words of which exactly one gives the label away."""
    random = np.random.default_rng(seed)
    plain = [word for word in WORDS if word not in sum(MARKS.values(), ())]
    rows = []
    for _ in range(count):
        label = str(random.choice(list(MARKS)))
        words = [*random.choice(plain, size=random.integers(2, 9)), random.choice(MARKS[label])]
        rows.append((" ".join(random.permutation(words)), label))
    return rows


def write_csv(path: Path, rows, header=("text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def train(encoder: Encoder, texts: list[str], labels: list[int]) -> Encoder:
    """Learn the examples, which takes a tiny encoder a second."""
    split = Split(texts=texts, labels=LabelRows.one_each(np.array(labels, dtype=np.int64)))
    batches = Batches(tokenise(split, encoder.tokenizer, max_length=32), BatchConfig(), seed=0)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=5e-3)
    encoder.train()
    for epoch in range(8):
        for example_ids in batches.plan(epoch):
            batch = batches.collate(example_ids)
            loss = torch.nn.functional.cross_entropy(encoder(batch, Needs(logits=True)).logits, batch.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return encoder.eval()


def save(encoder: Encoder, folder: Path) -> Path:
    folder.mkdir(parents=True)
    encoder.save(folder)
    return folder
