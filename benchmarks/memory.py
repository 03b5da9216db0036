"""Peak memory and time of DistilBERT's triple loss, forward and backward, against the plain computation.

The plain one makes the scores of the whole vocabulary for every token of teacher and student, picks rows and calls
torch's losses; ours goes through chunks of rows and has the gradients when the forward pass ends. Features, decoder and
hidden states are random and of BERT-base's width; both give the same loss and gradients (printed).

    python benchmarks/memory.py --batch 32 --length 128
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from peak import peak_bytes
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy, kl_div, linear

from potstill.objectives import HiddenCosineConfig, MaskedLmConfig, Objective, VocabularySoftLabelsConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, VocabularyOutputs

WIDTH, VOCABULARY, TEMPERATURE = 768, 30522, 2.0
WEIGHTS = (5.0, 2.0, 1.0)


def main() -> None:
    """Measure both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device = torch.device(given.device)
    world = World(given.batch, given.length, device)
    ways = {"plain": world.plain, "potstill": world.ours}
    losses = {name: way().item() for name, way in ways.items()}
    gradients = {name: world.gradients(way) for name, way in ways.items()}
    table = Table(title=f"triple loss, batch {given.batch} x {given.length}, {device}, float32")
    for column in ("", "peak MB", "seconds", "loss"):
        table.add_column(column, justify="right")
    peaks = {}
    for name, way in ways.items():
        peaks[name] = peak_bytes(lambda way=way: world.gradients(way), device)
        seconds = [timed(lambda way=way: world.gradients(way)) for _ in range(given.rounds)]
        table.add_row(name, f"{peaks[name] / 1e6:.0f}", f"{statistics.median(seconds):.2f}", f"{losses[name]:.6f}")
    Console().print(table)
    gap = max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(*gradients.values(), strict=True))
    print(f"{peaks['plain'] / peaks['potstill']:.1f} times less memory; gradients differ by {gap:.1e} of their largest")


class World:
    """Random outputs of a teacher and a student of one width, and a batch with 15 % targets."""

    def __init__(self, batch: int, length: int, device: torch.device) -> None:
        """Draw everything."""
        torch.manual_seed(0)
        shape = EncoderShape(
            num_layers=6,
            hidden_size=WIDTH,
            feed_forward_size=4 * WIDTH,
            num_heads=12,
            vocab_size=VOCABULARY,
            num_labels=2,
        )
        mask = torch.ones(batch, length, dtype=torch.bool, device=device)
        ids = torch.randint(VOCABULARY, (batch, length), device=device)
        chosen = torch.rand(batch, length, device=device) < 0.15
        self.batch = Batch(
            input_ids=ids,
            token_mask=mask,
            token_type_ids=None,
            labels=None,
            example_ids=torch.arange(batch, device=device),
            target_ids=ids.masked_fill(~chosen, -100),
        )
        self.student, self.teacher = (self._draw(batch, length, device) for _ in range(2))
        assert self.student.vocabulary is not None
        vocabulary = self.student.vocabulary
        self.leaves = [vocabulary.features, vocabulary.weight, vocabulary.bias, self.student.hidden_states[6]]
        for leaf in self.leaves:
            leaf.requires_grad_()
        configs = (VocabularySoftLabelsConfig(), MaskedLmConfig(), HiddenCosineConfig())
        self.objectives: list[Objective] = [
            config.build(student=shape, teacher=shape, path="benchmark") for config in configs
        ]

    def ours(self) -> Tensor:
        """Compute the triple loss as a stage does."""
        losses = [objective(self.student, self.teacher, self.batch) for objective in self.objectives]
        return torch.stack([weight * loss for weight, loss in zip(WEIGHTS, losses, strict=True)]).sum()

    def plain(self) -> Tensor:
        """Compute it with whole blocks of scores."""
        ours, theirs = (
            linear(o.vocabulary.features, o.vocabulary.weight, o.vocabulary.bias) for o in (self.student, self.teacher)
        )
        rows = self.batch.token_mask
        student, teacher = ours[rows] / TEMPERATURE, theirs[rows] / TEMPERATURE
        soft = kl_div(student.log_softmax(-1), teacher.softmax(-1), reduction="batchmean") * TEMPERATURE**2
        hard = cross_entropy(ours.flatten(0, 1), self.batch.target_ids.flatten())
        similarity = cosine_similarity(self.student.hidden_states[6], self.teacher.hidden_states[6], dim=-1)
        return WEIGHTS[0] * soft + WEIGHTS[1] * hard + WEIGHTS[2] * (1 - similarity)[rows].mean()

    def gradients(self, way: Callable[[], Tensor]) -> tuple[Tensor, ...]:
        """Run forward and backward."""
        return torch.autograd.grad(way(), self.leaves)

    def _draw(self, batch: int, length: int, device: torch.device) -> EncoderOutputs:
        def draw(*sizes: int) -> Tensor:
            return torch.randn(*sizes, device=device)

        head = VocabularyOutputs(
            features=draw(batch, length, WIDTH), weight=draw(VOCABULARY, WIDTH) / WIDTH**0.5, bias=draw(VOCABULARY)
        )
        return EncoderOutputs(vocabulary=head, hidden_states={6: draw(batch, length, WIDTH)})


def timed(function: Callable[[], object]) -> float:
    """Time a function."""
    begun = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
