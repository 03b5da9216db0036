"""What a program calls to make new texts: `augment` and `preview_augmentation`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from potstill.augmentation import AugmentationConfig, Row, Variant, check_suffix
from potstill.config import Config
from potstill.data import DataConfig, Given, describe_reading, load_task_data
from potstill.errors import RecipeError, RunError
from potstill.hub import describe_model, fingerprint_model
from potstill.pipeline.given import held_aside
from potstill.pipeline.teacher import load_for_task
from potstill.pipeline.texts import TextMaker, TextTeacher
from potstill.pipeline.tokenising import find_length
from potstill.pipeline.varied import check_texts
from potstill.processes import process_state
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipes import Overrides, list_overrides, override_fields
from potstill.training import resolve_precision


class _Settings(Config):
    """What decides the texts; the names are those of a recipe."""

    data: DataConfig = DataConfig()
    """What the task is and where its examples lie."""
    augmentation: AugmentationConfig = AugmentationConfig()
    """How they are varied."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; `auto` takes bf16 where the machine has instructions for it, or what the
    environment variable POTSTILL_PRECISION says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentedTexts:
    """A finished file of texts.

    Attributes:
        path: The file.
        num_rows: Its rows.
        num_new: How many of them are new texts.
    """

    path: Path
    num_rows: int
    num_new: int


def augment(
    method: str = "tang",
    *,
    out: str | Path,
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    copies: int | None = None,
    teacher: str | Path | None = None,
    overrides: Overrides = (),
    workers: int | None = None,
    callback: ProgressCallback | None = None,
) -> AugmentedTexts:
    """Make new texts out of the training examples of a task.

    The same settings give the same file, whatever the number of processes, and however often it was stopped.

    Args:
        method: `tang` or `tinybert`.
        out: A new .parquet or .jsonl file.
        task: A known task, such as `sst-2`.
        data: As in `distill`.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: As in `distill`.
        copies: Tries for each row; absent: the published number for the task.
        teacher: A fine-tuned classifier that labels the new texts, and that the filter asks.
        overrides: Changes of `augmentation`, `data` and `precision`, as in `distill`.
        workers: Processes that draw; absent: as many as are worth while.
        callback: Draws progress; absent: silence.

    Returns:
        The file.

    Raises:
        PotstillError: Something the user can mend; the message says how.
        RunError: The file exists already.
    """
    path = Path(out)
    check_suffix(path)
    if path.exists():
        raise RunError(f"'{path}' exists already; choose another name, or remove it.")
    asked = None if teacher is None else str(teacher)
    with held_aside(data) as name:
        source = AugmentedFrom(
            task=task, data=name, text=text, text_pair=text_pair, label=label, labels=labels, teacher=asked
        )
        maker = _make(method, source, copies, list_overrides(overrides), workers, callback)
    num_rows, num_new = maker.write(path)
    return AugmentedTexts(path=path, num_rows=num_rows, num_new=num_new)


class AugmentedFrom(TypedDict, total=False):
    """Where the examples come from and who labels the new texts, as in `augment`."""

    task: str | None
    data: str | None
    text: str | None
    text_pair: str | None
    label: str | None
    labels: Sequence[str]
    teacher: str | None


def preview_augmentation(
    count: int,
    method: str = "tang",
    *,
    copies: int | None = None,
    overrides: Sequence[str] = (),
    callback: ProgressCallback | None = None,
    **source: Unpack[AugmentedFrom],
) -> list[tuple[Row, list[Variant]]]:
    """Show for a few training examples what `augment` would draw for them, before duplicates are dropped.

    Args:
        count: How many examples.
        method: As in `augment`.
        copies: As in `augment`.
        overrides: As in `augment`.
        callback: As in `augment`.
        source: `task`, `data`, `text`, `text_pair`, `label`, `labels` and `teacher`, as in `augment`.

    Returns:
        Each example with its variants.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    return _make(method, source, copies, overrides, 1, callback).preview(count)


def _make(
    method: str,
    source: AugmentedFrom,
    copies: int | None,
    overrides: Sequence[str],
    workers: int | None,
    callback: ProgressCallback | None,
) -> TextMaker:
    """Load what the settings name."""
    teacher = source.get("teacher")
    data = {"path" if name == "data" else name: value for name, value in source.items() if name != "teacher"}
    values: dict[str, Any] = {
        "data": {name: value for name, value in data.items() if value is not None and value != ()},
        "augmentation": {"method": {"kind": method}, "labels": "none" if teacher is None else "teacher"},
    }
    if copies is not None:
        values["augmentation"]["copies"] = copies
    override_fields(values, overrides)
    settings = _Settings.parse(values)
    given = () if teacher is None else describe_model(teacher).label_names
    examples = load_task_data(settings.data, label_names=given)
    advice = "take data in which each has one label, a score, or labels of words of which some are O"
    check_texts(examples, settings.augmentation.method, advice)
    if teacher is not None and examples.task.answer.row == "word":
        raise RecipeError(
            "teacher (--teacher): words of new texts keep the labels of those in whose place they stand, so nobody is "
            "asked; leave it out, and set augmentation.labels = 'inherited' to have them written."
        )
    asked, longest = None, find_length(settings.data, teacher)
    if teacher is not None:
        asked = TextTeacher(
            encoders=(load_for_task(teacher, examples.task),),
            fingerprint=fingerprint_model(teacher),
            max_length=longest,
        )
    watch = callback or SilentCallback()
    maker = TextMaker(
        data=examples,
        config=settings.augmentation,
        teacher=asked,
        precision=resolve_precision(settings.precision),
        device=process_state().device,
        callback=watch,
        num_workers=workers,
    )
    watch.note(describe_reading(examples.notes, (), max_length=longest))
    return maker
