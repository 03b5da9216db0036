import json
import re
from datetime import UTC, datetime

import pytest
import yaml

from potstill.evaluation import write_model_card
from potstill.recipe import load_recipe
from potstill.results import ModelResult, Parameters, Results, Speed

NAME = "owner/encoder"


def make_model(role, *, accuracy):
    return ModelResult(
        role=role,
        name=NAME,
        metrics={"accuracy": accuracy, "f1": accuracy - 0.1},
        interval=(accuracy - 0.05, accuracy + 0.05),
        num_examples=500,
        parameters=Parameters(embeddings=700, encoder=250, pooler=30, head=20, total=1000),
        size_bytes=4000,
        speed=Speed(
            sentences_per_second=100.0,
            slowest=90.0,
            fastest=110.0,
            num_repeats=5,
            num_sentences=256,
            device="cpu",
            num_threads=2,
            precision="fp32",
        ),
    )


def make_results(*models):
    return Results(
        task='fine "print": a task',
        primary_metric="accuracy",
        num_examples=500,
        models=models,
        environment={"cpu": "A Processor 3000"},
        created=datetime(2030, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def write(tmp_path):
    def write(results, name="kd", **fields):
        recipe = load_recipe(name, fields=fields).to_json()
        write_model_card(tmp_path, results, recipe=recipe, pipeline_tag="text-classification")
        text = (tmp_path / "README.md").read_text(encoding="utf-8")
        front, page = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.S).groups()
        return yaml.safe_load(front), page

    return write


def test_metrics_have_the_names_that_the_hub_knows(write):
    model = make_model("student", accuracy=0.9)
    figures = {"spearman": 0.8, "pearson": 0.7, "pearson_spearman": 0.75}
    changed = {"primary_metric": "spearman", "models": (model.model_copy(update={"metrics": figures}),)}
    front, _ = write(make_results(model).model_copy(update=changed))
    measured = front["model-index"][0]["results"][0]["metrics"]
    assert [figure["type"] for figure in measured] == ["spearmanr", "pearsonr", "pearson_spearman"]
    assert [figure["name"] for figure in measured] == list(figures)
    assert front["metrics"] == ["spearmanr", "pearsonr", "pearson_spearman"]


def test_the_front_matter_holds_the_students_figures(write):
    results = make_results(make_model("teacher", accuracy=0.95), make_model("student", accuracy=0.9))
    front, _ = write(results, **{"teacher.model": NAME})
    (entry,) = front["model-index"]
    (measured,) = entry["results"]
    assert measured["dataset"]["name"] == 'fine "print": a task'
    assert [(figure["type"], figure["value"]) for figure in measured["metrics"]] == [("accuracy", 0.9), ("f1", 0.8)]
    assert front["library_name"] == "transformers"
    assert front["pipeline_tag"] == "text-classification"
    assert "knowledge-distillation" in front["tags"]
    assert front["base_model"] == NAME


def test_the_page_says_what_it_is_and_how_to_use_it(write):
    results = make_results(make_model("teacher", accuracy=0.95), make_model("student", accuracy=0.9))
    _, page = write(results, **{"teacher.model": NAME, "seed": 11})
    for words in (
        f"distilled from the teacher `{NAME}`",
        "arXiv:1503.02531",
        "| teacher | 95.0",
        "| student | 90.0",
        'pipeline("text-classification", "path/to/student")',
        "seed 11",
        "500 examples",
        "A Processor 3000 (2 threads, fp32)",
        "the mistakes and the biases of its teacher",
    ):
        assert words in page


def test_a_card_tells_no_folders(write, tmp_path):
    teacher = tmp_path / "secret" / "teacher"
    teacher.mkdir(parents=True)
    results = make_results(make_model("student", accuracy=0.9))
    front, page = write(results, **{"teacher.model": str(teacher), "data.path": str(tmp_path / "secret" / "x.csv")})
    assert "secret" not in json.dumps(front) + page
    assert "`teacher`" in page
    assert "`x.csv`" in page
    assert "base_model" not in front


def test_a_fine_tuned_model_is_not_called_a_student(write):
    front, page = write(make_results(make_model("model", accuracy=0.9)), "teacher", **{"teacher.base": "minilm"})
    assert "knowledge-distillation" not in front["tags"]
    assert "fine-tuned from `minilm`" in page
    assert "student" not in page.lower()
