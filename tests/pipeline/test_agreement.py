"""Without any gold label a student is measured by how far it agrees with its teacher, and every page says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from potstill import distill
from potstill.cli import app
from potstill.errors import DataError, RecipeError
from potstill.pipeline import remeasure
from potstill.results import AGREEMENT, Results, make_table

SETTINGS = ["precision=fp32", "stages.0.epochs=2", "stages.0.optimizer.learning_rate=3e-3"]
BARE = [*SETTINGS, "data.missing_labels=unlabeled"]


@pytest.fixture(scope="module")
def bare(reviews: Path, tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("bare") / "texts.csv"
    lines = [line.split(",")[0] for line in reviews.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def check_told(results: Results, folder: Path) -> None:
    assert results.reference == "teacher"
    assert AGREEMENT in make_table(results).title
    for page in ("report.html", "student/README.md"):
        assert AGREEMENT.replace("'", "&#39;") in (folder / page).read_text("utf-8").replace("'", "&#39;"), page


def test_a_model_judges_and_its_share_is_the_agreement(teacher: Path, bare: Path, tmp_path: Path) -> None:
    done = distill("kd", teacher=str(teacher), data=str(bare), text="review", out=tmp_path / "run", overrides=BARE)
    check_told(done.results, done.folder)
    guide, student = done.results.models
    assert guide.score == 1.0
    assert student.fidelity is not None
    assert student.score == student.fidelity.agreement  # type: ignore[union-attr]
    assert remeasure(done.folder).models[1].metrics == student.metrics


def test_a_table_judges_what_it_has_answered(base: Path, teacher: Path, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    asked = ["predict", str(teacher), "--data", str(bare), "--text", "review", "--with-text", "--out", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    lines = dict.fromkeys(out.read_text(encoding="utf-8").splitlines())
    kept = [line for number, line in enumerate(lines) if number % 3]
    out.write_text("\n".join(kept) + "\n", encoding="utf-8")
    given = {"data": str(bare), "text": "review", "teacher_answers": str(out), "base": str(base), "overrides": BARE}
    with pytest.raises(DataError, match=r"data\.labels \(--labels\): .* has no labels, and nothing says which"):
        distill("kd", out=tmp_path / "run", **given)
    done = distill("kd", labels=["bad", "good"], out=tmp_path / "run", **given)
    check_told(done.results, done.folder)
    assert done.results.num_examples < 24
    assert done.results.trust is not None
    assert done.results.trust.num_texts == done.results.num_examples
    assert done.results.models[0].score == 1.0
    examples = json.loads((done.folder / "examples.json").read_text(encoding="utf-8"))
    assert {example["gold"] for example in examples["spread"]} <= {"bad", "good"}


def test_what_needs_gold_labels_is_refused(teacher: Path, bare: Path, tmp_path: Path) -> None:
    given = {"teacher": str(teacher), "data": str(bare), "text": "review", "out": tmp_path / "run", "overrides": BARE}
    with pytest.raises(RecipeError, match="'hard_labels' reads gold labels, and no training example has one"):
        distill("kd-labels", **given)
    with pytest.raises(RecipeError, match="'hard_labels' reads gold labels, and no training example has one"):
        distill("kd", baselines=["hard-labels"], **given)
    with pytest.raises(RecipeError, match="augmentation: no training example has a label"):
        distill("kd", **given | {"overrides": [*BARE, "augmentation.method.kind=tang"]})
    assert not (tmp_path / "run").exists()
    done = distill("kd", **given)
    answer = CliRunner().invoke(app, ["evaluate", str(done.folder)])
    assert isinstance(answer.exception, DataError)
    assert "has no labels" in str(answer.exception)
