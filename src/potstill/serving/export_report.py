"""`onnx/export.json`: what an export made, and how its gates were passed."""

from typing import ClassVar

from pydantic import Field, JsonValue

from potstill.config import Config
from potstill.engines import OnnxBackend, find_file
from potstill.results import Record, Trust
from potstill.serving.export_config import ExportConfig

REPORT_NAME = "export.json"
"""Its name beside the files."""


class ParityReport(Config):
    """How closely the float32 file repeats PyTorch."""

    num_texts: int = Field(ge=1)
    """Texts that were compared, alone and in padded batches: real ones, and some of random tokens."""
    shortest: int = Field(ge=1)
    """Tokens of the shortest."""
    longest: int = Field(ge=1)
    """Tokens of the longest."""
    largest_difference: float = Field(ge=0.0)
    """Largest difference of a logit, divided by the largest logit where that is above 1."""
    tolerance: float = Field(gt=0.0)
    """What was allowed."""


class CompanyReport(Config):
    """How the answers of texts alone and in batches of similar length differ."""

    num_texts: int = Field(ge=1)
    """Texts that were answered both ways."""
    agreement: float | None = Field(ge=0.0, le=1.0)
    """Share of them with the same class; absent for scores."""
    largest_difference: float = Field(ge=0.0)
    """Largest difference of a probability, or of a score."""

    def tell(self) -> str:
        """Say it in a sentence."""
        same = "" if self.agreement is None else f"{100 * self.agreement:.1f} % have the same label and "
        return (
            "The int8 file takes the range of activations from each batch, so an answer depends a little on the texts "
            f"beside it: of {self.num_texts} texts alone and in batches, {same}the largest difference of a "
            f"{'score' if self.agreement is None else 'probability'} is {self.largest_difference:.2g}."
        )


class RefusedFile(Config):
    """A file that did not pass its gate."""

    file: str
    """Its name."""
    reason: str
    """What it lost, what is to blame and what to do, as a sentence."""


class FileReport(Config):
    """One exported file, measured on the evaluated examples."""

    file: str
    """Its name in the folder `onnx/`."""
    size_bytes: int = Field(ge=1)
    """Bytes on disk."""
    score: float
    """Primary metric, as a fraction."""
    drop: float
    """Points (hundredths) lost against the float32 model in PyTorch; below 0 where the file is better."""
    drop_interval: tuple[float, float]
    """95 % interval of the points lost, from a paired bootstrap over the examples; the gate asks its lower end."""
    agreement: float | None = Field(ge=0.0, le=1.0)
    """Share of examples with the same class as the float32 model; absent for scores."""
    largest_difference: float = Field(ge=0.0)
    """Largest difference of a logit to the float32 model."""
    company: CompanyReport | None = None
    """How much an answer depends on the other texts of its batch; absent where it cannot."""
    trust: Trust | None = None
    """On which of its own answers it can be believed; absent where there were no texts to find out."""

    def tell_trust(self) -> str | None:
        """Say in a sentence when it can be trusted."""
        return None if self.trust is None else f"When to trust onnx/{self.file}: {self.trust.tell()}."

    def write_cells(self, *, digits: int) -> tuple[str, ...]:
        """Write file, size, score times 100 with so many digits, points lost and agreement for a table."""
        return (
            f"onnx/{self.file}",
            f"{self.size_bytes / 1e6:.1f} MB",
            f"{100 * self.score:.{digits}f}",
            f"{self.drop:+.2f} [{self.drop_interval[0]:+.1f}, {self.drop_interval[1]:+.1f}]",
            "-" if self.agreement is None else f"{100 * self.agreement:.1f} %",
        )


class VocabularyReport(Config):
    """What trimming the vocabulary did."""

    tokens_before: int = Field(ge=1)
    """Rows of the embedding table before."""
    tokens_after: int = Field(ge=1)
    """Rows that are left."""
    drop: float
    """Points (hundredths) of the primary metric lost by it."""


class ExportReport(Record):
    """What was exported, from what, and what it is worth."""

    remedy: ClassVar[str] = "export the model again"

    task: str
    """Name of the task."""
    split: str
    """The split that the gates were measured on."""
    num_examples: int = Field(ge=1)
    """Examples in it."""
    metric: str
    """The primary metric."""
    score: float
    """Primary metric of the float32 model in PyTorch, as a fraction."""
    parity: ParityReport
    """The float32 file against PyTorch."""
    files: tuple[FileReport, ...] = Field(min_length=1)
    """Every file that passed."""
    refused: tuple[RefusedFile, ...] = ()
    """Files that were asked for and are not there, as they lost too much."""
    vocabulary: VocabularyReport | None = None
    """What trimming did; absent where the vocabulary was kept."""
    settings: ExportConfig
    """How it was exported."""
    versions: dict[str, JsonValue]
    """Versions of the packages that exported it."""


def find_report(model: str, backend: OnnxBackend) -> FileReport | None:
    """Find what an export measured of the file that a back-end reads; None where no export of ours made it."""
    file = find_file(model, backend)
    report = file.with_name(REPORT_NAME)
    if not report.is_file():
        return None
    return next((each for each in ExportReport.read(report).files if each.file == file.name), None)
