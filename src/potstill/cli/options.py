"""Options that several commands share: one name, one help text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypedDict

import typer

from potstill.cli.groups import ConfigOptions

if TYPE_CHECKING:
    from potstill.recipes import Shorthands

_DATA = "Data"
_RUN = "Run"
_OUTPUT = "Output"

ModelName: TypeAlias = Annotated[
    str, typer.Argument(metavar="MODEL", help="Folder of a saved model, run folder, or name on the Hugging Face hub.")
]
Text: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--text", metavar="COLUMN", rich_help_panel=_DATA, help="Column of the text, if not 'text' or 'sentence'."
    ),
]
TextPair: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--text-pair", metavar="COLUMN", rich_help_panel=_DATA, help="Column of the second text, for pairs of texts."
    ),
]
Corpus: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        rich_help_panel=_DATA,
        help="Plain text, one text a line, an empty line between documents: a file (also .gz), a folder, or a data set "
        "(name or name:config); can be given often.",
    ),
]
RunFolderPath: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER", rich_help_panel=_RUN, help="New folder for the run. Left out: a new one in runs/."
    ),
]
ResultsFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        rich_help_panel=_OUTPUT,
        help="Write it to a file as well: tables as printed, results as JSON.",
    ),
]
SomeOverrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        rich_help_panel=_RUN,
        help="Change 'precision' or a field of 'data', such as data.max_length=256; where texts are made, of "
        "'augmentation' too. Can be given often.",
    ),
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        rich_help_panel=_RUN,
        help="Change a field of the recipe; can be given often. 'potstill recipes explain' shows the fields.",
    ),
]
Ablations: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--ablation",
        metavar="NAME",
        rich_help_panel=_RUN,
        help="Leave a part of the recipe out, to see what it is good for; can be given often. "
        "'potstill recipes explain' lists a recipe's ablations.",
    ),
]
Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", rich_help_panel=_RUN, help="Go on with a run that was stopped.")
]
Device: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        rich_help_panel=_RUN,
        help="'cpu', or an accelerator of this machine, such as cuda or cuda:1. Left out: the accelerator, if any.",
    ),
]
BackendName: TypeAlias = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="PyTorch: sdpa, eager, bf16, compiled. ONNX Runtime, after 'potstill export': onnx, onnx-fp16, onnx-int8.",
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option("--threads", min=1, metavar="N", help="Threads within an operation. Left out: as PyTorch is set."),
]
Plugins: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        rich_help_panel=_RUN,
        help="A Python file that defines objectives, metrics, students or methods of your own, or an installed "
        "plug-in by its name; it is run. Can be given often.",
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="Print JSON for programs instead of a table.")
]


def _find_shorthands() -> "type[Shorthands]":
    from potstill.recipes import Shorthands

    return Shorthands


SHORTHANDS = ConfigOptions(find=_find_shorthands, panel="Settings, short for --set")
TEXT_SHORTHANDS = replace(SHORTHANDS, without=("dev", "test"))


class DataFields(TypedDict):
    """Where labelled examples come from, as arguments of the functions behind the commands."""

    task: str | None
    data: str | None
    text: str | None
    text_pair: str | None
    label: str | None
    labels: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOptions:
    """Where labelled examples come from."""

    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="NAME", rich_help_panel=_DATA, help="A known task; 'potstill tasks' lists them."
        ),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="PATH",
            rich_help_panel=_DATA,
            help="Your data (CSV, TSV, JSONL, JSON, Parquet or CoNLL file, folder with train.* and dev.*, or a data "
            "set on the Hugging Face hub), or the folder of a known task.",
        ),
    ] = None
    text: Text = None
    text_pair: TextPair = None
    label: Annotated[
        str | None,
        typer.Option(
            "--label", metavar="COLUMN", rich_help_panel=_DATA, help="Column of the class or score, if not 'label'."
        ),
    ] = None
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="NAME,NAME,...",
            rich_help_panel=_DATA,
            help="The classes of the data in the order of the teacher's labels, where these have other names, or in "
            "that of the whole numbers that stand for them. Left out: labels are matched by name.",
        ),
    ] = None

    @property
    def fields(self) -> DataFields:
        """The options by name."""
        return DataFields(
            task=self.task,
            data=self.data,
            text=self.text,
            text_pair=self.text_pair,
            label=self.label,
            labels=() if self.labels is None else self.labels.split(","),
        )
