"""A tiny random encoder, a small task that can be learnt, and a teacher fine-tuned on it by the pipeline itself."""

from pathlib import Path

import pytest
from tiny_reviews import make_base, save_base, write_reviews

from potstill import distill, finetune


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of 3 layers without a classification head."""
    return save_base(tmp_path_factory.mktemp("base"), make_base(num_hidden_layers=3))


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 240 reviews whose label is whether they say `good` or `bad`."""
    return write_reviews(tmp_path_factory.mktemp("data"), count=240)


@pytest.fixture(scope="session")
def teacher(base: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a teacher that knows the task."""
    out = tmp_path_factory.mktemp("teacher") / "run"
    run = finetune(
        str(base),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3", "precision=fp32"],
    )
    assert run.results.models[0].score > 0.9
    return out


@pytest.fixture(scope="session")
def student_run(base: Path, teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a student distilled from the teacher, with all controls."""
    out = tmp_path_factory.mktemp("student") / "run"
    distill(
        "kd",
        teacher=str(teacher),
        teacher_base=str(base),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=["stages.0.optimizer.learning_rate=3e-3", "precision=fp32"],
        baselines=["hard-labels", "base-start", "random-start"],
    )
    return out
