"""Make a trained model ready to be served: export it, compare it with another, bench it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from potstill.answers import answer_of_model
from potstill.data import read_texts
from potstill.errors import ModelError
from potstill.files import whole_folder
from potstill.hub import load_classifier, resolve_model
from potstill.pipeline.examples import DataOptions, find_examples, read_settings
from potstill.progress import Observer, SilentObserver
from potstill.serving import ExportConfig, ExportReport, describe_export, export_onnx, refuse_foreign_folder, trim


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A finished export.

    Attributes:
        folder: The model's folder; the files lie in `onnx/` below it.
        report: What was made and measured.
    """

    folder: Path
    report: ExportReport


def export(
    model: str | Path,
    *,
    options: DataOptions | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    corpus: str | Path | None = None,
    config: ExportConfig | None = None,
    observer: Observer | None = None,
) -> Export:
    """Export a classifier or regressor to ONNX and int8, each file behind its gates.

    Args:
        model: Folder of a saved model or run folder; a hub name needs `out`.
        options: What the gates measure on; absent: the development set of the model's run.
        overrides: `path=value` changes of `data`.
        out: A new folder for the model with its files; absent: `onnx/` in the model's own folder.
        corpus: A file of texts; the vocabulary is trimmed to what occurs there. Absent: it is kept. Needs `out`.
        config: What to make.
        observer: Is told each step.

    Returns:
        The folder and the report.

    Raises:
        ModelError: The model or the folder cannot be used, or a gate was not passed; an older export is untouched then.
        PotstillError: The data cannot be used.
    """
    name, watch, wanted = str(model), observer or SilentObserver(), config or ExportConfig()
    own = Path(resolve_model(name))
    if out is None and not own.is_dir():
        raise ModelError(f"'{name}' lies on the hub and not in a folder of yours; say with --out where to put it.")
    if out is not None:
        refuse_foreign_folder(Path(out), "onnx")
    if corpus is not None and out is None:
        raise ModelError("--trim-to makes another model, with other token ids; say with --out where to put it.")
    texts = None if corpus is None else read_texts(Path(corpus)).texts
    settings = read_settings(name, options or DataOptions(), overrides)
    encoder = load_classifier(name)
    takes_whole_file = options is not None and options.data is not None
    given = answer_of_model(encoder.config_words, encoder.label_names)
    examples = find_examples(settings.data, given, model=name, takes_whole_file=takes_whole_file)
    vocabulary = None
    if texts is not None:
        encoder, vocabulary = trim(encoder, texts, examples, wanted)
        watch.note(f"trim the vocabulary from {vocabulary.tokens_before:,} to {vocabulary.tokens_after:,} tokens")
    if out is None:
        report = export_onnx(encoder, examples, own, wanted, observer=watch)
        describe_export(own, report)
        return Export(folder=own, report=report)
    with whole_folder(Path(out)) as aside:
        encoder.save(aside)
        if (own / "README.md").is_file():
            shutil.copyfile(own / "README.md", aside / "README.md")
        report = export_onnx(encoder, examples, aside, wanted, observer=watch, vocabulary=vocabulary)
        describe_export(aside, report)
    return Export(folder=Path(out), report=report)
