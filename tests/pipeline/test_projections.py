"""What an objective has learnt to project goes on in the next stage, and in a run that starts from the student."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertConfig

from potstill import distill
from potstill.errors import ModelError
from potstill.hub import Encoder, build_encoder, open_model
from potstill.objectives import EmbeddingsConfig, HiddenStatesConfig, SoftLabelsConfig
from potstill.run_folder import RunFolder
from potstill.training import Distiller

STILL = "optimizer.learning_rate=1e-12"
SHORT = ["precision=fp32", "stages.0.epochs=none", "stages.0.steps=4"]
HIDDEN = ['stages.0.objectives=[{kind="hidden_states"}]', "stages.0.select=last", *SHORT]


@pytest.fixture
def student(base: Path) -> Encoder:
    sizes = {"num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=19, hidden_size=8, **sizes)
    return build_encoder(config, open_model(str(base)).tokenizer, label_names=("a", "b"))


def make(student: Encoder, *configs: Any, width: int = 12) -> Distiller:
    teacher = build_encoder(
        BertConfig(vocab_size=19, hidden_size=width, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16),
        student.tokenizer,
        label_names=("a", "b"),
    )
    return Distiller(student, [teacher.shape], configs, path="stages.0")


def equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_projections_of_the_same_kind_and_shape_are_taken_over(student: Encoder) -> None:
    first = make(student, SoftLabelsConfig(), HiddenStatesConfig(), EmbeddingsConfig()).projections()
    assert set(first) == {
        *("hidden_states.projections.0.weight", "hidden_states.projections.0.bias"),
        *("embeddings.projection.weight", "embeddings.projection.bias"),
    }
    second = make(student, HiddenStatesConfig(layer_map="top"), SoftLabelsConfig())
    assert not equal(second.projections(), first)
    assert second.adopt_projections(first) == ("hidden_states",)
    kept = {key: value for key, value in first.items() if key.startswith("hidden_states")}
    assert equal(second.projections(), kept)


@pytest.mark.parametrize(
    ("config", "width"),
    [
        (HiddenStatesConfig(), 16),
        (HiddenStatesConfig(projection_bias=False), 12),
        (HiddenStatesConfig(projection="per_layer"), 12),
        (EmbeddingsConfig(), 12),
    ],
)
def test_projections_that_do_not_fit_are_drawn_anew(student: Encoder, config: Any, width: int) -> None:
    first = make(student, HiddenStatesConfig()).projections()
    second = make(student, config, width=width)
    before = second.projections()
    assert second.adopt_projections(first) == ()
    assert equal(second.projections(), before)


@pytest.fixture(scope="module")
def general(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a student whose last stage has learnt a projection."""
    out = tmp_path_factory.mktemp("general") / "run"
    where = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    return distill("kd", out=out, overrides=HIDDEN, **where).folder


@pytest.mark.parametrize("part", ["", "student"])
def test_a_run_from_a_student_goes_on_with_its_projection(
    teacher: Path, reviews: Path, general: Path, tmp_path: Path, part: str
) -> None:
    start = f'student.init={{kind="checkpoint", path="{general / part}"}}'
    where = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    run = distill("kd", out=tmp_path / "run", overrides=[*HIDDEN, start, f"stages.0.{STILL}"], **where)
    ours, theirs = load_file(run.folder / "projections.safetensors"), load_file(general / "projections.safetensors")
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight)


def test_a_fitted_projection_starts_where_a_random_one_has_yet_to_go(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    where = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    losses = {}
    for init in ("random", "fitted"):
        objectives = f'stages.0.objectives=[{{kind="hidden_states", projection_init="{init}"}}]'
        run = distill("kd", out=tmp_path / init, overrides=[*HIDDEN, f"stages.0.{STILL}", objectives], **where)
        steps = [event for event in RunFolder(path=run.folder).read_events() if event["event"] == "step"]
        losses[init] = steps[-1]["losses"]["hidden_states"]
    assert losses["fitted"] < losses["random"] / 2


def test_a_damaged_projection_is_refused(teacher: Path, reviews: Path, general: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "student").mkdir(parents=True)
    for path in (general / "student").iterdir():
        (copy / "student" / path.name).write_bytes(path.read_bytes())
    (copy / "projections.safetensors").write_bytes(b"no")
    where = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    start = f'student.init={{kind="checkpoint", path="{copy}"}}'
    with pytest.raises(ModelError, match=r"projections\.safetensors' cannot be read .*; delete it"):
        distill("kd", out=tmp_path / "run", overrides=[*HIDDEN, start], **where)
    assert not (tmp_path / "run").exists()


def test_the_next_stage_goes_on_with_the_projection_also_after_a_resume(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    second = ["stages.1.epochs=none", "stages.1.steps=2", f"stages.1.{STILL}", "stages.1.select=last"]
    both = ['stages.1.objectives=[{kind="hidden_states"}]', *second, *SHORT, "checkpoints.keep=9"]
    where = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    run = distill("kd-hidden", out=tmp_path / "run", overrides=both, **where).folder
    learnt = load_file(run / "projections.safetensors")
    (at_start,) = run.glob("checkpoints/001-*0/model.safetensors")
    stored = load_file(at_start)
    for name in ("weight", "bias"):
        torch.testing.assert_close(
            learnt[f"hidden_states.projections.0.{name}"], stored[f"objectives.0.projections.0.{name}"]
        )
    assert stored["objectives.0.projections.0.bias"].any(), "one drawn anew begins with a bias of 0"
    for name in ("results.json", "projections.safetensors"):
        (run / name).unlink()
    shutil.rmtree(run / "student")
    distill(str(run / "recipe.json"), resume=True)
    assert equal(load_file(run / "projections.safetensors"), learnt)
