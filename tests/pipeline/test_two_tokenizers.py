"""A student follows the hidden states of a teacher that cuts the same texts into other tokens."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_reviews import WORDS, write_reviews
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    MPNetTokenizer,
    PreTrainedTokenizerBase,
)

from potstill import distill, finetune
from potstill.cli.entry import run as run_command
from potstill.data import load_task_data
from potstill.errors import PotstillError
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.student import build_student
from potstill.pipeline.targets import compared_batches, make_distiller, make_targets
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.results import Results
from potstill.run_folder import RunFolder
from potstill.teachers import StoredStates

LAYERS = (
    'stages.0.objectives=[{kind="hidden_states"}, {kind="hidden_cosine"}, {kind="embeddings", '
    'projection_init="fitted"}, {kind="patience", layer_map="last"}, {kind="soft_labels"}]'
)
SETTINGS = (
    LAYERS,
    "start_from=base",
    "student.hidden_size=32",
    "student.num_layers=2",
    "student.init.kind=random",
    "stages.0.select=last",
    "stages.0.epochs=none",
    "stages.0.steps=6",
    "tracking.every_steps=1",
    "precision=fp32",
)
HALVES = ("good", "ba", "##d", "fi", "##lm", "pl", "##ot", "th", "##e", "a", "is", "was", "ve", "##ry", "no", "##t")
HALVES += ("gra", "##in", "bar", "##ley", "st", "##ill", "cop", "##per")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two texts each, the first of which has the label."""
    folder = tmp_path_factory.mktemp("pairs")
    lines = write_reviews(folder / "single", count=120).read_text(encoding="utf-8").splitlines()
    rows = [f"{lines[1 + number].rsplit(',', 2)[0]},{lines[-1 - number]}" for number in range(120)]
    (folder / "pairs.csv").write_text("\n".join(["other,review,stars,score", *rows]) + "\n", encoding="utf-8")
    return folder / "pairs.csv"


@pytest.fixture(scope="module")
def halver(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher whose tokenizer cuts most words in two."""
    folder = tmp_path_factory.mktemp("halves")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *HALVES]
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    BertModel(BertConfig(vocab_size=len(vocabulary), **sizes)).save_pretrained(folder / "base")
    BertTokenizerFast(vocab={word: i for i, word in enumerate(vocabulary)}).save_pretrained(folder / "base")
    learning = ["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3", "precision=fp32"]
    where = {"data": str(reviews), "text": "review", "label": "stars", "out": folder / "run"}
    assert finetune(str(folder / "base"), overrides=learning, **where).results.models[0].score > 0.9
    return folder / "run"


def with_other_ids(teacher: Path, folder: Path, *, is_mpnet: bool) -> Path:
    """The same model under another numbering of the same pieces."""
    shutil.copytree(teacher / "student", folder)
    model, before = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    specials = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
    specials = specials if is_mpnet else ["[SEP]", "[CLS]", "[UNK]", "[PAD]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*specials, *reversed(WORDS)])}
    after: PreTrainedTokenizerBase = (MPNetTokenizer if is_mpnet else BertTokenizerFast)(vocab=vocabulary)
    names = ("cls_token_id", "pad_token_id", "sep_token_id", "unk_token_id", "mask_token_id")
    twins = {getattr(after, name): getattr(before, name) for name in names}
    twins |= {vocabulary[word]: before.vocab[word] for word in WORDS}
    with torch.no_grad():
        table = model.get_input_embeddings().weight
        table[list(twins)] = table[list(twins.values())].clone()
    model.config.pad_token_id = after.pad_token_id
    for path in (*folder.glob("token*"), *folder.glob("checksums.json")):
        path.unlink()
    model.save_pretrained(folder)
    after.save_pretrained(folder)
    return folder


def follow(teacher: Path, base: Path, data: Path, out: Path, *overrides: str, pair: str | None = None) -> list[float]:
    """Distil and give the losses of every step."""
    distill(
        "kd",
        teacher=str(teacher),
        teacher_base=str(base),
        data=str(data),
        text="review",
        text_pair=pair,
        label="stars",
        out=out,
        overrides=[*SETTINGS, *overrides],
    )
    events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return [event["losses"][name] for event in events if event["event"] == "step" for name in sorted(event["losses"])]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_pieces_under_other_ids_give_the_same_losses(
    teacher: Path, base: Path, reviews: Path, tmp_path: Path, precision: str
) -> None:
    twin, own = with_other_ids(teacher, tmp_path / "twin", is_mpnet=True), f"precision={precision}"
    alike = follow(teacher, base, reviews, tmp_path / "a" / "run", own)
    assert follow(twin, base, reviews, tmp_path / "b" / "run", own) == pytest.approx(alike, rel=1e-5)
    assert len(alike) == 6 * 5
    assert min(alike) > 1e-3


def test_the_same_pieces_of_pairs_give_the_same_losses_from_stored_states(
    teacher: Path, base: Path, pairs: Path, tmp_path: Path
) -> None:
    twin, own = with_other_ids(teacher, tmp_path / "twin", is_mpnet=False), "teacher.states=store"
    alike = follow(teacher, base, pairs, tmp_path / "a" / "run", own, pair="other")
    assert follow(twin, base, pairs, tmp_path / "b" / "run", own, pair="other") == pytest.approx(alike, rel=1e-5)


@pytest.fixture(scope="module")
def halves_run(halver: Path, base: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("halves") / "run"
    follow(halver, base, reviews, out)
    return out


def losses(folder: Path) -> list[float]:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return [event["loss"] for event in events if event["event"] == "step"]


def test_stored_states_of_other_tokens_give_the_same_losses_and_a_run_resumes_to_the_identical_student(
    halver: Path, halves_run: Path, base: Path, reviews: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "run", ("checkpoints.every_steps=2", "checkpoints.keep=99")
    follow(halver, base, reviews, out, "teacher.states=store", "teacher.states_format=fp32", *kept)
    told, student = losses(out), (out / "student" / "model.safetensors").read_bytes()
    assert told == pytest.approx(losses(halves_run), rel=1e-5)
    shards = sorted(tmp_path.rglob("states-*/*/*.safetensors"))
    (out / "results.json").unlink()
    shutil.rmtree(out / "student")
    distill(str(out / "recipe.json"), resume=True)
    assert (out / "student" / "model.safetensors").read_bytes() == student
    assert losses(out) == told
    assert sorted(tmp_path.rglob("states-*/*/*.safetensors")) == shards, "they are found, not made again"


def test_a_teacher_of_an_ensemble_is_followed_in_its_own_tokens(
    teacher: Path, halver: Path, halves_run: Path, base: Path, reviews: Path, tmp_path: Path
) -> None:
    objectives = LAYERS.replace("}", ", teacher=1}")
    both = {"teacher": [str(teacher), str(halver)], "teacher_base": str(base), "data": str(reviews)}
    distill("kd", **both, text="review", label="stars", out=tmp_path / "run", overrides=[*SETTINGS, objectives])
    assert losses(tmp_path / "run") == pytest.approx(losses(halves_run), rel=1e-6)


class Followed:
    """A student beside a teacher with other tokens, as a stage has them."""

    def __init__(self, recipe_fields: dict[str, object], overrides: Sequence[str], folder: Path) -> None:
        recipe = load_recipe("kd", fields=recipe_fields, overrides=overrides)
        source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
        folder.mkdir()
        self.run = OpenRun(source=source, folder=RunFolder(path=folder), callback=SilentCallback())
        found = find_teacher(self.run, lambda *_: None)
        assert found is not None
        self.teacher: RunTeacher = found
        (self.stage,) = recipe.stages
        self.student = build_student(self.run, found).eval()
        self.distiller = make_distiller(self.stage, self.student, found).eval()
        self.batches = compared_batches(self.run, self.stage, self.distiller, found)
        self.targets = make_targets(self.run, self.stage, self.distiller, found)

    def losses(self, example_ids: Sequence[int]) -> torch.Tensor:
        batch = self.batches.collate(np.array(example_ids))
        given = {number: self.targets[number].outputs(batch, n) for number, n in self.distiller.teacher_needs.items()}
        return self.distiller(batch, given)[1].double()

    def units(self, example_ids: Sequence[int]) -> torch.Tensor:
        return self.distiller.count_units(self.batches.collate(np.array(example_ids))).double()


def fields(halver: Path, base: Path, reviews: Path) -> dict[str, object]:
    """Texts of which the teacher reads less than the student: both read 12 tokens, and its are shorter."""
    data = {"path": str(reviews), "text": "review", "label": "stars", "max_length": 12}
    return {"teacher.model": str(halver), "teacher.base": str(base)} | {f"data.{name}": data[name] for name in data}


@pytest.fixture(scope="module", params=["run", "store"])
def cut_short(
    request: pytest.FixtureRequest, halver: Path, base: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory
) -> Followed:
    only = 'stages.0.objectives=[{kind="hidden_states"}, {kind="hidden_states", projection="none", layer_map=[1, 2]}]'
    own = [f"teacher.states={request.param}"]
    own += [] if request.param == "run" else ["teacher.states_format=fp32"]
    folder = tmp_path_factory.mktemp("cut") / "run"
    return Followed(fields(halver, base, reviews), [*SETTINGS, only, *own], folder)


def test_a_teacher_that_is_not_stored_reads_its_own_tokens(
    halver: Path, base: Path, reviews: Path, tmp_path: Path
) -> None:
    only, told = 'stages.0.objectives=[{kind="soft_labels"}]', []
    for number, is_stored in enumerate(("true", "false")):
        own = [*SETTINGS, only, f"teacher.store={is_stored}"]
        told.append(Followed(fields(halver, base, reviews), own, tmp_path / str(number)).losses(range(20)))
    torch.testing.assert_close(*told, rtol=1e-5, atol=0)


def test_tokens_that_the_teacher_never_read_count_nowhere(cut_short: Followed) -> None:
    assert isinstance(cut_short.targets[None], StoredStates) == (cut_short.run.recipe.teacher.states == "store")
    batch = cut_short.batches.collate(np.arange(20))
    unread = batch.token_mask & ~batch.shared[None]
    assert unread.sum() > 20
    given = cut_short.targets[None].outputs(batch, cut_short.distiller.teacher_needs[None])
    before = cut_short.distiller(batch, {None: given})[1]
    for states in given.hidden_states.values():
        assert (states[unread] == 0).all()
        states[~batch.shared[None]] = 1e3
    torch.testing.assert_close(cut_short.distiller(batch, {None: given})[1], before, rtol=0, atol=0)
    needs = cut_short.distiller.student_needs
    ours = cut_short.student(batch, needs).hidden_states
    plain = sum((ours[layer] - given.hidden_states[layer])[batch.shared[None]].square().mean() for layer in (0, 1, 2))
    torch.testing.assert_close(before[1], plain, rtol=1e-5, atol=0)


def test_parts_of_a_batch_weigh_by_the_tokens_that_both_have(cut_short: Followed) -> None:
    parts, whole = (range(0, 7), range(7, 30)), range(30)
    shares = [cut_short.units(part) / cut_short.units(whole) for part in parts]
    joined = sum(share * cut_short.losses(part) for share, part in zip(shares, parts, strict=True))
    torch.testing.assert_close(joined, cut_short.losses(whole), rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            'kind="attention_scores", layer_map=[1, 2]',
            r"another tokenizer .*, and attention and what",
        ),
        (
            'kind="relations", num_relation_heads=2',
            r"another tokenizer .*, and attention and what",
        ),
        ('kind="hidden_states", reduction="reference"', r"another tokenizer .* set reduction = 'mean'"),
    ],
)
def test_what_two_tokenizers_cannot_share_is_refused(
    halver: Path, base: Path, reviews: Path, tmp_path: Path, objective: str, message: str
) -> None:
    with pytest.raises(PotstillError, match=message):
        follow(halver, base, reviews, tmp_path / "run", f"stages.0.objectives=[{{{objective}}}]", "student.num_heads=4")
    assert not (tmp_path / "run").exists()


def test_the_command_distils_into_a_base_of_another_tokenizer(
    halver: Path, base: Path, reviews: Path, tmp_path: Path
) -> None:
    given = ["--teacher", halver, "--teacher-base", base, "--data", reviews, "--text", "review", "--label", "stars"]
    settings = ("start_from=base", "precision=fp32", "stages.intermediate.optimizer.learning_rate=1e-3")
    settings += ("stages.distil.optimizer.learning_rate=3e-3", "stages.distil.epochs=8")
    settings += ("student.hidden_size=32", "student.feed_forward_size=64")
    arguments = ["distill", "kd-hidden", *given, "--out", tmp_path / "run"]
    arguments += [part for line in settings for part in ("--set", line)]
    assert run_command([str(part) for part in arguments]) == 0
    student = Results.read(tmp_path / "run" / "results.json").find("student")
    assert student is not None
    assert student.score > 0.9
    words = AutoTokenizer.from_pretrained(tmp_path / "run" / "student").get_vocab()
    assert set(WORDS) <= set(words), "it reads the base's tokens"
