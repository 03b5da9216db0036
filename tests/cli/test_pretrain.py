"""Learning from plain text on the command line: what is printed, and what is refused."""

import json
import random
import re
from pathlib import Path

import pytest
from tiny_world import WORDS

QUICK = [
    *("--set", "precision=fp32", "--set", "data.corpus.max_length=16", "--set", "data.corpus.min_length=3"),
    *("--set", "stages.0.batches.examples_per_batch=32"),
]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = random.Random(0)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(generator.choices(WORDS, k=6)) for _ in range(60)) + "\n", encoding="utf-8")
    return path


def test_pretraining_shows_losses_before_and_after_and_fills(potstill, world, text: Path, tmp_path: Path) -> None:
    outcome = potstill("pretrain", world.base, "--corpus", text, "--out", tmp_path / "mlm", *QUICK)
    assert outcome.code == 0, outcome.stderr
    for expected in ("before", "after", "masked_lm_accuracy", "[MASK]", "60 lines", "--general"):
        assert expected in outcome.stdout
    assert "about" in outcome.stderr
    again = potstill("pretrain", "--recipe", tmp_path / "mlm" / "recipe.json", "--resume", "--json")
    assert json.loads(again.stdout)["results"]["kind"] == "general"
    assert "is finished already" in again.stderr


def test_a_distillation_without_a_task_ends_with_the_general_student(
    potstill, world, text: Path, tmp_path: Path
) -> None:
    mlm = tmp_path / "mlm"
    assert potstill("pretrain", world.base, "--corpus", text, "--out", mlm, *QUICK).code == 0
    sizes = ["--set", "student.num_layers=1", "--set", "stages.general.epochs=1"]
    arguments = ["distilbert-4", "--teacher-base", mlm, "--corpus", text, "--out", tmp_path / "general", *QUICK, *sizes]
    outcome = potstill("distill", *arguments)
    assert outcome.code == 0, outcome.stderr
    assert "vocabulary_soft_labels" in outcome.stdout
    sizes = ["--set", "student.num_layers=1", "--set", "stages.finetune.epochs=1", "--set", "precision=fp32"]
    places = ["--teacher-base", mlm, "--general", tmp_path / "general", "--data", world.reviews]
    outcome = potstill("distill", "distilbert-4", *places, "--out", tmp_path / "run", *sizes)
    assert outcome.code == 0, outcome.stderr


LONG = ["--set", "data.corpus.max_length=512", "--set", "data.corpus.packing=lines"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pretrain", "{base}"], "none is given; pass --corpus with text files, or --general"),
        (["pretrain", "--corpus", "{text}"], "needs a pre-trained encoder.*pass --teacher-base"),
        (["pretrain", "{base}", "--corpus", "no.txt"], "'no.txt' does not exist; give a text file"),
        (["pretrain", "{base}", "--corpus", "{empty}"], "empty.txt: the file is empty"),
        (["pretrain", "{base}", "--corpus", "{binary}"], "binary.txt: line 1 "),
        (["pretrain", "{base}", "--corpus", "{few}"], r"2 lines make only \d examples .*at least 20 are needed"),
        (["pretrain", "{base}", "--corpus", "{text}", "--recipe", "kd"], "has no stage that reads plain text"),
        (["pretrain", "./nowhere", "--corpus", "{text}"], "'./nowhere' does not exist"),
        (["distill", "distilbert-4", "--corpus", "{text}", "--teacher-base", "{base}"], "no trained masked-LM head"),
        (["distill", "bert-small", "--data", "{reviews}", "--teacher-base", "{base}"], "none is given; pass --corpus"),
        (
            ["pretrain", "{base}", "--corpus", "{text}", *LONG],
            "512 is more than the 64",
        ),
        (
            ["pretrain", "{base}", "--corpus", "{text}", "--set", "stages.0.masking.rate=2"],
            "masking.rate: .*less than 1",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    potstill, world, text: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    files = {"empty": b"", "binary": b"\x80\x00\n" * 9, "few": b"a film is good\nthe plot is dull\n"}
    arguments = [*arguments, *(["--set", "student.num_layers=1"] if "distilbert-4" in arguments else [])]
    for name, content in files.items():
        (tmp_path / f"{name}.txt").write_bytes(content)
    places = {
        "base": world.base,
        "reviews": world.reviews,
        "text": text,
        **{name: tmp_path / f"{name}.txt" for name in files},
    }
    out = tmp_path / "out"
    known = [argument.format(**places) for argument in arguments]
    limits = [] if {"kd", "bert-small"} & {*known} else QUICK[:-2]
    outcome = potstill(known[0], "--out", out, *limits, *known[1:])
    assert outcome.code == 2, outcome.stderr
    (line,) = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]

    assert re.search(sentence, line), line
    assert not out.exists()
