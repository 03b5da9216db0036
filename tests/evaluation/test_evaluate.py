"""From models to results, on tiny encoders."""

import numpy as np
import pytest
import torch

from potstill.data import Split
from potstill.engines import predict_logits
from potstill.errors import DataError
from potstill.evaluation import (
    EvaluationConfig,
    Subject,
    collect_results,
    evaluate_model,
)
from potstill.progress import SilentObserver
from potstill.results import ClassFidelity, Results, ScoreFidelity

CPU = torch.device("cpu")
QUICK = EvaluationConfig(speed_repeats=1)


@pytest.fixture
def evaluate(batches):
    def measure(encoder, task, split, *, role="student", teacher_logits=None, config=QUICK, name="kd"):
        subject = Subject(role=role, name=name, encoder=encoder, batches=batches, training_seconds=1.5)
        return evaluate_model(
            subject, task, split, teacher_logits=teacher_logits, config=config, observer=SilentObserver()
        )

    return measure


def test_a_model_is_measured_on_every_side(evaluate, make_encoder, sentiment, split, batches):
    encoder = make_encoder()
    evaluated = evaluate(encoder, sentiment, split)
    result = evaluated.result
    np.testing.assert_array_equal(evaluated.logits, predict_logits(encoder, batches, device=CPU))
    assert result.metrics == sentiment.answer.measure(sentiment.metrics, evaluated.logits, split.labels)
    assert result.interval == sentiment.answer.interval("accuracy", evaluated.logits, split.labels)
    assert result.num_examples == 37
    assert result.fidelity is None
    assert result.size_bytes == 4 * result.parameters.total
    assert result.speed is not None
    assert result.speed.num_sentences == 37
    assert result.training_seconds == 1.5


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
    results = collect_results(sentiment, split, [teacher, student, control], environment={"python": "3"})
    assert isinstance(student.result.fidelity, ClassFidelity)
    assert student.result.fidelity.agreement == np.mean(student.logits.argmax(1) == teacher.logits.argmax(1))
    assert [item.other for item in results.comparisons] == ["teacher", "student_hard_labels"]
    for item, other in zip(results.comparisons, (teacher, control), strict=True):
        assert item.difference == student.result.metrics["accuracy"] - other.result.metrics["accuracy"]
        assert item.interval[0] <= item.difference <= item.interval[1]
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
    results = collect_results(similarity, scored_split, [teacher, student], environment={})
    assert results.comparisons[0].difference == pytest.approx(student.result.score - teacher.result.score)


def test_a_single_model_is_compared_with_nothing(evaluate, make_encoder, sentiment, split):
    single = evaluate(make_encoder(), sentiment, split, role="model")
    assert collect_results(sentiment, split, [single], environment={}).comparisons == ()


def test_a_split_without_labels_is_refused(evaluate, make_encoder, sentiment, split):
    with pytest.raises(DataError, match="'sentiment' has no labels"):
        evaluate(make_encoder(), sentiment, Split(texts=split.texts))
