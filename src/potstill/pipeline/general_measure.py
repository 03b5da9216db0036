"""What a run on plain text has to tell: figures from its events, sizes, guesses, and the student's page."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from potstill.evaluation import describe_environment
from potstill.hub import count_parameters, load_masked_lm
from potstill.pipeline.general_study import GeneralStudy, require_base
from potstill.pipeline.heldout import fill_some
from potstill.results import CorpusFigures, Fill, GeneralResults, StageFigures
from potstill.run_folder import RunFolder
from potstill.training import StageConfig


def measure_general(study: GeneralStudy, folder: RunFolder, seconds: float) -> GeneralResults:
    """Gather what a run on plain text left."""
    events = folder.read_events()
    stages = tuple(_figures(stage, events) for stage in study.recipe.stages)
    corpus, counts = study.corpus, count_parameters(study.student)
    fills: tuple[Fill, ...] = ()
    if study.student.has_vocabulary_head:
        fills = fill_some(load_masked_lm(str(folder.student)).to(study.device).eval(), study.heldout())
    return GeneralResults(
        name=study.recipe.name,
        base=require_base(study.recipe),
        corpus=CorpusFigures(
            num_lines=corpus.num_lines,
            num_examples=len(corpus.train),
            num_tokens=len(corpus.train.tokens.ids),
            num_heldout=len(corpus.heldout),
            num_dropped=corpus.num_dropped,
            fingerprint=corpus.fingerprint,
        ),
        parameters=asdict(counts) | {"total": counts.total},
        stages=stages,
        masked_lm_accuracy=stages[-1].after.get("masked_lm_accuracy"),
        fills=fills,
        training_seconds=round(seconds, 2),
        environment=describe_environment(),
    )


def describe_general(results: GeneralResults) -> str:
    """Write a general student's page."""
    after = results.stages[-1].after
    figures = "\n".join(f"| {name} | {value:.4f} |" for name, value in after.items())
    return (
        f"# A general student: {results.name}\n\n"
        f"Made by Potstill from `{Path(results.base).name}` and {results.corpus.num_lines:,} lines of text, without "
        "any task. Start a distillation from it:\n\n"
        "    potstill distill RECIPE --general FOLDER --task TASK\n\n"
        "## On text that was held out\n\n"
        f"| figure | value |\n|---|---|\n{figures}\n"
    )


def _figures(stage: StageConfig, events: list[dict[str, Any]]) -> StageFigures:
    """Read what a stage did from the events."""
    own = [event for event in events if event.get("stage") == stage.name]
    scores = [
        {name: value for name, value in event.items() if name not in ("event", "stage", "step")}
        for event in own
        if event["event"] == "evaluation"
    ]
    end = next(event for event in own if event["event"] == "stage")
    return StageFigures(name=stage.name, steps=end["steps"], before=scores[0], after=scores[-1])
