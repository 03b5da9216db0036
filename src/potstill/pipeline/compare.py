"""Compare saved models."""

from collections.abc import Sequence
from pathlib import Path

from potstill.answers import answer_of_model
from potstill.engines import find_backend, load_engine
from potstill.errors import ModelError
from potstill.hub import describe_model
from potstill.pipeline.examples import DataOptions, find_examples, read_settings
from potstill.progress import Observer, SilentObserver
from potstill.serving import BenchConfig, CompareReport, compare_models


def compare(
    models: Sequence[str | Path],
    *,
    backends: Sequence[str] = (),
    options: DataOptions | None = None,
    overrides: Sequence[str] = (),
    price_per_hour: float | None = None,
    observer: Observer | None = None,
) -> CompareReport:
    """Put models side by side: scores, likeness to the first, latency, throughput, cost.

    Args:
        models: At least two saved models, the reference (a teacher) first.
        backends: Where each of them runs: one for all, or one for each; absent: `sdpa`.
        options: The labelled examples; absent: the development set of the last model's run.
        overrides: `path=value` changes of `data`.
        price_per_hour: What this machine costs, in any currency.
        observer: Draws progress; absent: silence.

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
    takes_whole_file = options is not None and options.data is not None
    last = describe_model(names[-1])
    given = answer_of_model(last.config_words, last.label_names)
    examples = find_examples(settings.data, given, model=names[-1], takes_whole_file=takes_whole_file)
    config = BenchConfig(lengths=(), has_probe=False)
    watch = observer or SilentObserver()
    engines = [load_engine(name, backend) for name, backend in zip(names, each, strict=True)]
    return compare_models(engines, examples, config, price_per_hour=price_per_hour, observer=watch)
