"""A tiny encoder, two small tasks of one's own, and a suite of two systems on them."""

import random
from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from potstill.suites import Suite

WORDS = ["good", "bad", "film", "plot", "the", "a", "is", "was", "very", "not", "grain", "barley"]


def save_base(folder: Path) -> Path:
    """Save a random BERT of 2 layers without a classification head."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}).save_pretrained(folder)
    return folder


def write_reviews(folder: Path) -> Path:
    """Write 120 reviews whose label is whether they say `good` or `bad`, and a score that says the same."""
    generator = random.Random(0)
    lines = ["review,stars,score"]
    for _ in range(120):
        words = generator.choices(WORDS[2:], k=generator.randint(3, 9))
        verdict = generator.choice(["good", "bad"])
        words.insert(generator.randrange(len(words)), verdict)
        lines.append(f"{' '.join(words)},{verdict},{generator.random() + (verdict == 'good'):.3f}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_suite(base: Path, data: Path, **fields: object) -> Suite:
    """Make a suite of 2 systems x 2 tasks x 2 seeds, whose teachers learn their tasks."""
    values: dict[str, object] = {
        "name": "tiny",
        "description": "two systems on two tasks",
        "systems": [
            {"name": "KD", "recipe": "kd", "set": ["stages.0.epochs=1"]},
            {"name": "Labels", "recipe": "fine-tune", "set": ["stages.0.epochs=1"]},
        ],
        "tasks": [
            {"name": "stars", "data": str(data), "set": ["data.text=review", "data.label=stars"]},
            {"name": "score", "data": str(data), "set": ["data.text=review", "data.label=score"]},
        ],
        "seeds": [0, 1],
        "set": ["precision=fp32", "stages.0.evaluations_per_epoch=1"],
        "teacher": {"base": str(base), "set": ["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3"]},
    }
    return Suite.parse(values | fields)


def make_small_suite(base: Path, data: Path, **fields: object) -> Suite:
    """Make a suite of 1 system x 1 task x 2 seeds: with the teacher, 3 runs."""
    tasks = [{"name": "stars", "data": str(data), "set": ["data.text=review", "data.label=stars"]}]
    systems = [{"name": "KD", "recipe": "kd", "set": ["stages.0.epochs=1"]}]
    return make_suite(base, data, **({"tasks": tasks, "systems": systems} | fields))
