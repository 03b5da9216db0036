"""Compare models on the same examples, and put what was measured into `Results`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from pydantic import JsonValue

from potstill.controls import known_controls
from potstill.evaluation.evaluate import EvaluatedModel
from potstill.evaluation.labelled import Examples
from potstill.results import BagOfWords, Comparison, QuotedModel, QuotedResults, Results, TransferFigures


def collect_results(
    examples: Examples,
    models: Sequence[EvaluatedModel],
    tested: Sequence[EvaluatedModel] = (),
    *,
    environment: dict[str, JsonValue],
    transfer: TransferFigures | None = None,
) -> Results:
    """Put the models of a run side by side.

    Args:
        examples: What they were measured on.
        models: At least one. The student, where there is one, is compared with each of the others.
        tested: The same on the test set; empty where the examples have none.
        environment: From `describe_environment`.
        transfer: What was learnt from beyond the training examples.

    Returns:
        What belongs into results.json.

    Raises:
        DataError: The examples have no labels.
    """
    return Results(
        task=examples.task.name,
        primary_metric=examples.task.metrics[0],
        split=examples.split_name,
        num_examples=len(examples.gold),
        models=tuple(model.result for model in models),
        chosen_on=examples.chosen_on,
        comparisons=_compare_student(models, examples),
        between_controls=_compare_controls(models, examples),
        bag_of_words=_compare_words(models, examples),
        test=None if examples.test is None else _collect_test(examples.test, tested),
        reference="teacher" if examples.is_judged else "gold",
        transfer=transfer,
        environment=environment,
        created=datetime.now(UTC).replace(microsecond=0),
    )


def compare_pair(model: EvaluatedModel, other: EvaluatedModel, examples: Examples) -> Comparison:
    """Compare two models on the same examples.

    Args:
        model: The one, such as the student.
        other: The other.
        examples: What both were measured on.

    Returns:
        Difference and share of the primary metric with their intervals, and McNemar's test for classes.
    """
    task, gold = examples.task, examples.gold
    intervals = task.answer.paired_intervals(task.metrics[0], model.logits, other.logits, gold)
    ours, theirs = model.result.score, other.result.score
    return Comparison(
        model=model.result.role,
        other=other.result.role,
        difference=ours - theirs,
        interval=intervals.difference,
        share=ours / theirs if theirs > 0 else None,
        share_interval=intervals.share,
        mcnemar=task.answer.mcnemar(model.logits, other.logits, gold),
    )


def _collect_test(examples: Examples, models: Sequence[EvaluatedModel]) -> QuotedResults:
    results = [model.result for model in models]
    return QuotedResults(
        split=examples.split_name,
        num_examples=len(examples.gold),
        models=tuple(
            QuotedModel(role=each.role, metrics=each.metrics, interval=each.interval, fidelity=each.fidelity)
            for each in results
        ),
        comparisons=_compare_student(models, examples),
        between_controls=_compare_controls(models, examples),
        bag_of_words=_compare_words(models, examples),
    )


def _compare_words(models: Sequence[EvaluatedModel], examples: Examples) -> BagOfWords | None:
    """Hold the teacher, or what was fine-tuned, against what the words alone tell."""
    judged = next((model for model in models if model.result.role in ("teacher", "model")), None)
    words = examples.words
    if words is None or judged is None or examples.is_judged:
        return None
    answer, metric, gold = examples.task.answer, examples.task.metrics[0], examples.gold
    logits = words.answer(examples.split)
    score = answer.measure((metric,), logits, gold)[metric]
    return BagOfWords(
        score=score,
        num_texts=words.num_texts,
        model=judged.result.role,
        lead=judged.result.score - score,
        interval=answer.paired_intervals(metric, judged.logits, logits, gold).difference,
    )


def _compare_student(models: Sequence[EvaluatedModel], examples: Examples) -> tuple[Comparison, ...]:
    student = next((model for model in models if model.result.role == "student"), None)
    if student is None:
        return ()
    return tuple(compare_pair(student, other, examples) for other in models if other is not student)


def _compare_controls(models: Sequence[EvaluatedModel], examples: Examples) -> tuple[Comparison, ...]:
    """Compare each control with the next one, which differs more from the student."""
    by_role = {model.result.role: model for model in models}
    found = [by_role[control.role] for control in known_controls() if control.role in by_role]
    return tuple(compare_pair(model, other, examples) for model, other in pairwise(found))
