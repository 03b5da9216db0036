"""A tiny random encoder, a small task that can be learnt, and a teacher fine-tuned on it by the pipeline itself."""

import random
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from potstill import distill, finetune

WORDS = ["good", "bad", "film", "plot", "the", "a", "is", "was", "very", "not", "grain", "barley", "still", "copper"]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of 3 layers without a classification head."""
    folder = tmp_path_factory.mktemp("base")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 240 reviews whose label is whether they say `good` or `bad`."""
    generator = random.Random(0)
    lines = ["review,stars,score"]
    for _ in range(240):
        words = generator.choices(WORDS[2:], k=generator.randint(3, 9))
        verdict = generator.choice(["good", "bad"])
        words.insert(generator.randrange(len(words)), verdict)
        lines.append(f"{' '.join(words)},{verdict},{generator.random() + (verdict == 'good'):.3f}")
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def teacher(base: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a teacher that knows the task."""
    out = tmp_path_factory.mktemp("teacher") / "run"
    run = finetune(
        str(base),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3", "precision=fp32"],
    )
    assert run.results.models[0].score > 0.9
    return out


@pytest.fixture(scope="session")
def student_run(base: Path, teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a student distilled from the teacher, with all controls."""
    out = tmp_path_factory.mktemp("student") / "run"
    distill(
        "kd",
        teacher=str(teacher),
        teacher_base=str(base),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=["stages.0.optimizer.learning_rate=3e-3", "precision=fp32"],
        baselines=["hard-labels", "base-start", "random-start"],
    )
    return out
