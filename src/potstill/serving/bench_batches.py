"""Batches to time: real texts, or random tokens of given lengths where a model has no tokenizer that knows words."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.hub import ModelDescription
from potstill.published import load_published
from potstill.serving.bench_report import PublishedShape
from potstill.tensors import Batch, TokenBlock


@cache
def read_bench_data() -> dict[str, Any]:
    """Read the published shapes and the lengths that come with Potstill."""
    return tomllib.loads(files("potstill.serving").joinpath("bench_data.toml").read_text(encoding="utf-8"))


def published_rows() -> dict[str, PublishedShape]:
    """Give the published figures by shape."""
    rows = {}
    for place in read_bench_data()["published"]:
        table = load_published(place["table"])
        row = table.find_row(place["system"], name=place["table"])
        figures = dict(zip((column.quantity for column in table.columns), row.values, strict=True))
        rows[place["shape"]] = PublishedShape.parse(
            {
                "name": row.system,
                "parameters": f"{figures['million_weights']}M",
                "seconds": figures.get("seconds"),
                "speedup": figures["times_faster"],
                "note": " ".join(row.notes) or None,
            }
        )
    return rows


def qnli_lengths(count: int) -> NDArray[np.int64]:
    """Draw lengths as those of QNLI, evenly over their distribution."""
    known = np.array(read_bench_data()["lengths"]["tokens"], dtype=np.int64)
    return known[((np.arange(count) + 0.5) * len(known) / count).astype(np.int64) % len(known)]


def batches_of_lengths(model: ModelDescription, lengths: Sequence[int] | NDArray[np.int64]) -> Batches:
    """Make texts of random tokens, in batches of similar length as texts are served."""
    sizes = np.minimum(np.asarray(lengths, dtype=np.int64), model.max_tokens or np.iinfo(np.int64).max)
    ids = np.random.default_rng(0).integers(_first_id(model), model.vocab_size, size=int(sizes.sum()))
    tokens = TokenBlock(
        ids=ids.astype(np.int32),
        type_ids=np.zeros(len(ids), dtype=np.uint8) if model.tokenizer.has_types else None,
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        padding_id=model.tokenizer.padding_id,
    )
    return Batches(TokenisedSplit(tokens=tokens, labels=None), BatchConfig(), seed=0)


def square_batch(model: ModelDescription, *, num_examples: int, num_tokens: int) -> Batch:
    """Make a full batch of random tokens, so that no model can skip any of it."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(_first_id(model), model.vocab_size, (num_examples, num_tokens), generator=generator)
    return Batch(
        input_ids=drawn,
        token_mask=torch.ones_like(drawn, dtype=torch.bool),
        token_type_ids=torch.zeros_like(drawn) if model.tokenizer.has_types else None,
        labels=None,
        example_ids=torch.arange(num_examples),
    )


def _first_id(model: ModelDescription) -> int:
    """Give the id behind the last special token, so that none is drawn."""
    last = max((*model.tokenizer.special_ids, model.tokenizer.padding_id))
    return last + 1 if last + 1 < model.vocab_size else 0
