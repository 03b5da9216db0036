"""Measure what a run made, from its saved folders: models on a task side by side, or a student of plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from potstill.controls import find_controls, known_controls
from potstill.engines import make_torch_engine
from potstill.errors import RunError
from potstill.evaluation import (
    EvaluatedModel,
    EvaluationConfig,
    Examples,
    Subject,
    choose_examples,
    collect_results,
    describe_environment,
    draw_attention,
    evaluate_models,
    label_examples,
    learn_words,
    measure_answers,
    merge_models,
)
from potstill.hub import Encoder, count_parameters, load_classifier, load_masked_lm
from potstill.pipeline.chosen import read_chosen
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.shared_runs import require_base, task_part
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.teacher import answer_split, find_teacher, judge
from potstill.pipeline.text_source import TextSource
from potstill.pipeline.transfer import load_examples, with_texts
from potstill.pipeline.trusting import keep_trust
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.results import (
    ChosenWeights,
    CorpusFigures,
    Fill,
    GeneralResults,
    Predictions,
    Results,
    Role,
    StageFigures,
)
from potstill.run_folder import RunFolder
from potstill.training import StageConfig, fill_some


@dataclass(frozen=True, kw_only=True)
class _Model:
    """A model that a run measures."""

    encoder: Encoder
    role: Role
    name: str
    seconds: float | None = None
    chosen: tuple[ChosenWeights, ...] = ()

    def read(self, run: OpenRun[TaskSource], split: Literal["dev", "test"]) -> Subject:
        """Let it read a split; further ones are read beside dev."""
        source = run.source
        others = source.data.other_dev if split == "dev" else ()
        return Subject(
            role=self.role,
            engine=make_torch_engine(self.encoder.to(run.device), name=self.name, precision=run.precision),
            batches=source.batches_of(split, self.encoder),
            training_seconds=self.seconds,
            other_batches={other: source.batches_of(other, self.encoder) for other in others},
            chosen=self.chosen,
        )


def measure(run: OpenRun[TaskSource], teacher: RunTeacher | None, trained: Mapping[str, float | None]) -> Results:
    """Evaluate every model of a run, on a test set too where there is one, and keep what its report shows besides."""
    models = _find_models(run, teacher, trained)
    data = run.source.data
    words = learn_words(data.train, data.task.answer)
    examples = label_examples(data, run.recipe.data, chosen_on=run.recipe.chosen_on, words=words)
    evaluated = _evaluate(run, teacher, models, examples)
    shown = {"student", "model", *(() if teacher is None or teacher.members else ("teacher",))}
    encoders = {model.role: model.encoder for model in models if model.role in shown}
    _keep_evidence(run, {model.result.role: model.logits for model in evaluated}, encoders)
    tested = [] if examples.test is None else _evaluate(run, teacher, models, examples.test)
    own = next(model for model in models if model.role in ("student", "model"))
    trust = keep_trust(run, teacher, own.encoder, own.chosen)
    learnt = None if run.source.transfer is None else run.source.transfer.figures
    results = collect_results(examples, evaluated, tested, environment=describe_environment(), transfer=learnt)
    return results.model_copy(update={"trust": trust})


def _find_models(
    run: OpenRun[TaskSource], teacher: RunTeacher | None, trained: Mapping[str, float | None]
) -> list[_Model]:
    """Load what was trained, and put the teachers before it."""
    running = [] if teacher is None else [each for each in teacher.singles if each.encoder is not None]
    models = [_Model(encoder=each.model, role="teacher", name=each.name, chosen=each.chosen) for each in running]
    for name, seconds in trained.items():
        place = run.folder if name == "student" else run.folder.nested(name)
        own: Role = "model" if run.recipe.student.is_source else "student"
        models.append(
            _Model(
                encoder=load_classifier(str(place.student)),
                role=own if name == "student" else find_controls([name])[0].role,
                name=run.recipe.name,
                seconds=seconds,
                chosen=read_chosen(place, run.recipe.stages, metric=run.source.data.task.metrics[0]),
            )
        )
    return models


def _evaluate(
    run: OpenRun[TaskSource], teacher: RunTeacher | None, models: Sequence[_Model], examples: Examples
) -> list[EvaluatedModel]:
    """Measure models on the development or the test set; several teachers become one."""
    split: Literal["dev", "test"] = "dev" if examples.split is run.source.data.dev else "test"
    taught = None
    if teacher is not None:
        taught = teacher.dev_logits if split == "dev" else answer_split(run, teacher, split)
    evaluated = evaluate_models(
        [model.read(run, split) for model in models],
        examples,
        teacher_logits=taught,
        config=EvaluationConfig() if split == "dev" else EvaluationConfig(speed_sentences=None),
        callback=run.callback,
    )
    if teacher is not None and teacher.table is not None and taught is not None:
        size = teacher.table.path.stat().st_size
        return [measure_answers(taught, examples, name=teacher.name, size_bytes=size), *evaluated]
    if teacher is None or not teacher.members:
        return evaluated
    assert taught is not None, "a teacher of a task has answered"
    number = len(teacher.members)
    return [merge_models(evaluated[:number], taught, examples, name=teacher.name), *evaluated[number:]]


def _keep_evidence(
    run: OpenRun[TaskSource], logits: Mapping[str, NDArray[np.float32]], shown: Mapping[str, Encoder]
) -> None:
    """Write every model's logits, the examples that are worth a look, and the attention over some of them."""
    task, dev = run.source.data.task, run.source.data.dev
    assert dev.labels is not None
    Predictions(
        task=task.name,
        kind=task.answer.kind,
        split="dev",
        label_names=task.label_names,
        gold=dev.labels.values,
        offsets=None if dev.labels.is_one_each else dev.labels.offsets,
        logits=logits,
    ).write(run.folder.predictions)
    chosen = choose_examples(task, dev, logits)
    chosen.write(run.folder.examples)
    maps = draw_attention(shown, dev, [example.id for example in chosen.spread])
    if maps is not None:
        maps.write(run.folder.attention)


def measure_general(run: OpenRun[TextSource], student: Encoder, seconds: float) -> GeneralResults:
    """Gather what a run on plain text left."""
    events = run.folder.read_events()
    stages = tuple(_figures(stage, events) for stage in run.recipe.stages)
    corpus, counts = run.source.corpus, count_parameters(student)
    fills: tuple[Fill, ...] = ()
    if student.has_vocabulary_head:
        fills = fill_some(load_masked_lm(str(run.folder.student)).to(run.device).eval(), run.source.heldout(student))
    return GeneralResults(
        name=run.recipe.name,
        base=require_base(run.recipe),
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


def remeasure(path: Path, *, callback: ProgressCallback | None = None) -> Results:
    """Measure the models of a finished run anew, on the machine at hand.

    Args:
        path: The run folder; its results, predictions, examples and attention maps are replaced.
        callback: Draws progress; absent: silence.

    Returns:
        The new results.

    Raises:
        RunError: The folder holds no finished run, or the teacher that was fine-tuned for it is gone.
        PotstillError: The data or a model that the recipe names cannot be loaded.
    """
    folder = RunFolder(path=path)
    before = Results.read(folder.results)
    recipe = load_recipe(str(folder.recipe))
    source = TaskSource(recipe=task_part(recipe), data=load_examples(recipe))
    run = OpenRun(source=source, folder=folder, callback=callback or SilentCallback())
    run = with_texts(run) if before.transfer is not None and before.transfer.num_held_out else run
    run, teacher = judge(run, find_teacher(run, _refuse))
    seconds = {model.role: model.training_seconds for model in before.models}
    trained = {"student": seconds.get("student", seconds.get("model"))}
    for control in known_controls():
        if folder.nested(control.name).student.is_dir():
            trained[control.name] = seconds.get(control.role)
    results = measure(run, teacher, trained).model_copy(update={"transfer": before.transfer})
    results.write(folder.results)
    return results


def _refuse(recipe: Recipe, folder: Path, is_begun: bool) -> object:  # noqa: FBT001, ARG001 - as find_teacher calls it
    raise RunError(f"the teacher of this run is gone: '{folder}' is no finished run; bring it back, or run it anew.")
