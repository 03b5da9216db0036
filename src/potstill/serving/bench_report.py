"""`bench.json`: what a bench measured."""

from pydantic import Field, JsonValue

from potstill.config import Config
from potstill.results import Parameters, to_html
from potstill.serving.bench_config import BenchConfig


class Latency(Config):
    """Milliseconds from one tokenised text to its logits, over texts of real lengths and all rounds."""

    p50: float = Field(gt=0.0)
    """Half of the answers are faster."""
    p95: float = Field(gt=0.0)
    """95 of 100 answers are faster."""
    p99: float = Field(gt=0.0)
    """99 of 100 answers are faster."""


class Rate(Config):
    """Sentences per second over the rounds."""

    median: float = Field(gt=0.0)
    """Median over the rounds."""
    slowest: float = Field(gt=0.0)
    """The slowest round."""
    fastest: float = Field(gt=0.0)
    """The fastest round."""
    ratio: float = Field(gt=0.0)
    """How many times as fast as the first model: the median over the rounds of both models' times in the same round."""
    ratio_range: tuple[float, float]
    """Smallest and largest such ratio of a round."""


class LengthSpeed(Config):
    """Throughput of batches of one length."""

    num_tokens: int = Field(ge=1)
    """Tokens of every example."""
    rate: Rate
    """Sentences per second in batches of 32."""


class ProbeReport(Config):
    """What a process of its own needed."""

    cold_start_seconds: float | None = Field(ge=0.0)
    """From loading the model to its first answer, libraries imported before; absent for a shape."""
    import_seconds: float = Field(ge=0.0)
    """From starting the process until the libraries are imported."""
    peak_bytes: int = Field(ge=1)
    """Most memory of the process."""
    model_bytes: int = Field(ge=0)
    """Most memory of the process less what it had before the model."""


class PublishedShape(Config):
    """What a paper says of a model of this shape."""

    name: str
    """Its name there."""
    parameters: str
    """Its weights as printed there."""
    seconds: float | None = None
    """Seconds for 100 batches on the paper's machine; absent where it gives none."""
    speedup: float
    """How many times as fast as BERT-base."""
    note: str | None = None
    """What is to be known about this row."""


class BenchEntry(Config):
    """One model on one back-end."""

    name: str
    """The model or the shape."""
    backend: str
    """Where it ran."""
    parameters: Parameters
    """Number of weights."""
    size_bytes: int = Field(ge=1)
    """Bytes of the weights on disk; for a shape, what they would take."""
    gigaflops: float = Field(gt=0.0)
    """Billions of operations for one text of 128 tokens."""
    rate: Rate
    """Throughput."""
    seconds_per_100_batches: float | None = None
    """Protocol `published`: as the published tables give it."""
    latency: Latency | None = None
    """Protocol `real`: one text at a time."""
    by_length: tuple[LengthSpeed, ...] = ()
    """Protocol `real`: throughput by length."""
    probe: ProbeReport | None = None
    """Cold start and memory."""
    published: PublishedShape | None = None
    """Figures of a paper."""


class BenchReport(Config):
    """Everything that a bench measured."""

    settings: BenchConfig
    """How it was measured."""
    texts: str
    """Where the lengths come from."""
    mean_tokens: float = Field(gt=0.0)
    """Mean length of the texts."""
    entries: tuple[BenchEntry, ...] = Field(min_length=1)
    """One for each model and back-end; ratios refer to the first."""
    environment: dict[str, JsonValue]
    """Versions and hardware."""

    def __str__(self) -> str:
        """Write what the command prints."""
        from potstill.serving.bench_table import make_bench_tables

        return "\n".join(map(str, make_bench_tables(self)))

    def _repr_html_(self) -> str:
        """Show the same in a notebook."""
        from potstill.serving.bench_table import make_bench_tables

        return "".join(map(to_html, make_bench_tables(self)))
