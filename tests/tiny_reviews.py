"""A tiny random BERT, and reviews of made-up words whose label can be learnt in a second."""

import random
from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

WORDS = ["good", "bad", "film", "plot", "the", "a", "is", "was", "very", "not", "grain", "barley", "still", "copper"]


def make_base(**config: float) -> BertForMaskedLM:
    """Draw the encoder; `config` changes its sizes."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    values = sizes | {"max_position_embeddings": 32} | config
    return BertForMaskedLM(BertConfig(vocab_size=5 + len(WORDS), **values))


def save_base(folder: Path, model: BertForMaskedLM | None = None) -> Path:
    """Save the encoder, which has no classification head, and a tokenizer of `WORDS`."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (model or make_base()).save_pretrained(folder)
    BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}).save_pretrained(folder)
    return folder


def write_reviews(folder: Path, *, count: int) -> Path:
    """Write reviews whose label is whether they say `good` or `bad`, and a score that says the same."""
    generator = random.Random(0)
    lines = ["review,stars,score"]
    for _ in range(count):
        words = generator.choices(WORDS[2:], k=generator.randint(3, 9))
        verdict = generator.choice(["good", "bad"])
        words.insert(generator.randrange(len(words)), verdict)
        lines.append(f"{' '.join(words)},{verdict},{generator.random() + (verdict == 'good'):.3f}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
