"""Make saved models ready to be served: export them, compare them, bench them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from potstill.answers import answer_of_model
from potstill.data import Given, read_texts
from potstill.engines import find_backend, load_engine, make_batches
from potstill.errors import ModelError
from potstill.files import whole_folder
from potstill.hub import describe_model, load_classifier, resolve_model
from potstill.pipeline.evaluating import DataOptions, find_examples, read_settings
from potstill.pipeline.given import held_aside
from potstill.pipeline.tokenising import find_length
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipes import Overrides
from potstill.serving import (
    BenchConfig,
    CompareReport,
    ExportConfig,
    ExportReport,
    compare_models,
    describe_export,
    export_onnx,
    read_card,
    read_trust_texts,
    refuse_foreign_folder,
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
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    overrides: Overrides = (),
    out: str | Path | None = None,
    corpus: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    callback: ProgressCallback | None = None,
) -> Export:
    """Export a classifier or regressor to ONNX and int8, each file behind its gates.

    Args:
        model: Folder of a saved model or run folder; a hub name needs `out`.
        task: A known task, such as `sst-2`.
        data: What the gates measure on, in any form that `distill` takes; absent: what the model's run measured on.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: As in `distill`.
        overrides: Changes of `data`, as in `distill`.
        out: A new folder for the model with its files; absent: `onnx/` in the model's own folder.
        corpus: A file of texts; the vocabulary is trimmed to what occurs there. Absent: it is kept. Needs `out`.
        settings: What to make: fields of `ExportConfig` that are not left at their defaults, such as
            `{"int8": "static"}`.
        callback: Is told each step.

    Returns:
        The folder and the report.

    Raises:
        ModelError: The model or the folder cannot be used, or a gate was not passed; an older export is untouched then.
        PotstillError: The data cannot be used.
    """
    wanted, watch = ExportConfig.parse(settings or {}), callback or SilentCallback()
    with held_aside(data) as held:
        options = DataOptions(task=task, data=held, text=text, text_pair=text_pair, label=label, labels=labels)
        return _export(_Order(str(model), out, corpus, wanted), options, overrides, watch)


class _Order(NamedTuple):
    """A model, where it goes, what its vocabulary is trimmed to, and what is made."""

    model: str
    out: str | Path | None
    corpus: str | Path | None
    config: ExportConfig


def _export(order: _Order, options: DataOptions, overrides: Overrides, watch: ProgressCallback) -> Export:
    name, out, corpus, wanted = order
    own = Path(resolve_model(name))
    if out is None and not own.is_dir():
        raise ModelError(f"'{name}' lies on the hub and not in a folder of yours; say with --out where to put it.")
    if out is not None:
        refuse_foreign_folder(Path(out), "onnx")
    if corpus is not None and out is None:
        raise ModelError("--trim-to makes another model, with other token ids; say with --out where to put it.")
    card = read_card(own)
    texts = None if corpus is None else read_texts(Path(corpus)).texts
    settings = read_settings(name, options, overrides)
    encoder = load_classifier(name)
    takes_whole_file = options.data is not None
    given = answer_of_model(encoder.config_words, encoder.label_names)
    examples = find_examples(settings.data, given, model=name, takes_whole_file=takes_whole_file)
    watch.note(examples.describe(make_batches(examples.split, encoder, max_length=examples.max_length)))
    trusted, vocabulary = read_trust_texts(name), None
    if texts is not None:
        encoder, vocabulary = trim(encoder, texts, examples, wanted)
        watch.note(f"trim the vocabulary from {vocabulary.tokens_before:,} to {vocabulary.tokens_after:,} tokens")
    if out is None:
        report = export_onnx(encoder, examples, own, wanted, callback=watch, trusted=trusted)
        describe_export(own, report, card=card)
        return Export(folder=own, report=report)
    with whole_folder(Path(out)) as aside:
        encoder.save(aside)
        if corpus is None and (own / "trust.json").is_file():
            shutil.copyfile(own / "trust.json", aside / "trust.json")
        report = export_onnx(encoder, examples, aside, wanted, callback=watch, vocabulary=vocabulary, trusted=trusted)
        describe_export(aside, report, card=card)
    return Export(folder=Path(out), report=report)


def compare(
    models: Sequence[str | Path],
    *,
    backends: Sequence[str] = (),
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    overrides: Overrides = (),
    price_per_hour: float | None = None,
    callback: ProgressCallback | None = None,
) -> CompareReport:
    """Put models side by side: scores, likeness to the first, latency, throughput, cost.

    Args:
        models: At least two saved models, the reference (a teacher) first.
        backends: Where each of them runs: one for all, or one for each; absent: `sdpa`.
        task: A known task, such as `sst-2`.
        data: Labelled examples, in any form that `distill` takes; absent: the development set of the last model's run.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: As in `distill`.
        overrides: Changes of `data`, as in `distill`.
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
    with held_aside(data) as held:
        options = DataOptions(task=task, data=held, text=text, text_pair=text_pair, label=label, labels=labels)
        settings = read_settings(names[-1], options, overrides)
        settings = settings.with_length(find_length(settings.data, *names))
        last = describe_model(names[-1])
        given = answer_of_model(last.config_words, last.label_names)
        examples = find_examples(settings.data, given, model=names[-1], takes_whole_file=data is not None)
    config = BenchConfig(lengths=(), has_probe=False)
    engines = [load_engine(name, backend) for name, backend in zip(names, each, strict=True)]
    watch = callback or SilentCallback()
    watch.note(examples.describe(make_batches(examples.split, engines[-1].model, max_length=examples.max_length)))
    return compare_models(engines, examples, config, price_per_hour=price_per_hour, callback=watch)
