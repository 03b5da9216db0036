"""A model as files for ONNX Runtime, each published whole, once it has passed its gates, or not at all."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from potstill.engines import (
    ONNX,
    ONNX_FP16,
    ONNX_INT8,
    check_export_packages,
    export_graph,
    group_nodes,
    kept_nodes,
    quantise,
    save_graph,
    write_fp16,
)
from potstill.errors import ModelError
from potstill.evaluation import Examples, TrustTexts
from potstill.files import whole_folder, write_json
from potstill.hub import Encoder, trim_vocabulary
from potstill.progress import ProgressCallback
from potstill.serving.export_config import ExportConfig
from potstill.serving.export_gate import check_parity, find_culprit, texts_of_all_lengths
from potstill.serving.export_measured import MeasuredModel
from potstill.serving.export_report import REPORT_NAME, ExportReport, FileReport, RefusedFile, VocabularyReport

_PACKAGES = ("potstill", "torch", "transformers", "onnx", "onnxscript", "onnxruntime")


def export_onnx(
    encoder: Encoder,
    examples: Examples,
    folder: Path,
    config: ExportConfig,
    *,
    callback: ProgressCallback,
    vocabulary: VocabularyReport | None = None,
    trusted: TrustTexts | None = None,
) -> ExportReport:
    """Export a model into the folder `onnx/` of its own folder.

    Args:
        encoder: The model, in eval mode on the CPU.
        examples: What the gates measure on.
        folder: Where the model's config and tokenizer are; an older `onnx/` is replaced once the float32 file has
            passed.
        config: What to make.
        callback: Is told each step.
        vocabulary: What was done to the vocabulary before.
        trusted: Texts that say when each file can be trusted; absent: nobody knows.

    Returns:
        What was made, and which smaller files were refused; it also lies in `onnx/export.json`.

    Raises:
        ModelError: The model cannot be exported, the float32 file did not pass, or `onnx/` holds something else. What
            was there is untouched then.
    """
    check_export_packages()
    refuse_foreign_folder(folder / "onnx", ".")
    measured = MeasuredModel(encoder, examples, trusted)
    with whole_folder(folder / "onnx") as aside:
        whole = aside / ONNX.file
        callback.note(f"export {type(encoder.model).__name__} with opset {config.opset}")
        save_graph(export_graph(encoder, opset=config.opset), whole)
        exported = ONNX.open(whole, measured.engine.model)
        parity = check_parity(measured.engine, exported, texts_of_all_lengths(examples.split, encoder), config)
        files = [measured.check(whole, ONNX)]
        if lost := _loss(files[0], config, "try another --opset"):
            raise ModelError(f"{lost.reason} Nothing was published.")
        refused: list[RefusedFile] = []
        for made in _make_smaller(whole, measured, config, callback):
            if isinstance(made, RefusedFile):
                for file in aside.glob(f"{made.file}*"):
                    file.unlink()
                refused.append(made)
            else:
                files.append(made)
        files = [measured.find_trust(each, aside, config) for each in files]
        report = ExportReport(
            task=examples.task.name,
            split=examples.split_name,
            num_examples=len(examples.split),
            metric=examples.task.metrics[0],
            score=files[0].score + files[0].drop / 100,
            parity=parity,
            files=tuple(files),
            refused=tuple(refused),
            vocabulary=vocabulary,
            settings=config,
            versions={name: version(name) for name in _PACKAGES},
        )
        write_json(aside / REPORT_NAME, report.model_dump(mode="json"))
    return report


def trim(
    encoder: Encoder, texts: Sequence[str], examples: Examples, config: ExportConfig
) -> tuple[Encoder, VocabularyReport]:
    """Drop the tokens that a corpus never uses, behind the same gate as an exported file.

    Args:
        encoder: The model; unchanged.
        texts: The corpus.
        examples: What the gate measures on.
        config: Gives the drop that is allowed.

    Returns:
        The smaller model, and what it cost.

    Raises:
        ModelError: The tokenizer cannot be trimmed, or the smaller model loses too much.
    """
    smaller = trim_vocabulary(encoder, texts)
    task, gold = examples.task, examples.split.labels
    assert gold is not None
    before, after = (
        task.answer.measure(task.metrics, MeasuredModel(each, examples).reference, gold)[task.metrics[0]]
        for each in (encoder, smaller)
    )
    report = VocabularyReport(
        tokens_before=encoder.shape.vocab_size, tokens_after=smaller.shape.vocab_size, drop=100 * (before - after)
    )
    if report.drop > config.max_drop:
        raise ModelError(
            f"with the {report.tokens_after:,} tokens of the corpus the model loses {report.drop:.2f} points and "
            f"--max-drop allows {config.max_drop:g}, so nothing was published; give a corpus that is like the data."
        )
    return smaller, report


def refuse_foreign_folder(folder: Path, *harmless: str) -> None:
    """Refuse to replace a folder that no export has made.

    Args:
        folder: What is to be replaced.
        harmless: Places below it in one of which an export's report lies.

    Raises:
        ModelError: There is something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not any((folder / place / REPORT_NAME).is_file() for place in harmless):
        raise ModelError(
            f"'{folder}' is there already and was not made by an export; remove it, or choose another folder with "
            "--out."
        )


def _make_smaller(
    whole: Path, measured: MeasuredModel, config: ExportConfig, callback: ProgressCallback
) -> Iterator[FileReport | RefusedFile]:
    """Make the smaller files, and say of each what it is worth or why it is refused."""
    if config.fp16:
        callback.note("make the float16 file")
        half = whole.with_name(ONNX_FP16.file)
        write_fp16(whole, half)
        report = measured.check(half, ONNX_FP16)
        yield _loss(report, config, "export without --fp16") or report
    if config.int8 != "none":
        callback.note(f"make the int8 file ({config.int8})")
        yield _make_int8(whole, measured, config)


def _make_int8(whole: Path, measured: MeasuredModel, config: ExportConfig) -> FileReport | RefusedFile:
    groups = group_nodes(whole)
    kept = set(kept_nodes(groups, config.keep_fp32))
    groups = {part: left for part, nodes in groups.items() if (left := [node for node in nodes if node not in kept])}
    if config.int8 == "static":  # a lookup has no range to measure, and quantised static it only costs time
        groups.pop("embeddings", None)
    small = whole.with_name(ONNX_INT8.file)
    calibration = [measured.batches.collate(place[None]) for place in measured.calibration_set(config)]
    nodes = [node for part in groups.values() for node in part]
    quantise(
        whole,
        small,
        nodes=nodes,
        per_channel=config.per_channel,
        calibration=calibration if config.int8 == "static" else None,
    )
    report = measured.check(small, ONNX_INT8)
    if _loss(report, config, "") is None:
        return measured.keep_company(report, small) if config.int8 == "dynamic" else report
    culprit = find_culprit(ONNX.open(whole, measured.engine.model), whole, groups, measured.batches, config)
    return _loss(report, config, f"most to blame is {culprit}; {_advice(config, culprit)}") or report


def _advice(config: ExportConfig, culprit: str) -> str:
    """Say what has not been tried yet, the likeliest first."""
    part = "embeddings" if culprit.startswith("embeddings") else "last-layer"
    other = "last-layer" if part == "embeddings" else "embeddings"
    tries: Sequence[tuple[bool, str]] = (
        (config.int8 == "static", "--int8 dynamic"),
        (not config.per_channel, "--per-channel"),
        (part not in config.keep_fp32, f"--keep-fp32 {part}"),
        (other not in config.keep_fp32, f"--keep-fp32 {other}"),
    )
    open_ones = [what for is_open, what in tries if is_open]
    return f"try {' or '.join(open_ones[:2])}" if open_ones else "serve the float32 file with --int8 none"


def _loss(report: FileReport, config: ExportConfig, advice: str) -> RefusedFile | None:
    """Refuse a file of which it is as good as certain that it loses more than is allowed."""
    low, high = report.drop_interval
    if low <= config.max_drop:
        return None
    reason = (
        f"{report.file} loses {report.drop:.2f} points [{low:.1f}, {high:.1f}] against the float32 model and "
        f"--max-drop allows {config.max_drop:g}; {advice}."
    )
    return RefusedFile(file=report.file, reason=reason)
