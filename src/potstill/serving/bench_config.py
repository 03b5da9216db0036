"""How models are benched."""

from typing import Literal

from pydantic import Field

from potstill.config import Config

Protocol = Literal["published", "real"]


class BenchConfig(Config):
    """What is timed, and how often.

    All models take turns within every round, so that a ratio holds on a busy machine.
    """

    protocol: Protocol = "real"
    """`published`: full batches, all padded to one length, forward pass only, as the published tables do it. `real`:
    texts of real lengths, alone for the latency and in batches of similar length for the throughput."""
    batch_size: int = Field(default=128, ge=1)
    """Protocol `published`: examples of a batch."""
    num_tokens: int = Field(default=128, ge=2)
    """Protocol `published`: tokens of every example."""
    num_batches: int = Field(default=10, ge=1)
    """Protocol `published`: timed batches; published tables take 100, and the seconds are scaled to that."""
    warmup: int = Field(default=1, ge=0)
    """Rounds that go ahead untimed."""
    repeats: int = Field(default=5, ge=1)
    """Protocol `real`: timed rounds; the median counts."""
    num_texts: int = Field(default=64, ge=1)
    """Protocol `real`: texts timed alone, and about as many times 4 in batches, spread over the lengths."""
    lengths: tuple[int, ...] = (16, 32, 64, 128)
    """Protocol `real`: lengths at which batches of 32 are timed too; empty = none."""
    threads: int | None = Field(default=None, ge=1)
    """Threads within an operation; absent: as PyTorch is set."""
    has_probe: bool = True
    """Whether each model is also started in a process of its own, for cold start and peak memory."""
