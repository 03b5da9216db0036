"""What most scripts do, to compare with, and what the machine could do at most."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, mse_loss
from transformers import BertConfig, BertForSequenceClassification

from potstill.processes import process_state
from potstill.timing import time_work
from potstill.training import resolve_precision

__all__ = [
    "Pairs",
    "Product",
    "Sizes",
    "list_products",
    "make_plain",
    "matrix_rate",
    "needed_operations",
    "pad",
    "plain_seconds",
]

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
    device = torch.device(process_state().device)
    big, small = (make_plain(sizes, vocab_size).to(device) for sizes in (teacher, student))
    big.eval()
    fit = nn.Linear(student["hidden_size"], teacher["hidden_size"], device=device)
    optimizer = torch.optim.AdamW([*small.parameters(), *fit.parameters()], lr=5e-5)

    def train() -> None:
        for batch in batches:
            inputs = {name: tensor.to(device) for name, tensor in batch.items()}
            with torch.no_grad():
                theirs = big(**inputs)
            ours = small(**inputs)
            states = [mse_loss(fit(ours.hidden_states[s]), theirs.hidden_states[t]) for s, t in pairs]
            maps = [mse_loss(ours.attentions[s - 1], theirs.attentions[t - 1]) for s, t in pairs[1:]]
            torch.stack([*states, *maps]).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    return time_work(train, device=device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A matrix product, [rows, inner] @ [inner, columns].

    Attributes:
        rows: Of the left side.
        inner: What is summed over.
        columns: Of the right side.
        layout: How both sides are stored, N as they are and T transposed. A linear layer takes NT forward, NN for the
            gradient of its input, and TN for that of its weight.
    """

    rows: int
    inner: int
    columns: int
    layout: Literal["NN", "NT", "TN"]

    @property
    def operations(self) -> int:
        """Floating point operations."""
        return 2 * self.rows * self.inner * self.columns

    def build(self, dtype: torch.dtype, device: torch.device) -> Callable[[], Tensor]:
        """Draw both sides; give what multiplies them."""
        left, right = (
            torch.randn(sizes[::-1] if side == "T" else sizes, dtype=dtype, device=device)
            for sizes, side in zip(((self.rows, self.inner), (self.inner, self.columns)), self.layout, strict=True)
        )
        if self.layout == "NT":
            return lambda: linear(left, right)
        return lambda: (left.T if self.layout == "TN" else left) @ right


def list_products(device: torch.device) -> list[Product]:
    """List what may be the fastest product, the smallest first: squares, and all that linear layers multiply."""
    is_cpu = device.type == "cpu"
    products = [
        Product(rows=side, inner=side, columns=side, layout=layout)
        for side in ((1024, 2048) if is_cpu else (8192, 16384))
        for layout in ("NN", "NT")
    ]
    for tokens in (512, 4096) if is_cpu else (4096, 65536):
        for width, inner in ((312, 1200), (768, 768), (768, 3072)):
            products += [
                Product(rows=tokens, inner=width, columns=inner, layout="NT"),
                Product(rows=tokens, inner=inner, columns=width, layout="NT"),
                Product(rows=tokens, inner=inner, columns=width, layout="NN"),
                Product(rows=inner, inner=tokens, columns=width, layout="TN"),
            ]
    return sorted(products, key=lambda product: product.operations)


def matrix_rate(device: torch.device | None = None, *, seconds: float = 4.5) -> float:
    """Measure the most floating point operations per second that a product of matrices reaches: the limit of training.

    Args:
        device: Where; left out: where this process trains.
        seconds: How long to look. What does not fit is not looked at; large products come last.

    Returns:
        The best over shapes, layouts and repeats, in the arithmetic of a run whose precision is `auto`. Other work on
        the machine lowers it as it lowers what is held against it.
    """
    device = device or torch.device(process_state().device)
    dtype = torch.bfloat16 if resolve_precision("auto") == "bf16" else torch.float32
    begun = time.perf_counter()
    ways, best = [], 0.0
    for product in list_products(device):
        if time.perf_counter() - begun < seconds / 2:
            ways.append((product.operations, product.build(dtype, device)))
            time_work(ways[-1][1], device=device)  # warms up
    for operations, way in cycle(ways):
        best = max(best, operations / time_work(way, device=device))
        if time.perf_counter() - begun >= seconds:
            break
    return best


def needed_operations(teacher: Sizes, student: Sizes, pairs: Pairs, lengths: Iterable[int]) -> float:
    """Count the operations of a pass that follows layers: the teacher once, the student three times, the losses."""
    small, big = student["hidden_size"], teacher["hidden_size"]

    def forward(sizes: Sizes, length: int) -> float:
        width, inner = sizes["hidden_size"], sizes["intermediate_size"]
        return sizes["num_hidden_layers"] * (2 * (4 * width**2 + 2 * width * inner) * length + 4 * length**2 * width)

    def losses(length: int) -> float:
        return 3 * len(pairs) * 2 * length * small * big + max(0, len(pairs) - 1) * 2 * length**2 * (3 * small + big)

    return sum(forward(teacher, n) + 3 * forward(student, n) + losses(n) for n in lengths)
