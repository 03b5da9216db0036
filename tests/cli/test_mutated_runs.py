"""A run of which one file was cut, emptied, replaced or deleted: a result or one sentence, never a traceback."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from potstill.cli import run

SHORT = ("precision=fp32", "stages.0.epochs=none", "stages.0.steps=2", "student.num_layers=1")
CHANGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "a list": lambda path: path.write_text('[1, {"a": null}]', encoding="utf-8"),
    "an object": lambda path: path.write_text('{"models": 3, "stages": [1], "seed": "x"}', encoding="utf-8"),
    "null": lambda path: path.write_text("null\n", encoding="utf-8"),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00\x01"),
    "deleted": Path.unlink,
}
COMMANDS = (
    ("report", "run"),
    ("predict", "run", "a good film"),
    ("evaluate", "run"),
    ("export", "run", "--out", "exported"),
    ("distill", "run/recipe.json", "--resume"),
    ("compare", "run", "TEACHER", "--data", "DATA"),
)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory) -> Path:
    """The folder of a run that is done."""
    out = tmp_path_factory.mktemp("finished") / "run"
    settings = [part for each in SHORT for part in ("--set", each)]
    given = ["distill", "kd", "--teacher", world.teacher, "--data", world.reviews, "--out", out]
    assert run([str(part) for part in [*given, *settings]]) == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_every_command_answers_or_says_in_one_sentence_why_not(
    finished: Path, world, potstill, tmp_path: Path, change: str
) -> None:
    places, not_answered = {"TEACHER": world.teacher, "DATA": world.reviews}, []
    for name in sorted(str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()):
        for words in COMMANDS:
            for folder in ("run", "exported"):
                shutil.rmtree(tmp_path / folder, ignore_errors=True)
            shutil.copytree(finished, tmp_path / "run")
            CHANGES[change](tmp_path / "run" / name)
            outcome = potstill(*(places.get(word, word) for word in words))
            sentences = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
            if (outcome.code, len(sentences)) not in ((0, 0), (2, 1)):
                not_answered.append((name, words[0], outcome.code, sentences))
    assert not not_answered
