"""From models to results, on tiny encoders."""

import numpy as np
import pytest

from potstill.answers import OneClass
from potstill.data import Split, Task
from potstill.engines import make_torch_engine, predict_logits
from potstill.errors import DataError
from potstill.evaluation import (
    EvaluationConfig,
    Examples,
    Subject,
    collect_results,
    evaluate_models,
    merge_models,
)
from potstill.progress import SilentCallback
from potstill.results import ClassFidelity, Results, ScoreFidelity

QUICK = EvaluationConfig(speed_repeats=1)


def given(task, split):
    return Examples(task=task, split=split, max_length=16)


@pytest.fixture
def evaluate(batches):
    def measure(encoder, task, split, *, role="student", teacher_logits=None, config=QUICK, name="kd"):
        engine = make_torch_engine(encoder, name=name)
        subject = Subject(role=role, engine=engine, batches=batches, training_seconds=1.5)
        return evaluate_models(
            [subject], given(task, split), teacher_logits=teacher_logits, config=config, callback=SilentCallback()
        )[0]

    return measure


def test_a_model_is_measured_on_every_side(evaluate, make_encoder, sentiment, split, batches):
    encoder = make_encoder()
    evaluated = evaluate(encoder, sentiment, split)
    result = evaluated.result
    np.testing.assert_array_equal(evaluated.logits, predict_logits(encoder, batches))
    assert result.metrics == sentiment.answer.measure(sentiment.metrics, evaluated.logits, split.labels)
    assert result.interval == sentiment.answer.interval("accuracy", evaluated.logits, split.labels)
    assert result.num_examples == 37
    assert result.fidelity is None
    assert result.size_bytes == 4 * result.parameters.total
    assert result.speed is not None
    assert result.speed.num_sentences == 37
    assert result.training_seconds == 1.5


def test_logits_are_put_into_the_order_of_the_tasks_labels(evaluate, make_encoder, split, batches):
    task = Task(name="three", answer=OneClass(label_names=("a", "b", "c")), is_pair=False, metrics=("accuracy",))
    encoder = make_encoder(label_names=("c", "a", "b"))
    ordered = predict_logits(encoder, batches)[:, [1, 2, 0]]
    np.testing.assert_array_equal(evaluate(encoder, task, split).logits, ordered)


def test_speed_is_left_out_on_request(evaluate, make_encoder, sentiment, split):
    config = EvaluationConfig(speed_sentences=None)
    assert evaluate(make_encoder(), sentiment, split, config=config).result.speed is None


def test_folders_are_named_without_where_they_lie(evaluate, make_encoder, sentiment, split, tmp_path):
    folder = tmp_path / "my-teacher"
    assert evaluate(make_encoder(), sentiment, split, name=str(folder)).result.name == "my-teacher"
    assert evaluate(make_encoder(), sentiment, split, name="org/model").result.name == "org/model"


def test_student_and_teacher_come_together_in_results(evaluate, make_encoder, sentiment, split, tmp_path):
    teacher = evaluate(make_encoder(num_layers=3), sentiment, split, role="teacher")
    student = evaluate(make_encoder(seed=1), sentiment, split, teacher_logits=teacher.logits)
    control = evaluate(
        make_encoder(seed=2), sentiment, split, role="student_hard_labels", teacher_logits=teacher.logits
    )
    results = collect_results(given(sentiment, split), [teacher, student, control], environment={"python": "3"})
    assert isinstance(student.result.fidelity, ClassFidelity)
    assert student.result.fidelity.agreement == np.mean(student.logits.argmax(1) == teacher.logits.argmax(1))
    assert student.result.fidelity == sentiment.answer.fidelity(student.logits, teacher.logits)
    assert student.result.fidelity != sentiment.answer.fidelity(teacher.logits, student.logits)
    assert teacher.result.fidelity is None
    assert [item.other for item in results.comparisons] == ["teacher", "student_hard_labels"]
    for item, other in zip(results.comparisons, (teacher, control), strict=True):
        assert item.difference == student.result.metrics["accuracy"] - other.result.metrics["accuracy"]
        assert item.interval[0] <= item.difference <= item.interval[1]
        assert item.share == student.result.score / other.result.score
    assert results.comparisons[0].share != 1.0
    assert (results.task, results.primary_metric, results.split, results.num_examples) == (
        "sentiment",
        "accuracy",
        "dev",
        37,
    )
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results


def test_a_regression_is_measured_on_every_side(evaluate, make_encoder, similarity, scored_split):
    teacher = evaluate(make_encoder(label_names=(), seed=1), similarity, scored_split, role="teacher")
    student = evaluate(make_encoder(label_names=()), similarity, scored_split, teacher_logits=teacher.logits)
    assert isinstance(student.result.fidelity, ScoreFidelity)
    assert list(student.result.metrics) == ["spearman", "pearson"]
    results = collect_results(given(similarity, scored_split), [teacher, student], environment={})
    assert results.comparisons[0].difference == pytest.approx(student.result.score - teacher.result.score)


def test_a_single_model_is_compared_with_nothing(evaluate, make_encoder, sentiment, split):
    single = evaluate(make_encoder(), sentiment, split, role="model")
    assert collect_results(given(sentiment, split), [single], environment={}).comparisons == ()


def test_a_split_without_labels_is_refused(evaluate, make_encoder, sentiment, split):
    with pytest.raises(DataError, match="'sentiment' has no labels"):
        evaluate(make_encoder(), sentiment, Split(texts=split.texts))


def test_models_are_timed_in_turns(make_encoder, sentiment, split, batches):
    turns = []
    encoders = [make_encoder(num_layers=layers) for layers in (1, 2, 3)]
    for number, encoder in enumerate(encoders):
        encoder.model.register_forward_pre_hook(lambda *_, number=number: turns.append(number))
    subjects = [Subject(role="student", engine=make_torch_engine(encoder), batches=batches) for encoder in encoders]
    config = EvaluationConfig(speed_sentences=1000, speed_repeats=3)
    evaluate_models(subjects, given(sentiment, split), config=config, callback=SilentCallback())
    rounds = [number for number, before in zip(turns, [None, *turns], strict=False) if number != before]
    assert rounds == [0, 1, 2] * 5  # the answers, a round that warms up, three that count


def test_an_ensemble_is_worth_what_its_members_say_together_and_costs_what_they_cost(
    evaluate, make_encoder, sentiment, split
):
    members = [evaluate(make_encoder(num_layers=layers), sentiment, split, role="teacher") for layers in (1, 3)]
    together = 0.2 * members[0].logits + 0.8 * members[1].logits
    merged = merge_models(members, together, given(sentiment, split), name="two")
    first, second = (member.result for member in members)
    assert merged.result.metrics == sentiment.answer.measure(sentiment.metrics, together, split.labels) != first.metrics
    assert merged.result.interval == sentiment.answer.interval("accuracy", together, split.labels)
    assert merged.result.parameters.encoder == first.parameters.encoder + second.parameters.encoder
    assert merged.result.parameters.total == first.parameters.total + second.parameters.total
    assert merged.result.size_bytes == first.size_bytes + second.size_bytes
    for name in ("sentences_per_second", "slowest", "fastest"):
        one_after_another = 1 / getattr(first.speed, name) + 1 / getattr(second.speed, name)
        assert getattr(merged.result.speed, name) == pytest.approx(1 / one_after_another)
