"""Small data and built methods for tests of augmentation."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from potstill.augmentation import AugmentationConfig, Material, MethodConfig, RowMaker, WorkerPool
from potstill.augmentation.drawing import NewRow, row_texts
from potstill.hub import Encoder, Tokenizer
from potstill.progress import SilentCallback

REVIEWS = (
    "a gorgeous , witty , seductive movie .",
    "The plot doesn't work; the acting is worse!",
    "It's a charming and often affecting journey through Paris in 1999.",
    "unflinchingly bleak and desperate",
    "we root for clara and paul , even like them",
    "The film is good, but not as good as the book.",
)
PAIRS = (
    ("A man is playing a guitar.", "Someone plays the flute."),
    ("Two dogs run on the beach.", "Dogs are running."),
    ("She cut the onion.", "A woman slices a potato."),
)
ODD_TEXTS = (
    "",
    "   ",
    "word",
    "!",
    "🎉🎉 👍🏽 👩‍👩‍👧",
    "фильм был хорош , но долог",
    "这部电影很好看",
    "हिन्दी में एक वाक्य",
    "tabs\tand\nline ends\r\nstay",
    "a  b \u00a0 c",
    " ".join(f"word{number % 7} film" for number in range(300)),
    "x" * 20_000,
)
WORDS = (
    "good",
    "bad",
    "film",
    "plot",
    "movie",
    "book",
    "great",
    "witty",
    "bleak",
    "works",
    "man",
    "dogs",
    "run",
    "play",
)


def as_rows(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return [(text,) for text in texts]


def material(rows, workers: WorkerPool | None = None, **more) -> Material:
    return Material(rows=rows, workers=workers or WorkerPool(1), callback=SilentCallback(), **more)


def make_rows(
    rows, method: MethodConfig, *, copies: int = 5, first_part: int = 0, workers: int = 1, labeller=None, **fields
) -> list[NewRow]:
    """Run a method over rows, all parts one after another."""
    config = AugmentationConfig.parse({"method": method.model_dump(), "keep_originals": False, **fields})
    with WorkerPool(workers) as pool:
        maker = RowMaker(
            rows=rows,
            method=config.method.build(material(rows, pool)),
            config=config,
            attempts=np.full(len(rows), copies),
            labeller=labeller,
            workers=pool,
        )
        return [row for part in maker.parts(first_part) for row in part]


def texts_of(rows: Sequence[NewRow]) -> list[tuple[str, ...]]:
    return [row_texts(row.variant) for row in rows]


def make_masked_lm(*, seed: int = 0, num_positions: int = 64, num_layers: int = 2) -> Encoder:
    """A random masked language model that knows a few words, pieces of words and marks."""
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    others = ("a", "the", "is", "and", ",", ".", "un", "##flinching", "##ly", "##s", "gor", "##geous")
    names = [*special, *WORDS, *others]
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=16,
        num_hidden_layers=num_layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=num_positions,
        initializer_range=0.5,
    )
    tokenizer = Tokenizer(BertTokenizerFast(vocab={name: number for number, name in enumerate(names)}))
    return Encoder(BertForMaskedLM(config), tokenizer, label_names=()).eval()
