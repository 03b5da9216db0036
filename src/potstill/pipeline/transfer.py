"""All texts that a run learns from: read once, kept by content beside the run."""

from dataclasses import replace

import numpy as np

from potstill.data import TransferSet, load_transfer
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import AugmentedExamples, TaskSource
from potstill.processes import main_first


def with_unlabeled(run: OpenRun[TaskSource]) -> OpenRun[TaskSource]:
    """Read what there is to learn from beyond the labelled examples, where a stage asks for it."""
    if not run.recipe.reads_transfer:
        return run
    with main_first():
        store, callback = run.folder.store, run.callback
        transfer = load_transfer(run.source.data, run.recipe.data, store=store, callback=callback)
    return replace(run, source=replace(run.source, transfer=transfer))


def with_examples(run: OpenRun[TaskSource], examples: AugmentedExamples) -> OpenRun[TaskSource]:
    """Add augmented examples, which belong to all texts, too, where a stage reads those."""
    source, config = run.source, run.recipe.augmentation
    assert config is not None, "a recipe that makes texts says how"
    if not run.recipe.reads_transfer:
        return replace(run, source=replace(source, augmented=examples))
    new, labels = np.flatnonzero(~examples.is_original), examples.labels(config.labels)
    texts = replace(examples.split, labels=labels).take(new)
    transfer = source.transfer or TransferSet.of_task(source.data, run.folder.store)
    transfer = transfer.joined(texts, source.data.measured)
    return replace(run, source=replace(source, augmented=examples, transfer=transfer))
