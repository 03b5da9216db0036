"""What most scripts do, to compare with, and what the machine could do at most."""

import statistics
import time
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from transformers import BertConfig, BertForSequenceClassification

from potstill.training import resolve_precision

__all__ = ["Pairs", "Sizes", "make_plain", "matrix_rate", "needed_operations", "pad", "plain_seconds"]

Sizes = dict[str, int]
"""Fields of a `BertConfig`."""
Pairs = Sequence[tuple[int, int]]
"""Hidden states that are compared, student's and teacher's; all but the first have an attention too."""


def make_plain(sizes: Sizes, vocab_size: int) -> BertForSequenceClassification:
    """Make a model as scripts do, its attention written out and handed back."""
    config = BertConfig(vocab_size=vocab_size, output_hidden_states=True, output_attentions=True, **sizes)
    return BertForSequenceClassification._from_config(config, attn_implementation="eager")


def pad(rows: Sequence[dict[str, list[int]]], length: int = 0) -> dict[str, Tensor]:
    """Pad examples to a length, or to the longest of them where that is more."""
    width = max(length, *(len(row["input_ids"]) for row in rows))
    batch = {key: torch.tensor([row[key] + [0] * (width - len(row[key])) for row in rows]) for key in rows[0]}
    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    return batch | {"attention_mask": (torch.arange(width) < lengths[:, None]).long()}


def plain_seconds(
    teacher: Sizes, student: Sizes, pairs: Pairs, batches: Iterable[dict[str, Tensor]], *, vocab_size: int
) -> float:
    """Time a plain loop over batches: hidden states through one projection, and attention; a step for each batch."""
    big, small = make_plain(teacher, vocab_size).eval(), make_plain(student, vocab_size)
    fit = nn.Linear(student["hidden_size"], teacher["hidden_size"])
    optimizer = torch.optim.AdamW([*small.parameters(), *fit.parameters()], lr=5e-5)
    begun = time.perf_counter()
    for batch in batches:
        with torch.no_grad():
            theirs = big(**batch)
        ours = small(**batch)
        states = [mse_loss(fit(ours.hidden_states[s]), theirs.hidden_states[t]) for s, t in pairs]
        maps = [mse_loss(ours.attentions[s - 1], theirs.attentions[t - 1]) for s, t in pairs[1:]]
        torch.stack([*states, *maps]).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - begun


def matrix_rate() -> float:
    """Measure floating point operations per second of a large product in the arithmetic that training would take."""
    dtype = torch.bfloat16 if resolve_precision("auto") == "bf16" else torch.float32
    left, right = torch.randn(2, 1536, 1536, dtype=dtype)
    times = []
    for _ in range(6):
        begun = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - begun)
    return 2 * 1536**3 / statistics.median(times)


def needed_operations(teacher: Sizes, student: Sizes, pairs: Pairs, lengths: Iterable[int]) -> float:
    """Count the operations of a pass that follows layers: the teacher once, the student three times, the losses."""
    small, big = student["hidden_size"], teacher["hidden_size"]

    def forward(sizes: Sizes, length: int) -> float:
        width, inner = sizes["hidden_size"], sizes["intermediate_size"]
        return sizes["num_hidden_layers"] * (2 * (4 * width**2 + 2 * width * inner) * length + 4 * length**2 * width)

    def losses(length: int) -> float:
        return 3 * len(pairs) * 2 * length * small * big + (len(pairs) - 1) * 2 * length**2 * (3 * small + big)

    return sum(forward(teacher, n) + 3 * forward(student, n) + losses(n) for n in lengths)
