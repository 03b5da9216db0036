"""Time models side by side: what the command `bench` and programs call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from potstill.data import Given, Split, read_texts
from potstill.engines import find_backend
from potstill.errors import DataError, ModelError, RecipeError
from potstill.pipeline.given import held_aside
from potstill.progress import ProgressCallback, SilentCallback
from potstill.serving import BenchConfig, BenchReport, published_rows, run_bench, trained_columns

_ONLY = {
    "published": ("num_batches", "batch_size", "num_tokens"),
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
    is_published_table: bool = False,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    settings: Mapping[str, Any] | None = None,
    callback: ProgressCallback | None = None,
) -> BenchReport:
    """Measure how large and how fast models are, side by side.

    Args:
        models: Folders of saved models, run folders or hub names.
        shapes: Shapes to time with random weights: `12x768`, `4x312x1200`, `bilstm`, `bilstm:300x400`, `distilbert`.
        backends: Where each of them runs; absent: `sdpa`.
        is_published_table: Time the shapes of the published table, before any other.
        data: Texts to read: a file, or any form that `distill` takes; absent: random tokens with the lengths of QNLI.
        text: Column of the text.
        text_pair: Column of the second text.
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
    if data is not None and config.protocol == "published":
        raise DataError("--data: the protocol 'published' reads random tokens of one length; leave it out here.")
    wanted = [find_backend(name) for name in backends or ("sdpa",)]
    every = [*(published_rows() if is_published_table else ()), *shapes]
    saved = [(str(name), backend) for name in models for backend in wanted]
    bare = [(shape, backend) for shape in every for backend in wanted]
    if not saved + bare:
        raise ModelError("there is nothing to time; name models, or give --shape or --published-table.")
    split: Split | None = None
    if data is not None:
        if not models:
            raise DataError("--data: shapes read random tokens; name a model, or leave the data out.")
        own, own_pair = trained_columns(str(models[0]))
        with held_aside(data) as held:
            split = read_texts(Path(str(held)), text=text or own, text_pair=text_pair or own_pair)
    return run_bench(saved, bare, split, config, callback=callback or SilentCallback())
