"""The section of a model card that tells of the exported files."""

from pathlib import Path

from potstill.engines import ONNX, ONNX_INT8
from potstill.files import read_text, write_text
from potstill.results import Heading, Table, figure_columns, to_markdown
from potstill.serving.export_report import ExportReport, find_report

_BEGIN, _END = "<!-- export -->", "<!-- end of export -->"


def read_card(folder: Path) -> str:
    """Read the model card of a folder; where there is none, begin one.

    Args:
        folder: The model's folder.

    Returns:
        The card, in Markdown.

    Raises:
        RunError: The card is not UTF-8.
    """
    card = folder / "README.md"
    return read_text(card, remedy="mend it or delete it") if card.is_file() else f"# {folder.name}\n"


def describe_export(folder: Path, report: ExportReport, *, card: str) -> None:
    """Write into the model card what was exported; an older such section is replaced.

    Args:
        folder: The folder of the exported model.
        report: What was exported.
        card: What `read_card` gave of the model.
    """
    before, _, rest = card.partition(_BEGIN)
    after = rest.partition(_END)[2]
    section = f"{_BEGIN}\n{_section(report)}{_END}"
    write_text(folder / "README.md", f"{before.rstrip()}\n\n{section}\n{after.lstrip()}")


def tell_company(model: str, backend: str) -> str | None:
    """Say how much a model's answers depend on the texts of their batch, as its export measured it.

    Args:
        model: What the user called the model.
        backend: The back-end that answers.

    Returns:
        A sentence; None where they do not, or where no export tells.

    Raises:
        ModelError: The model was not exported.
        RunError: The export's report is damaged.
    """
    if backend != ONNX_INT8.name:
        return None
    found = find_report(model, ONNX_INT8)
    return None if found is None or found.company is None else found.company.tell()


def _section(report: ExportReport) -> str:
    rows = tuple(file.write_cells(digits=1) for file in report.files)
    figures = figure_columns("size", f"{report.metric} x 100", "points lost [95 %]", "same answer as float32")
    table = Table(columns=(Heading(text="file", align="left", style="code"), *figures), rows=rows)
    vocabulary = report.vocabulary
    trimmed = (
        f"\nThe vocabulary was trimmed from {vocabulary.tokens_before:,} to {vocabulary.tokens_after:,} tokens, which "
        f"cost {vocabulary.drop:.2f} points.\n"
        if vocabulary
        else ""
    )
    company = "".join(f"\n{file.company.tell()}\n" for file in report.files if file.company is not None)
    trusted = "".join(f"\n{told}\n" for file in report.files if (told := file.tell_trust()) is not None)
    served = ONNX_INT8 if any(file.file == ONNX_INT8.file for file in report.files) else ONNX
    parity = report.parity
    return f"""
## ONNX files

{to_markdown(table)}
Measured on {report.num_examples:,} examples ({report.split}), where the float32 model in PyTorch has
{100 * report.score:.1f}. The float32 file repeats PyTorch within {parity.largest_difference:.1g} on {parity.num_texts}
texts of {parity.shortest} to {parity.longest} tokens. Opset {report.settings.opset}; int8: {report.settings.int8}.
{company}{trusted}{trimmed}
```python
import potstill

classify = potstill.load("path/to/model", backend="{served.name}")
print(classify(["A text."]))
```

"""
