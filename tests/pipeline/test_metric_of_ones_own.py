"""A metric of one's own chooses the weights and stands wherever metrics stand."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from unsealing import unseal

from potstill.cli.entry import run as run_command
from potstill.results import Predictions

KAPPA = Path(__file__).parents[1] / "plugins" / "quadratic_kappa.py"
METRICS = ("--set", 'data.metrics=["quadratic_kappa", "accuracy"]')
QUICK = ("--set", "precision=fp32", "--set", "stages.0.optimizer.learning_rate=2e-3", "--set", "stages.0.epochs=2")


def on(reviews: Path, label: str = "stars") -> list[str]:
    return ["--data", str(reviews), "--text", "review", "--label", label]


def refusal(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert run_command(command) == 2
    return " ".join(capsys.readouterr().err.split())


@pytest.fixture(scope="module")
def own_run(base: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    plugin = ("--plugin", str(KAPPA))
    learn = ("--set", "precision=fp32", "--set", "stages.0.optimizer.learning_rate=3e-3", "--set", "stages.0.epochs=12")
    teacher = ["finetune", str(base), *on(reviews), "--out", str(folder / "teacher"), *METRICS, *learn, *plugin]
    assert run_command(teacher) == 0
    student = ["distill", "kd", "--teacher", str(folder / "teacher"), *on(reviews), "--out", str(folder / "run")]
    assert run_command([*student, *METRICS, *QUICK, *plugin, "--baseline", "hard-labels"]) == 0
    return folder / "run"


def slow_kappa(predicted: list[int], gold: list[int]) -> float:
    observed = sum((ours - label) ** 2 for ours, label in zip(predicted, gold, strict=True)) / len(gold)
    expected = sum((ours - label) ** 2 for ours in predicted for label in gold) / len(gold) ** 2
    return 1 - observed / expected if expected else 0.0


def test_its_figure_and_interval_are_those_of_a_slow_bootstrap(own_run: Path) -> None:
    results = json.loads((own_run / "results.json").read_text())
    assert results["primary_metric"] == "quadratic_kappa"
    said = Predictions.read(own_run / "predictions.safetensors")
    gold = said.gold.tolist()
    for model in results["models"]:
        assert list(model["metrics"]) == ["quadratic_kappa", "accuracy"]
        predicted = said.logits[model["role"]].argmax(axis=1).tolist()
        assert model["metrics"]["quadratic_kappa"] == pytest.approx(slow_kappa(predicted, gold))
        generator, scores = np.random.default_rng(20_190_923), []
        for _ in range(1_000):
            drawn = generator.integers(len(gold), size=len(gold)).tolist()
            scores.append(slow_kappa([predicted[row] for row in drawn], [gold[row] for row in drawn]))
        assert model["interval"] == pytest.approx(np.quantile(scores, [0.025, 0.975]).tolist())


def test_it_chooses_the_weights_and_is_reported(own_run: Path) -> None:
    events = [json.loads(line) for line in (own_run / "events.jsonl").read_text().splitlines()]
    scores = [event["quadratic_kappa"] for event in events if event["event"] == "evaluation"]
    (end,) = (event for event in events if event["event"] == "stage")
    assert end["best_score"] in scores
    assert end["best_score"] >= max(scores) - end["margin"]
    assert "quadratic_kappa" in (own_run / "report.html").read_text()
    assert "quadratic_kappa" in (own_run / "student" / "README.md").read_text()
    assert json.loads((own_run / "recipe.json").read_text())["plugins"] == ["quadratic_kappa.py"]


@pytest.mark.slow
def test_it_is_measured_again_compared_and_exported(own_run: Path, reviews: Path, tmp_path: Path) -> None:
    plugin = ["--plugin", str(KAPPA)]
    assert run_command(["evaluate", str(own_run), "--out", str(tmp_path / "again.json"), *plugin]) == 0
    first, again = (json.loads(path.read_text()) for path in (own_run / "results.json", tmp_path / "again.json"))
    student = next(model for model in first["models"] if model["role"] == "student")
    assert again["models"][0]["metrics"] == pytest.approx(student["metrics"])
    models = [str(own_run.parent / "teacher"), str(own_run)]
    assert run_command(["compare", *models, "--out", str(tmp_path / "compared.json"), *plugin]) == 0
    assert "quadratic_kappa" in json.loads((tmp_path / "compared.json").read_text())["models"][0]["metrics"]
    export = ["export", str(own_run), *on(reviews), "--out", str(tmp_path / "exported"), "--max-drop", "20", *plugin]
    assert run_command(export) == 0
    assert json.loads((tmp_path / "exported" / "onnx" / "export.json").read_text())["metric"] == "quadratic_kappa"


def test_without_its_plugin_a_run_serves_and_says_what_a_measurement_needs(
    own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(own_run, tmp_path / "run")
    text = (unseal(run) / "recipe.json").read_text().replace("quadratic_kappa", "of_nobody")
    (run / "recipe.json").write_text(text)
    texts = tmp_path / "texts.txt"
    texts.write_text("a good film\n")
    assert run_command(["predict", str(run), "--data", str(texts)]) == 0
    assert run_command(["report", str(run)]) == 0
    assert "needs the plug-in 'of_nobody.py', which was not given" in refusal(capsys, "evaluate", str(run))
    assert run_command(["evaluate", str(run), "--set", "data.metrics=[]"]) == 0


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ('["macro_f2"]', "data.metrics: no metric 'macro_f2' is known for this task"),
        ('["spearman"]', "no metric 'spearman' is known for this task, whose kind is classification"),
        ("accuracy", "data.metrics: must be a list, not 'accuracy'"),
    ],
)
def test_a_metric_that_is_not_there_is_refused(
    base: Path, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], metrics: str, message: str
) -> None:
    command = ["finetune", str(base), *on(reviews), "--out", str(tmp_path / "run"), "--set", f"data.metrics={metrics}"]
    assert message in refusal(capsys, *command)
    assert not (tmp_path / "run" / "student").exists()


def test_a_known_task_says_its_metrics_itself(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["distill", "kd", "--task", "trec", "--set", 'data.metrics=["accuracy"]']
    assert "data.metrics: must be left out for task 'trec', which says this itself" in refusal(capsys, *command)


def test_a_metric_of_potstill_may_be_the_first(base: Path, reviews: Path, tmp_path: Path) -> None:
    metrics = ("--set", 'data.metrics=["macro_f1", "accuracy"]')
    run = ["finetune", str(base), *on(reviews), "--out", str(tmp_path / "run"), *metrics, "--set", "precision=fp32"]
    assert run_command([*run, "--set", "stages.0.epochs=1"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert list(results["models"][0]["metrics"]) == ["macro_f1", "accuracy"]
