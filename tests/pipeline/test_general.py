"""Plain text before the task: pre-training, general distillation, and what starts from them."""

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from killing import kill_after_checkpoints
from tiny_reviews import WORDS
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

from potstill import GeneralRun, distill, pretrain
from potstill.errors import DataError, ModelError, RecipeError
from potstill.hub import load_masked_lm
from potstill.recipe import load_recipe
from potstill.training import fill_some

QUICK = ["precision=fp32", "data.corpus.max_length=24", "data.corpus.min_length=4"]
GENERAL = [
    *QUICK,
    "student.num_layers=2",
    "stages.general.epochs=2",
    "stages.general.accumulate=1",
    "stages.general.batches.examples_per_batch=16",
    "stages.general.optimizer.learning_rate=3e-3",
]
TASK = {"text": "review", "label": "stars"}
SCRIPT = """
import sys
from potstill import pretrain
base, corpus, out, *overrides = sys.argv[1:]
pretrain(base, recipe="distilbert-4", corpus=[corpus], out=out, overrides=overrides)
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 lines of text in which a word is always followed by the same one."""
    generator = random.Random(0)
    lines = []
    for _ in range(160):
        start, length = generator.randrange(len(WORDS)), generator.randint(4, 12)
        lines.append(" ".join(WORDS[(start + step) % len(WORDS)] for step in range(length)))
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def general(base: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> GeneralRun:
    """A student of two layers that went through the triple loss of DistilBERT."""
    out = tmp_path_factory.mktemp("general") / "run"
    return pretrain(str(base), recipe="distilbert-4", corpus=[str(corpus)], out=out, overrides=GENERAL)


def weights(run: GeneralRun) -> bytes:
    return (run.student / "model.safetensors").read_bytes()


def test_pretraining_teaches_an_encoder_to_predict_words(base: Path, corpus: Path, tmp_path: Path) -> None:
    overrides = [
        *QUICK,
        "data.corpus.packing=lines",
        "stages.pretrain.epochs=30",
        "stages.pretrain.batches.examples_per_batch=16",
        "stages.pretrain.optimizer.learning_rate=5e-3",
    ]
    run = pretrain(str(base), corpus=[str(corpus)], out=tmp_path / "run", overrides=overrides)
    (stage,) = run.results.stages
    assert stage.after["loss"] < stage.before["loss"] - 0.3
    assert run.results.masked_lm_accuracy == stage.after["masked_lm_accuracy"]
    assert run.results.masked_lm_accuracy >= stage.before["masked_lm_accuracy"]  # few words are held out
    assert len(run.results.fills) == min(10, run.results.corpus.num_heldout)
    assert all("[MASK]" in fill.text and len(fill.guesses) == 3 for fill in run.results.fills)
    assert run.results.corpus.num_examples + run.results.corpus.num_heldout + run.results.corpus.num_dropped == 160
    encoder = load_masked_lm(str(run.folder))
    assert encoder.model.get_output_embeddings().weight is encoder.model.get_input_embeddings().weight
    assert "masked_lm_accuracy" in (run.student / "README.md").read_text()


def test_an_encoder_keeps_the_masked_lm_head_that_it_has(base: Path, corpus: Path, tmp_path: Path) -> None:
    overrides = [*QUICK, "stages.pretrain.optimizer.learning_rate=1e-12"]
    run = pretrain(str(base), corpus=[str(corpus)], out=tmp_path / "run", overrides=overrides)
    before, after = (AutoModelForMaskedLM.from_pretrained(place) for place in (base, run.student))
    for (name, ours), theirs in zip(after.named_parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-8, msg=name)


def test_general_distillation_follows_the_base_and_leaves_a_masked_lm(general: GeneralRun) -> None:
    (stage,) = general.results.stages
    assert set(stage.after) == {
        "loss",
        "vocabulary_soft_labels",
        "masked_lm",
        "hidden_cosine",
        "masked_lm_accuracy",
    }
    assert stage.after["loss"] < stage.before["loss"]
    loaded = AutoModelForMaskedLM.from_pretrained(general.student)
    assert loaded.config.model_type == "distilbert"
    assert loaded.config.n_layers == 2
    recipe = load_recipe(str(general.folder / "recipe.json"))
    assert [stage.name for stage in recipe.stages] == ["general"]


def test_a_student_of_the_bases_depth_starts_without_any_distance(base: Path, corpus: Path, tmp_path: Path) -> None:
    overrides = [
        *GENERAL,
        "student.num_layers=3",
        "student.init.vocabulary_transform=true",
        "student.dropout=0",
        "stages.general.epochs=none",
        "stages.general.steps=1",
    ]
    run = pretrain(str(base), recipe="distilbert-6", corpus=[str(corpus)], out=tmp_path / "run", overrides=overrides)
    before = run.results.stages[0].before
    assert before["vocabulary_soft_labels"] == pytest.approx(0, abs=1e-5)
    assert before["hidden_cosine"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("num_checkpoints", [2])
def test_a_killed_run_resumes_to_the_identical_student(
    base: Path, corpus: Path, general: GeneralRun, tmp_path: Path, num_checkpoints: int
) -> None:
    settings = [*GENERAL, "checkpoints.every_steps=2", "checkpoints.keep=99"]
    out = tmp_path / "cut"
    kill_after_checkpoints(SCRIPT, str(base), str(corpus), str(out), *settings, out=out, count=num_checkpoints)
    resumed = pretrain(recipe=str(out / "recipe.json"), resume=True)
    assert resumed.folder == out
    assert weights(resumed) == weights(general)
    assert resumed.results.stages == general.results.stages


def test_a_general_run_that_was_stopped_after_its_training_is_only_measured(
    general: GeneralRun, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(general.folder, out)
    (out / "results.json").unlink()
    events, student = (out / "events.jsonl").read_bytes(), out / "student" / "model.safetensors"
    written = student.stat().st_mtime_ns
    again = pretrain(recipe=str(out / "recipe.json"), resume=True).results
    assert (out / "events.jsonl").read_bytes() == events
    assert student.stat().st_mtime_ns == written
    assert (again.stages, again.parameters) == (general.results.stages, general.results.parameters)
    assert general.results.fills
    assert again.fills == general.results.fills


def test_what_a_general_stage_lacks_is_said_before_a_teacher_is_made(
    base: Path, corpus: Path, reviews: Path, tmp_path: Path
) -> None:
    fields = {"teacher_base": str(base), "data": str(reviews), **TASK, "out": tmp_path / "run", "overrides": GENERAL}
    with pytest.raises(DataError, match="does not exist"):
        distill("distilbert-4", corpus=[str(tmp_path / "none.txt")], **fields)
    with pytest.raises(ModelError, match="none"):
        distill("distilbert-4", general=str(tmp_path / "none"), **fields)
    assert not (tmp_path / "teachers").exists()


def test_a_control_needs_no_plain_text(base: Path, general: GeneralRun, reviews: Path, tmp_path: Path) -> None:
    fields = {"teacher_base": str(base), "data": str(reviews), **TASK, "general": str(general.folder)}
    settings = [*GENERAL, "stages.finetune.epochs=1"]
    run = distill("distilbert-4", out=tmp_path / "run", overrides=settings, baselines=["hard-labels"], **fields)
    assert (run.folder / "hard-labels" / "student" / "model.safetensors").is_file()


def test_stored_states_are_refused_on_plain_text(base: Path, corpus: Path, tmp_path: Path) -> None:
    settings = [*GENERAL, "teacher.states=store"]
    with pytest.raises(RecipeError, match=r"teacher\.states: on plain text"):
        pretrain(str(base), recipe="distilbert-4", corpus=[str(corpus)], out=tmp_path / "run", overrides=settings)


def test_plain_text_without_a_task_is_referred_to_pretrain(base: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="or call 'pretrain' for plain text alone"):
        distill("distilbert-4", teacher_base=str(base), corpus=[str(corpus)], out=tmp_path / "run")


def test_a_task_starts_from_the_general_student_and_finds_it_again(
    base: Path, corpus: Path, general: GeneralRun, reviews: Path, tmp_path: Path
) -> None:
    fields = {"teacher_base": str(base), "data": str(reviews), **TASK}
    settings = [*GENERAL, "stages.finetune.epochs=1"]
    made = distill("distilbert-4", corpus=[str(corpus)], out=tmp_path / "one", overrides=settings, **fields)
    (folder,) = (tmp_path / "general").glob("[!.]*")
    assert (folder / "student" / "model.safetensors").read_bytes() == weights(general)
    begun = (folder / "results.json").stat().st_mtime_ns
    again = distill("distilbert-4", corpus=[str(corpus)], out=tmp_path / "two", overrides=settings, **fields)
    assert (folder / "results.json").stat().st_mtime_ns == begun
    assert [path.name for path in (tmp_path / "general").glob("[!.]*")] == [folder.name]
    given = distill("distilbert-4", general=str(general.folder), out=tmp_path / "three", overrides=settings, **fields)
    ours = [(run.student / "model.safetensors").read_bytes() for run in (made, again, given)]
    assert ours[0] == ours[1] == ours[2]
    assert AutoModelForSequenceClassification.from_pretrained(made.student).config.model_type == "distilbert"
    whole = load_recipe(str(made.folder / "recipe.json"))
    assert [stage.data for stage in whole.stages] == ["corpus", "task"]


def test_stages_that_predict_no_tokens_leave_an_encoder_without_a_head(
    base: Path, corpus: Path, tmp_path: Path
) -> None:
    overrides = [
        *QUICK,
        "stages.pretrain.masking=none",
        "stages.pretrain.objectives=[{kind = 'hidden_states', projection = 'shared', layer_map = 'uniform'}]",
        "student={kind = 'bert', num_layers = 1, hidden_size = 16, num_heads = 2, init = {kind = 'random'}}",
    ]
    run = pretrain(str(base), corpus=[str(corpus)], out=tmp_path / "run", overrides=overrides)
    assert json.loads((run.student / "config.json").read_text())["architectures"] == ["BertModel"]
    assert run.results.fills == ()
    assert run.results.masked_lm_accuracy is None
    assert (run.folder / "projections.safetensors").is_file()
    with pytest.raises(ModelError, match="no trained masked-LM head"):
        load_masked_lm(str(run.folder))


def test_projections_can_be_fitted_on_texts_of_the_corpus(base: Path, corpus: Path, tmp_path: Path) -> None:
    losses = {}
    for init in ("random", "fitted"):
        overrides = [
            *QUICK,
            "stages.pretrain.masking=none",
            f"stages.pretrain.objectives=[{{kind = 'hidden_states', projection_init = '{init}'}}]",
        ]
        run = pretrain(str(base), corpus=[str(corpus)], out=tmp_path / init, overrides=overrides)
        first = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()[0]
        losses[init] = json.loads(first)["loss"]
    assert losses["fitted"] < losses["random"] / 2


def test_fills_hide_one_word_of_each_text(base: Path) -> None:
    from potstill.data import BatchConfig, Batches, Split, tokenise

    encoder = load_masked_lm(str(base))
    batches = Batches(
        tokenise(Split(texts=["the film is good", "a bad plot"]), encoder.tokenizer, max_length=16),
        BatchConfig(),
        seed=0,
    )
    for fill, text in zip(fill_some(encoder, batches), ["the film is good", "a bad plot"], strict=True):
        assert fill.text.replace("[MASK]", fill.answer) == text


@pytest.mark.parametrize(
    ("recipe", "fields", "overrides", "message"),
    [
        (
            "distilbert-4",
            {},
            [],
            r"reads plain text in stage 'general' and none is given; pass --corpus .* or --general",
        ),
        (
            "distilbert-4",
            {"corpus": ["c.txt"], "teacher_base": None},
            [],
            "needs a pre-trained encoder.*--teacher-base",
        ),
        ("kd", {"corpus": ["c.txt"]}, [], "recipe 'kd' has no stage that reads plain text; leave the corpus out"),
        ("kd", {"general": "g"}, [], "recipe 'kd' has no stages on a corpus that a general student could stand for"),
        (
            "distilbert-4",
            {"corpus": ["c.txt"], "general": "g"},
            [],
            "takes the place of the corpus; give one of the two",
        ),
        ("pretrain", {"corpus": ["c.txt"]}, [], "recipe 'pretrain' reads plain text alone; leave the task out"),
        ("kd", {}, ["student.init={kind = 'teacher_layers', vocabulary_transform = true}"], "no stage predicts tokens"),
        ("distilbert-4", {"general": "./nowhere"}, [], "model folder './nowhere' does not exist"),
    ],
)
def test_what_does_not_fit_a_task_is_refused(
    base: Path, reviews: Path, tmp_path: Path, recipe: str, fields: dict, overrides: list[str], message: str
) -> None:
    known = {"teacher_base": str(base), "data": str(reviews), **TASK, **fields}
    with pytest.raises((RecipeError, ModelError), match=message):
        distill(recipe, out=tmp_path / "run", overrides=[*overrides, "precision=fp32"], **known)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("recipe", "overrides", "error", "message"),
    [
        ("kd", ["data.corpus.paths=[]"], RecipeError, "recipe 'kd' has no stage with data = 'corpus'.* 'pretrain'"),
        ("pretrain", ["data.corpus.max_length=64"], DataError, "64 is more than the 32 tokens that the model reads"),
        ("distilbert-6", ["data.corpus.max_length=32"], RecipeError, "needs a teacher at least as deep as the student"),
        ("distilbert-4", [*GENERAL, "student.hidden_size=16", "student.init.kind=random"], RecipeError, "of one width"),
    ],
)
def test_what_does_not_fit_a_corpus_is_refused(
    base: Path, corpus: Path, tmp_path: Path, recipe: str, overrides: list[str], error: type, message: str
) -> None:
    text = [] if recipe == "kd" else [str(corpus)]
    with pytest.raises(error, match=message):
        pretrain(str(base), recipe=recipe, corpus=text, out=tmp_path / "run", overrides=overrides)
    assert not (tmp_path / "run").exists()
