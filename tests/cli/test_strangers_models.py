"""A model folder of other origin: no command runs its code or asks to, and one that contradicts itself is refused."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_world import make_reviews
from transformers import AutoTokenizer

CODE = "from pathlib import Path\nPath({mark!r}).write_text('a stranger ran')\nclass Evil:\n    pass\n"
CLASSES = {
    "AutoConfig": "evil.Evil",
    "AutoModel": "evil.Evil",
    "AutoModelForMaskedLM": "evil.Evil",
    "AutoModelForSequenceClassification": "evil.Evil",
    "AutoTokenizer": ["evil.Evil", "evil.Evil"],
}
COMMANDS = {
    "recipes explain": ["recipes", "explain", "kd", "--teacher", "MODEL"],
    "distill --teacher": ["distill", "--teacher", "MODEL", "--data", "DATA", "--out", "out"],
    "distill --teacher-base": ["distill", "--teacher-base", "MODEL", "--data", "DATA", "--out", "out"],
    "distill, two teachers": ["distill", "--teacher", "GOOD", "--teacher", "MODEL", "--data", "DATA", "--out", "out"],
    "distill from a checkpoint": [
        *("distill", "--teacher", "GOOD", "--data", "DATA", "--out", "out"),
        *("--set", 'student.init={kind="checkpoint", path="MODEL"}'),
    ],
    "distill, a general student": [
        *("distill", "tinybert-4x312", "--teacher", "GOOD", "--data", "DATA", "--out", "out", "--set", "general=MODEL"),
    ],
    "finetune": ["finetune", "MODEL", "--data", "DATA", "--out", "out"],
    "pretrain": ["pretrain", "MODEL", "--corpus", "CORPUS", "--out", "out"],
    "evaluate": ["evaluate", "MODEL", "--data", "DATA"],
    "evaluate --teacher": ["evaluate", "GOOD", "--teacher", "MODEL", "--data", "DATA"],
    "predict": ["predict", "MODEL", "a good film"],
    "compare": ["compare", "GOOD", "MODEL", "--data", "DATA"],
    "export": ["export", "MODEL", "--data", "DATA"],
    "bench": ["bench", "MODEL"],
    "augment --teacher": ["augment", "--data", "DATA", "--teacher", "MODEL", "--out", "new.jsonl"],
    "augment by a masked LM": [
        *("augment", "--data", "DATA", "--out", "new.jsonl"),
        *("--set", 'augmentation.method={kind="tinybert", masked_lm="MODEL"}'),
    ],
}
"""Every command that takes a model, and where it takes it."""


def edit(file: Path, **changes: object) -> None:
    values = json.loads(file.read_text(encoding="utf-8")) | changes
    kept = {name: value for name, value in values.items() if value is not None}
    file.write_text(json.dumps(kept), encoding="utf-8")


@pytest.fixture
def fill(world, tmp_path):
    """Put real names into a command."""

    def call(command: str, model: Path) -> list[str]:
        corpus = tmp_path / "corpus.txt"
        corpus.write_text("\n".join(text for text, _ in make_reviews(600, seed=2)), encoding="utf-8")
        names = {"MODEL": model, "GOOD": world.teacher, "DATA": world.reviews, "CORPUS": corpus}
        words = COMMANDS[command]
        for name, path in names.items():
            words = [word.replace(name, str(path)) for word in words]
        return words

    return call


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_a_strangers_code_or_asks_to(command, world, potstill, fill, tmp_path, monkeypatch):
    questions = []
    monkeypatch.setattr("builtins.input", lambda *asked: questions.append(asked) or "y")
    mark = tmp_path / "it-ran"
    folder = shutil.copytree(world.teacher, tmp_path / "strange")
    (folder / "evil.py").write_text(CODE.format(mark=str(mark)), encoding="utf-8")
    edit(folder / "config.json", model_type="evil", auto_map=CLASSES)
    edit(folder / "tokenizer_config.json", tokenizer_class="Evil", auto_map=CLASSES)
    outcome = potstill(*fill(command, folder))
    assert (outcome.code, questions, mark.exists()) == (2, [], False), outcome.stderr
    assert len(outcome.stderr.strip().splitlines()[-1]) > 0


def test_a_strangers_model_is_refused_for_its_code_in_one_sentence(world, potstill, tmp_path):
    folder = shutil.copytree(world.teacher, tmp_path / "strange")
    edit(folder / "config.json", model_type="evil", auto_map=CLASSES)
    outcome = potstill("recipes", "explain", "kd", "--teacher", folder)
    assert outcome.code == 2
    assert "brings Python code of its own (auto_map), which is never run here" in " ".join(outcome.stderr.split())


def test_a_model_that_names_code_beside_a_known_type_is_that_type(world, potstill, tmp_path):
    folder = shutil.copytree(world.teacher, tmp_path / "known")
    mark = tmp_path / "it-ran"
    (folder / "evil.py").write_text(CODE.format(mark=str(mark)), encoding="utf-8")
    edit(folder / "config.json", auto_map=CLASSES)
    assert potstill("predict", folder, "a good film").code == 0
    assert not mark.exists()


def more_tokens(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[URL]", "[ORDER]"])
    tokenizer.save_pretrained(folder)


def late_padding(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "<late>"})
    tokenizer.save_pretrained(folder)


def labels(*numbers: int) -> object:
    named = {str(number): f"label {number}" for number in numbers}
    return lambda folder: edit(folder / "config.json", id2label=named, label2id=None, problem_type=None)


CONTRADICTIONS = {
    "added tokens": (more_tokens, r"has 21 ids and its table of words 19 rows"),
    "a late padding token": (late_padding, r"has 20 ids and its table of words 19 rows"),
    "labels from 1": (labels(1, 2), r"numbers its 2 labels 1, 2, and logits are counted from 0"),
    "labels with a gap": (labels(0, 2), r"numbers its 2 labels 0, 2, and logits are counted from 0"),
    "too many labels": (labels(0, 1, 2), r"names 3 labels: classifier\.\w+ is \[2.*\] in its file and \[3"),
    "too few labels": (labels(0), r"names 1 labels: classifier\.\w+ is \[2.*\] in its file and \[1"),
}


MEASURING = ["distill --teacher", "evaluate", "compare", "export", "bench"]


@pytest.mark.parametrize(
    ("command", "what"),
    [*(("predict", what) for what in CONTRADICTIONS), *((command, "added tokens") for command in MEASURING)],
)
def test_a_model_that_contradicts_itself_is_refused_in_one_sentence(command, what, world, potstill, fill, tmp_path):
    spoil, sentence = CONTRADICTIONS[what]
    folder = shutil.copytree(world.teacher, tmp_path / "odd")
    spoil(folder)
    outcome = potstill(*fill(command, folder))
    assert outcome.code == 2, outcome.stderr
    assert_told(outcome.stderr, sentence)


@pytest.mark.parametrize("command", ["finetune", "pretrain", "distill --teacher-base"])
def test_a_base_whose_tokenizer_has_more_tokens_is_refused(command, world, potstill, fill, tmp_path):
    folder = shutil.copytree(world.base, tmp_path / "odd")
    more_tokens(folder)
    outcome = potstill(*fill(command, folder))
    assert outcome.code == 2, outcome.stderr
    assert_told(outcome.stderr, CONTRADICTIONS["added tokens"][1])


def assert_told(stderr: str, sentence: str) -> None:
    assert re.search(sentence, " ".join(stderr.split())), stderr
