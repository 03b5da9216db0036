"""Several teachers at once: each in its own words and label order, followed together or one by one."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tiny_reviews import WORDS
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
)
from unsealing import unseal

from potstill import distill, finetune, load
from potstill.data import load_task_data
from potstill.errors import PotstillError
from potstill.hub import load_classifier
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import make_distiller, make_targets
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.results import Predictions, Results
from potstill.run_folder import RunFolder
from potstill.teachers import combine_logits
from potstill.tensors import Needs

QUICK = ["precision=fp32", "stages.0.epochs=none", "stages.0.steps=6", "tracking.every_steps=1"]
WEIGHTS = "student/model.safetensors"
HIDDEN = '{kind="hidden_states"'


@pytest.fixture(scope="module")
def mirrored(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The teacher with its two labels the other way round."""
    folder = tmp_path_factory.mktemp("mirrored") / "model"
    shutil.copytree(teacher / "student", folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    names = [model.config.id2label[1], model.config.id2label[0]]
    with torch.no_grad():
        model.classifier.weight.copy_(model.classifier.weight.flip(0))
        model.classifier.bias.copy_(model.classifier.bias.flip(0))
    model.config.id2label, model.config.label2id = dict(enumerate(names)), {name: i for i, name in enumerate(names)}
    model.save_pretrained(folder)
    return unseal(folder)


@pytest.fixture(scope="module")
def foreigner(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that reads the same words under other ids."""
    folder = tmp_path_factory.mktemp("foreign")
    vocabulary = ["[PAD]", "[MASK]", "[UNK]", "[CLS]", "[SEP]", "grape", *reversed(WORDS)]
    torch.manual_seed(1)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    BertForSequenceClassification(BertConfig(vocab_size=len(vocabulary), **sizes)).save_pretrained(folder / "base")
    tokenizer = BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)})
    tokenizer.save_pretrained(folder / "base")
    learning = ["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3", "precision=fp32"]
    where = {"data": str(reviews), "text": "review", "label": "stars", "out": folder / "run"}
    assert finetune(str(folder / "base"), overrides=learning, **where).results.models[0].score > 0.9
    return folder / "run"


def follow(teachers: list[Path], reviews: Path, out: Path, *overrides: str, recipe: str = "kd", **more: Any) -> Path:
    return distill(
        recipe,
        teacher=[str(teacher) for teacher in teachers],
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=[*QUICK, *overrides],
        **more,
    ).folder


@pytest.fixture(scope="module")
def mirrored_run(teacher: Path, mirrored: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return follow([teacher, mirrored], reviews, tmp_path_factory.mktemp("together") / "run")


@pytest.fixture(scope="module")
def foreign_run(teacher: Path, foreigner: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    mixed = ("teacher.combine=probabilities", "teacher.weights=[1, 9]")
    return follow([teacher, foreigner], reviews, tmp_path_factory.mktemp("foreign") / "run", *mixed)


def test_a_teacher_and_its_mirror_image_teach_what_the_teacher_teaches(
    teacher: Path, mirrored: Path, mirrored_run: Path, reviews: Path, tmp_path: Path
) -> None:
    assert load_classifier(str(mirrored)).label_names == ("good", "bad"), "it has another order of labels"
    alone = follow([teacher], reviews, tmp_path / "alone")
    ours, theirs = load_file(mirrored_run / WEIGHTS), load_file(alone / WEIGHTS)
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, atol=1e-5, rtol=1e-4)


def test_an_ensemble_that_is_not_stored_teaches_the_same(
    teacher: Path, mirrored: Path, mirrored_run: Path, reviews: Path, tmp_path: Path
) -> None:
    stored = load_file(mirrored_run / WEIGHTS)
    running = load_file(follow([teacher, mirrored], reviews, tmp_path / "run", "teacher.store=false") / WEIGHTS)
    for name, weight in running.items():
        torch.testing.assert_close(weight, stored[name], atol=1e-4, rtol=1e-3)


def test_an_ensemble_across_tokenizers_is_measured_as_one_teacher(
    teacher: Path, foreigner: Path, foreign_run: Path
) -> None:
    results = Results.read(foreign_run / "results.json")
    assert [model.role for model in results.models] == ["teacher", "student"]
    found = results.find("teacher")
    assert found is not None
    assert found.parameters.total == sum(
        load_classifier(str(folder)).model.num_parameters() for folder in (teacher, foreigner)
    )
    assert found.score > 0.9
    assert len(list((foreign_run.parent / "store").glob("logits-*"))) == 2
    environment = json.loads((foreign_run / "environment.json").read_text())
    assert len(environment["teacher"]["members"]) == 2


def test_what_is_reported_of_an_ensemble_is_what_it_says_together(
    teacher: Path, foreigner: Path, foreign_run: Path
) -> None:
    data = load_task_data(load_recipe(str(foreign_run / "recipe.json")).data)
    alone = [torch.from_numpy(load(member).logits(data.dev)) for member in (teacher, foreigner)]
    together = combine_logits(alone, combine="probabilities", weights=(1.0, 9.0)).numpy()
    kept = Predictions.read(RunFolder(path=foreign_run).predictions)
    np.testing.assert_allclose(kept.logits["teacher"], together, atol=1e-4)
    found = Results.read(foreign_run / "results.json").find("teacher")
    assert found is not None
    assert found.metrics == data.task.answer.measure(data.task.metrics, together, data.dev.labels)


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("combine", ["logits", "probabilities"])
@pytest.mark.parametrize("weights", [None, [1.0, 9.0]])
def test_weights_and_combination_reach_what_is_followed_and_what_is_reported(
    teacher: Path,
    mirrored: Path,
    reviews: Path,
    tmp_path: Path,
    combine: str,
    weights: list[float] | None,
    is_stored: bool,
) -> None:
    fields = {"data.path": str(reviews), "data.text": "review", "data.label": "stars", "precision": "fp32"}
    settings = {"teacher.combine": combine, "teacher.weights": weights, "teacher.store": is_stored}
    names = [str(teacher), str(shift(mirrored, tmp_path / "shifted"))]
    recipe = load_recipe("kd", fields=fields | settings | {"teacher.models": names})
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    run = OpenRun(source=source, folder=RunFolder(path=tmp_path / "run"), callback=SilentCallback())
    run_teacher = find_teacher(run, lambda *_: None)
    assert run_teacher is not None
    assert run_teacher.dev_logits is not None
    (stage,), batches = recipe.stages, source.batches_of("train", run_teacher.encoder)
    distiller = make_distiller(stage, build_student(run, run_teacher), run_teacher)
    (followed,) = make_targets(run, stage, distiller, run_teacher).values()
    batch = batches.collate(np.arange(16))
    alone = [single.encoder(batch, Needs(logits=True)).logits.detach().numpy() for single in run_teacher.singles]
    told = followed.outputs(batch, Needs(logits=True)).logits
    assert told is not None
    np.testing.assert_allclose(told.numpy(), average(alone, combine, weights), atol=1e-4)
    on_dev = [source.logits(single.encoder) for single in run_teacher.singles]
    np.testing.assert_allclose(run_teacher.dev_logits, average(on_dev, combine, weights), atol=1e-4)


def shift(mirrored: Path, folder: Path) -> Path:
    """A teacher that is less sure of everything, and leans to one side."""
    shutil.copytree(mirrored, folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.weight.mul_(0.7)
        model.classifier.bias.add_(torch.tensor([0.05, -0.05]))
    model.save_pretrained(folder)
    return unseal(folder)


def average(logits: list[NDArray[np.float32]], combine: str, weights: list[float] | None) -> NDArray[np.float64]:
    """The mean of what teachers say, written out."""
    shares = np.array(weights or [1.0] * len(logits))
    shares /= shares.sum()
    parts = [np.exp(part) / np.exp(part).sum(axis=1, keepdims=True) for part in logits]
    whole = sum(share * part for share, part in zip(shares, logits if combine == "logits" else parts, strict=True))
    return np.array(whole if combine == "logits" else np.log(whole))


def test_an_ensemble_run_is_repeated_from_its_recipe(foreign_run: Path, tmp_path: Path) -> None:
    again = distill(str(foreign_run / "recipe.json"), out=tmp_path / "run")
    assert (again.folder / WEIGHTS).read_bytes() == (foreign_run / WEIGHTS).read_bytes()


def test_losses_follow_the_teacher_that_they_name(teacher: Path, mirrored: Path, reviews: Path, tmp_path: Path) -> None:
    losses = 'stages.0.objectives=[{{kind="soft_labels"{}}}, {{kind="hidden_states"{}}}]'
    both = follow([teacher, mirrored], reviews, tmp_path / "a", losses.format(", teacher=0", ", teacher=1"))
    alone = follow([teacher], reviews, tmp_path / "b", losses.format("", ", teacher=0"))
    ours, theirs = load_file(both / WEIGHTS), load_file(alone / WEIGHTS)
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ((f"stages.0.objectives=[{HIDDEN}}}]",), r"have only their logits in common; set teacher to .* 0 \.\. 1"),
        ((f"stages.0.objectives=[{HIDDEN}, teacher=2}}]",), r"there is no teacher 2; this run has 2 \(0 \.\. 1"),
        (
            ('stages.0.objectives=[{kind="relations", num_relation_heads=2, teacher=1}]',),
            r"between tokens that only one",
        ),
        (('stages.0.objectives=[{kind="hard_labels", teacher=0}]',), r"teacher is without effect here"),
    ],
)
def test_what_an_ensemble_cannot_give_is_refused(
    teacher: Path, foreigner: Path, reviews: Path, tmp_path: Path, overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PotstillError, match=message):
        follow([teacher, foreigner], reviews, tmp_path / "run", *overrides)
    assert not (tmp_path / "run").exists()


def test_probabilities_of_scores_are_refused(base: Path, reviews: Path, tmp_path: Path) -> None:
    settings = [*QUICK, "teacher.combine=probabilities"]
    with pytest.raises(PotstillError, match="needs classes and this task is a regression"):
        distill(
            "kd",
            teacher=[str(base), f"{base}/."],
            data=str(reviews),
            text="review",
            label="score",
            out=tmp_path / "x",
            overrides=settings,
        )
