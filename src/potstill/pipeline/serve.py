"""Make saved models ready to be served: export them, compare them, bench them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.answers import answer_of_model
from potstill.data import Split, read_texts
from potstill.engines import find_backend, load_engine, make_batches
from potstill.errors import DataError, ModelError, RecipeError
from potstill.files import whole_folder
from potstill.hub import describe_model, load_classifier, resolve_model
from potstill.pipeline.evaluating import DataOptions, find_examples, read_settings
from potstill.pipeline.tokenising import find_length
from potstill.progress import ProgressCallback, SilentCallback
from potstill.serving import (
    BenchConfig,
    BenchReport,
    CompareReport,
    ExportConfig,
    ExportReport,
    compare_models,
    describe_export,
    export_onnx,
    published_rows,
    refuse_foreign_folder,
    run_bench,
    trained_columns,
    trim,
)


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
    callback: ProgressCallback | None = None,
) -> Export:
    """Export a classifier or regressor to ONNX and int8, each file behind its gates.

    Args:
        model: Folder of a saved model or run folder; a hub name needs `out`.
        options: What the gates measure on; absent: the development set of the model's run.
        overrides: `path=value` changes of `data`.
        out: A new folder for the model with its files; absent: `onnx/` in the model's own folder.
        corpus: A file of texts; the vocabulary is trimmed to what occurs there. Absent: it is kept. Needs `out`.
        config: What to make.
        callback: Is told each step.

    Returns:
        The folder and the report.

    Raises:
        ModelError: The model or the folder cannot be used, or a gate was not passed; an older export is untouched then.
        PotstillError: The data cannot be used.
    """
    name, watch, wanted = str(model), callback or SilentCallback(), config or ExportConfig()
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
    watch.note(examples.describe(make_batches(examples.split, encoder, max_length=examples.max_length)))
    vocabulary = None
    if texts is not None:
        encoder, vocabulary = trim(encoder, texts, examples, wanted)
        watch.note(f"trim the vocabulary from {vocabulary.tokens_before:,} to {vocabulary.tokens_after:,} tokens")
    if out is None:
        report = export_onnx(encoder, examples, own, wanted, callback=watch)
        describe_export(own, report)
        return Export(folder=own, report=report)
    with whole_folder(Path(out)) as aside:
        encoder.save(aside)
        if (own / "README.md").is_file():
            shutil.copyfile(own / "README.md", aside / "README.md")
        report = export_onnx(encoder, examples, aside, wanted, callback=watch, vocabulary=vocabulary)
        describe_export(aside, report)
    return Export(folder=Path(out), report=report)


def compare(
    models: Sequence[str | Path],
    *,
    backends: Sequence[str] = (),
    options: DataOptions | None = None,
    overrides: Sequence[str] = (),
    price_per_hour: float | None = None,
    callback: ProgressCallback | None = None,
) -> CompareReport:
    """Put models side by side: scores, likeness to the first, latency, throughput, cost.

    Args:
        models: At least two saved models, the reference (a teacher) first.
        backends: Where each of them runs: one for all, or one for each; absent: `sdpa`.
        options: The labelled examples; absent: the development set of the last model's run.
        overrides: `path=value` changes of `data`.
        price_per_hour: What this machine costs, in any currency.
        callback: Draws progress; absent: silence.

    Returns:
        The figures.

    Raises:
        ModelError: There are fewer than two models, or back-ends for another number of them.
        PotstillError: A model or the data cannot be used.
    """
    names = [str(model) for model in models]
    if len(names) < 2:
        raise ModelError(f"{len(names)} model is given, and a comparison needs two or more; name another one.")
    wanted = [find_backend(name) for name in backends or ("sdpa",)]
    if len(wanted) not in (1, len(names)):
        raise ModelError(
            f"--backend: {len(wanted)} are given for {len(names)} models; give one for all, or one for each."
        )
    each = wanted * len(names) if len(wanted) == 1 else wanted
    settings = read_settings(names[-1], options or DataOptions(), overrides)
    settings = settings.with_length(find_length(settings.data, *names))
    takes_whole_file = options is not None and options.data is not None
    last = describe_model(names[-1])
    given = answer_of_model(last.config_words, last.label_names)
    examples = find_examples(settings.data, given, model=names[-1], takes_whole_file=takes_whole_file)
    config = BenchConfig(lengths=(), has_probe=False)
    engines = [load_engine(name, backend) for name, backend in zip(names, each, strict=True)]
    watch = callback or SilentCallback()
    watch.note(examples.describe(make_batches(examples.split, engines[-1].model, max_length=examples.max_length)))
    return compare_models(engines, examples, config, price_per_hour=price_per_hour, callback=watch)


_ONLY = {
    "seed": ("num_batches", "batch_size", "num_tokens"),
    "real": ("repeats", "num_texts", "lengths"),
}
_FLAGS = {
    "num_batches": "--batches",
    "batch_size": "--batch-size",
    "num_tokens": "--tokens",
    "repeats": "--repeats",
    "num_texts": "--texts",
    "lengths": "lengths",
}


def bench(
    models: Sequence[str | Path] = (),
    *,
    shapes: Sequence[str] = (),
    backends: Sequence[str] = (),
    is_seed_table: bool = False,
    texts: tuple[Path, str | None, str | None] | None = None,
    settings: Mapping[str, Any] | None = None,
    callback: ProgressCallback | None = None,
) -> BenchReport:
    """Measure how large and how fast models are, side by side.

    Args:
        models: Folders of saved models, run folders or hub names.
        shapes: Shapes to time with random weights: `12x768`, `4x312x1200`, `bilstm`, `bilstm:300x400`, `distilbert`.
        backends: Where each of them runs; absent: `sdpa`.
        is_seed_table: Time the shapes of the published table, before any other.
        texts: A data file to read, with the columns of the text and of the second text or None; absent: random tokens
            with the lengths of QNLI.
        settings: Fields of `BenchConfig` that are not left at their defaults.
        callback: Draws progress; absent: silence.

    Returns:
        The figures; ratios refer to the first model on the first back-end.

    Raises:
        ModelError: There is nothing to time, or a model cannot be loaded.
        RecipeError: A setting has no effect in this protocol.
        DataError: The texts cannot be read.
    """
    given = dict(settings or {})
    config = BenchConfig.parse(given)
    for protocol, names in _ONLY.items():
        idle = [name for name in names if name in given and protocol != config.protocol]
        if idle:
            raise RecipeError(
                f"{_FLAGS[idle[0]]}: this has an effect with --protocol {protocol} only; leave it out here."
            )
    if texts is not None and config.protocol == "seed":
        raise DataError("--data: the protocol 'seed' reads random tokens of one length; leave it out here.")
    wanted = [find_backend(name) for name in backends or ("sdpa",)]
    every = [*(published_rows() if is_seed_table else ()), *shapes]
    saved = [(str(name), backend) for name in models for backend in wanted]
    bare = [(shape, backend) for shape in every for backend in wanted]
    if not saved + bare:
        raise ModelError("there is nothing to time; name models, or give --shape or --seed-table.")
    split: Split | None = None
    if texts is not None:
        if not models:
            raise DataError("--data: shapes read random tokens; name a model, or leave the data out.")
        own, own_pair = trained_columns(str(models[0]))
        split = read_texts(texts[0], text=texts[1] or own, text_pair=texts[2] or own_pair)
    return run_bench(saved, bare, split, config, callback=callback or SilentCallback())
