"""results.json: round trip, schema on file, clear errors."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from potstill.errors import RunError
from potstill.results import ClassFidelity, Comparison, ModelResult, Parameters, Results, ScoreFidelity, Speed

SCHEMA = Path(__file__).parents[2] / "docs" / "results-schema.json"


@pytest.fixture
def results() -> Results:
    speed = Speed(
        sentences_per_second=812.5,
        slowest=790.0,
        fastest=820.0,
        num_repeats=5,
        num_sentences=256,
        device="cpu",
        num_threads=2,
        precision="fp32",
    )
    student = ModelResult(
        role="student",
        name="kd",
        metrics={"matthews": 0.41, "accuracy": 0.8},
        interval=(0.35, 0.47),
        num_examples=1043,
        fidelity=ClassFidelity(agreement=0.9, divergence=0.1),
        parameters=Parameters(embeddings=10, encoder=20, pooler=3, head=2, total=35),
        size_bytes=140,
        speed=speed,
        training_seconds=12.5,
    )
    teacher = student.model_copy(update={"role": "teacher", "fidelity": None, "speed": None})
    return Results(
        task="cola",
        primary_metric="matthews",
        num_examples=1043,
        models=(teacher, student),
        comparisons=(Comparison(other="teacher", difference=-0.1, interval=(-0.2, -0.05)),),
        environment={"python": "3.11", "gpus": [], "packages": {"torch": None}},
        created=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_results_survive_the_file(results, tmp_path):
    path = tmp_path / "results.json"
    results.write(path)
    assert Results.read(path) == results
    assert list(json.loads(path.read_text())["models"][0]["metrics"]) == ["matthews", "accuracy"]
    assert json.loads(path.read_text())["created"] == "2025-01-02T03:04:05Z"


def test_score_fidelity_survives_the_file(results, tmp_path):
    fidelity = ScoreFidelity(pearson=0.9, mean_absolute_difference=0.2)
    models = tuple(model.model_copy(update={"fidelity": fidelity}) for model in results.models)
    results.model_copy(update={"models": models}).write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json").models[0].fidelity == fidelity


def test_models_are_found_by_role(results):
    student = results.find("student")
    assert student is not None
    assert student.score == 0.41
    assert results.find("student_hard_labels") is None


def test_a_missing_file_is_one_clear_sentence(tmp_path):
    with pytest.raises(RunError, match=r"cannot be read \(No such file or directory\); .* --resume' measures the run"):
        Results.read(tmp_path / "results.json")


@pytest.mark.parametrize("text", ["", "{", "\x80"])
def test_a_broken_file_is_one_clear_sentence(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match="it is not (JSON|UTF-8)"):
        Results.read(path)


def test_a_list_is_no_results(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("[]")
    with pytest.raises(RunError, match="holds a list, not an object"):
        Results.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"models": []}, "models"),
        ({"task": None}, "task"),
        ({"surplus": 1}, "surplus: no such field"),
        ({"primary_metric": "accuracy"}, "the first metric of teacher must be the primary one, accuracy"),
    ],
)
def test_a_file_off_the_schema_names_the_field(results, tmp_path, change, message):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results.model_dump(mode="json") | change))
    with pytest.raises(RunError, match=message):
        Results.read(path)


def test_parameters_must_add_up():
    with pytest.raises(ValueError, match="add up to total = 5"):
        Parameters(embeddings=1, encoder=1, pooler=1, head=1, total=5)


def test_every_field_is_documented():
    for model in (*Results.__subclasses__(), Results, ModelResult, Comparison, Parameters, Speed, ClassFidelity):
        assert issubclass(model, BaseModel)
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_the_schema_in_the_docs_is_the_schema_of_the_code():
    assert json.loads(SCHEMA.read_text()) == Results.model_json_schema(), (
        "results.json changed its schema; write docs/results-schema.json anew with "
        "'python scripts/write_results_schema.py' and raise schema_version where old readers would break"
    )
