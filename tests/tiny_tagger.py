"""A made-up language of persons and places, with a tiny BERT that learns to find them in seconds."""

import random
from pathlib import Path
from string import ascii_lowercase

import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from potstill.hub import Tokenizer

NAMES = {"PER": (("ann", "bo", "ida"), ("lee", "kim")), "LOC": (("oslo", "roma"), ("north", "city"))}
"""Words that begin the name of an entity, and words that go on with it."""
PLAIN = ["the", "a", "saw", "left", "old", "and", "went", "to", "near", "home", ".", ","]
PIECES = ["##ly", "##s"]
_STEMS = [word for parts in NAMES.values() for part in parts for word in part]
LABELS = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")


_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_VOCABULARY = [*_SPECIAL, *_STEMS, *PLAIN, *PIECES]
_LETTERS = [*_SPECIAL, ".", ",", *(mark + letter for mark in ("", "##") for letter in ascii_lowercase)]


def make_tokenizer(vocabulary: list[str] = _VOCABULARY) -> Tokenizer:
    """Make a tokenizer of the words and pieces."""
    return Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}))


def save_base(folder: Path, *, spells: bool = False, **config: float) -> Path:
    """Save a tiny encoder without a head; names end in pieces that say nothing, or all words are spelt."""
    torch.manual_seed(0)
    vocabulary = _LETTERS if spells else _VOCABULARY
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    values = sizes | {"max_position_embeddings": 128} | config
    BertForMaskedLM(BertConfig(vocab_size=len(vocabulary), **values)).save_pretrained(folder)
    make_tokenizer(vocabulary).wrapped.save_pretrained(folder)
    return folder


def make_sentence(generator: random.Random) -> list[tuple[str, str]]:
    """Words with labels; a name has one word or two, some with a piece behind it that says nothing."""
    words = []
    for _ in range(generator.randint(2, 4)):
        words += [(word, "O") for word in generator.choices(PLAIN, k=generator.randint(1, 3))]
        kind = generator.choice([*NAMES])
        for letter, stems in list(zip("BI", NAMES[kind], strict=True))[: generator.randint(1, 2)]:
            words.append((generator.choice(stems) + generator.choice(["", "ly", "s"]), f"{letter}-{kind}"))
    return words


def write_columns(path: Path, *, count: int, seed: int = 0) -> Path:
    """Write sentences with a word a line."""
    generator = random.Random(seed)
    sentences = [make_sentence(generator) for _ in range(count)]
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in each) for each in sentences]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path
