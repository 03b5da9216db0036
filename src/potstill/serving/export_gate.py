"""The gates of an export: what a file must be like to be published, and which part is to blame where it is not."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, Split, Task, tokenise
from potstill.engines import ONNX_INT8, Engine, OnnxEngine, quantise
from potstill.errors import ModelError
from potstill.hub import Encoder
from potstill.serving.export_config import ExportConfig
from potstill.serving.export_report import CompanyReport, FileReport, ParityReport
from potstill.tensors import Batch, TokenBlock

_PARITY_TEXTS = 32
_CULPRIT_EXAMPLES = 64
_SHORT, _LONG = 8, 1024
"""Between these many tokens, and no more than the model reads, every doubling of the length is tried."""
_BATCH_TOKENS = 4096
_COMPANY_TEXTS = 256
_DIGITS = 9
"""Of points, so that one text of 200 is exactly half a point."""


def texts_of_all_lengths(split: Split, encoder: Encoder) -> Batches:
    """Pick real texts of all lengths, and make texts of random tokens up to the longest that the model can read."""
    limit = min(encoder.max_tokens or _LONG, _LONG)
    order = np.argsort([len(text) for text in split.texts], kind="stable")
    spread = order[np.linspace(0, len(order) - 1, min(_PARITY_TEXTS, len(order))).astype(int)]
    doubled = [_SHORT << power for power in range((_LONG // _SHORT).bit_length()) if _SHORT << power < limit]
    words = cycle(" ".join(split.texts[:limit]).split())
    frames = [" ".join(islice(words, length)) for length in [*doubled, limit]]  # as long as that or longer, and cut
    pairs = None if split.pairs is None else [*(split.pairs[index] for index in spread), *reversed(frames)]
    texts = [*(split.texts[index] for index in spread), *frames]
    tokenised = tokenise(Split(texts=texts, pairs=pairs), encoder.tokenizer, max_length=limit)
    invented = replace(tokenised, tokens=_with_random_tokens(tokenised.tokens, len(spread), encoder))
    config = BatchConfig(tokens_per_batch=max(limit, _BATCH_TOKENS), examples_per_batch=8)
    return Batches(invented, config, seed=0)


def _with_random_tokens(tokens: TokenBlock, first: int, encoder: Encoder) -> TokenBlock:
    """Put random tokens in the place of all but the special ones, from an example on."""
    special = sorted(encoder.tokenizer.special_ids - {encoder.tokenizer.unknown_id})
    choice = np.setdiff1d(np.arange(encoder.shape.vocab_size), special)
    ids = tokens.ids.copy()
    places = np.arange(tokens.offsets[first], len(ids))
    places = places[~np.isin(ids[places], special)]
    ids[places] = np.random.default_rng(0).choice(choice, len(places))
    return replace(tokens, ids=ids)


def check_parity(reference: Engine, exported: Engine, batches: Batches, config: ExportConfig) -> ParityReport:
    """Compare the float32 file with PyTorch, alone and in padded batches."""
    every = list(batches.ordered())
    singles = [batches.collate(np.array([index], dtype=np.int64)) for index in range(len(batches.tokenised))]
    worst, worst_length = 0.0, 0
    for batch in [*every, *singles]:
        ours, theirs = exported.run(batch), reference.run(batch)
        difference = float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))
        if not difference <= worst:  # also where it is not a number
            worst, worst_length = difference, batch.input_ids.shape[1]
    if not worst <= config.tolerance:
        raise ModelError(
            f"the ONNX file does not repeat PyTorch: a logit differs by {worst:.2g} at {worst_length} tokens, and "
            f"{config.tolerance:g} is allowed; try another --opset, or serve the model with the back-end 'sdpa'."
        )
    lengths = batches.tokenised.tokens.lengths
    return ParityReport(
        num_texts=len(lengths),
        shortest=int(lengths.min()),
        longest=int(lengths.max()),
        largest_difference=worst,
        tolerance=config.tolerance,
    )


def check_metric(
    file: Path, task: Task, gold: Split, reference: NDArray[np.float32], logits: NDArray[np.float32]
) -> FileReport:
    """Measure what a file lost against the float32 model."""
    assert gold.labels is not None
    primary = task.metrics[0]
    low, high = task.answer.paired_intervals(primary, reference, logits, gold.labels).difference
    score, before = (task.answer.measure([primary], each, gold.labels)[primary] for each in (logits, reference))
    return FileReport(
        file=file.name,
        size_bytes=sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*")),
        score=score,
        drop=round(100 * (before - score), _DIGITS),
        drop_interval=(round(100 * low, _DIGITS), round(100 * high, _DIGITS)),
        agreement=task.answer.agreement(logits, reference),
        largest_difference=float(np.abs(logits - reference).max()),
    )


def measure_company(engine: Engine, task: Task, batches: Batches) -> CompanyReport:
    """Compare what a file answers to texts alone and in batches of similar length."""
    count = min(_COMPANY_TEXTS, len(batches.tokenised))
    chosen = np.linspace(0, len(batches.tokenised) - 1, count).astype(np.int64)
    order = chosen[np.argsort(batches.tokenised.tokens.lengths[chosen], kind="stable")]
    alone = _run(engine, [batches.collate(order[index : index + 1]) for index in range(count)])
    together = _run(engine, [batches.collate(part) for part in np.array_split(order, max(1, count // 32))])
    shares = [task.answer.probabilities(logits) for logits in (alone, together)]
    return CompanyReport(
        num_texts=count,
        agreement=task.answer.agreement(alone, together),
        largest_difference=float(np.abs(shares[0] - shares[1]).max()),
    )


def find_culprit(
    whole: OnnxEngine, file: Path, groups: dict[str, list[str]], batches: Batches, config: ExportConfig
) -> str:
    """Find the part whose quantisation changes the logits most, by quantising one part of a file at a time."""
    some = _sample(batches)
    reference = _run(whole, some)
    changes: dict[str, float] = {}
    for part, nodes in groups.items():
        trial = file.with_name(f"trial-{file.name}")
        calibration = some if config.int8 == "static" else None
        quantise(file, trial, nodes=nodes, per_channel=config.per_channel, calibration=calibration)
        changes[part] = float(np.abs(_run(ONNX_INT8.open(trial, whole.model), some) - reference).mean())
        trial.unlink()
    worst = max(changes, key=changes.__getitem__)
    total = sum(changes.values()) or 1.0
    return f"{worst} ({100 * changes[worst] / total:.0f} % of the change of the logits)"


def _sample(batches: Batches) -> list[Batch]:
    count = min(_CULPRIT_EXAMPLES, len(batches.tokenised))
    chosen = np.linspace(0, len(batches.tokenised) - 1, count).astype(np.int64)
    return [batches.collate(part) for part in np.array_split(chosen, max(1, count // 8))]


def _run(engine: Engine, batches: Sequence[Batch]) -> NDArray[np.float32]:
    return np.concatenate([engine.run(batch) for batch in batches])
