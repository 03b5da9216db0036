"""What the READMEs of the rooms promise is done to the letter in a copy of the package, and all commands know it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_reviews import save_base, write_reviews

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "potstill"

TASK = """
[moods]
folder = "Moods"
kind = "classification"
label_names = ["bad", "good"]
metrics = ["accuracy"]
train = { file = "train.tsv", text = 0, label = 1 }
dev = [{ file = "dev.tsv", text = 0, label = 1 }]
test = [{ file = "test.tsv", text = 0, label = 1 }]
"""
RECIPE = """
name = "mine"
description = "A recipe of one's own."

[student]
kind = "short_bert"

[augmentation]
method = { kind = "shuffled_words" }
labels = "teacher"

[[stages]]
name = "distil"
data = "augmented"
steps = 40
objectives = [{ kind = "pair_distances" }, { kind = "hard_labels" }]
batches = { examples_per_batch = 16 }
optimizer = { learning_rate = 3e-3 }
"""
COMMANDS = """
import sys
from potstill.cli.entry import run
from potstill.suites.submission import answer_files

assert "moods" not in {file.task for file in answer_files().values()} and len(answer_files()) == 11
base, data = sys.argv[1:]
own = ["--task", "moods", "--data", data]
for command in (
    ["recipes", "list"],
    ["recipes", "explain", "mine"],
    ["tasks"],
    ["finetune", base, *own, "--out", "teacher", "--set", "stages.0.epochs=16", "--set", "precision=fp32",
     "--set", "stages.0.optimizer.learning_rate=3e-3"],
    ["distill", "mine", *own, "--teacher", "teacher", "--out", "run", "--baseline", "hard-labels",
     "--set", "precision=fp32"],
    ["evaluate", "run"],
    ["augment", "--method", "shuffled_words", *own, "--out", "new.jsonl"],
    ["export", "run", "--out", "exported"],
    ["report", "run"],
):
    assert run(command) == 0, command
"""


def add_line(path: Path, line: str) -> None:
    """Import a class where the room lists its own, before the first of them."""
    text = path.read_text(encoding="utf-8")
    place = text.index(f"from potstill.{path.parent.name}.")
    path.write_text(f"{text[:place]}{line}\n{text[place:]}", encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package to which one of each has been added."""
    root = tmp_path_factory.mktemp("house")
    package = root / "potstill"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for room, file, name in (
        ("objectives", TESTS / "plugins" / "pair_distances.py", "PairDistancesConfig"),
        ("augmentation", TESTS / "plugins" / "shuffled_words.py", "ShuffledWordsConfig"),
        ("students", TESTS / "promises" / "short_bert.py", "ShortBertStudentConfig"),
    ):
        text = file.read_text(encoding="utf-8")
        text = text.replace("from potstill.objectives import", "from potstill.objectives.objective import")
        text = text.replace("from potstill.augmentation import Edit, ", "from potstill.augmentation.method import ")
        text = text.replace(
            ", edit_words, split_words", "\nfrom potstill.augmentation.words import Edit, edit_words, split_words"
        )
        (package / room / file.name).write_text(text, encoding="utf-8")
        add_line(package / room / "__init__.py", f"from potstill.{room}.{file.stem} import {name} as {name}")
    with (package / "data" / "tasks.toml").open("a", encoding="utf-8") as tasks:
        tasks.write(TASK)
    (package / "recipes" / "mine.toml").write_text(RECIPE, encoding="utf-8")
    return root


def test_one_of_each_is_trained_measured_exported_and_reported(house: Path, tmp_path: Path) -> None:
    base = save_base(tmp_path / "base")
    rows = [line.split(",")[:2] for line in write_reviews(tmp_path / "csv", count=240).read_text().splitlines()[1:]]
    folder = tmp_path / "glue" / "Moods"
    folder.mkdir(parents=True)
    for name, part in (("train", rows[:160]), ("dev", rows[160:200]), ("test", rows[200:])):
        lines = ["text\tlabel", *("\t".join(row) for row in part)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(house), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", COMMANDS, str(base), str(folder.parent)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert [model["role"] for model in results["models"]] == ["teacher", "student", "student_hard_labels"]
    assert (tmp_path / "run" / "report.html").is_file()
    assert any((tmp_path / "exported").rglob("*.onnx"))
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["plugins"] == []
