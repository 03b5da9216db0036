"""A family added as the hub's page says: one row, and its models are fine-tuned, followed, cut, and exported."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import potstill

HERE = Path(__file__).parent
ROW = '    replace(_BERT, model_type="ernie", head=HeadNames(dense="ernie.pooler.dense", last="classifier")),\n'
LAST = ')\n"""To add a family: one row."""\n'
SCRIPT = """
import sys
from pathlib import Path
import potstill
from tiny_world import WORDS, make_reviews, make_tokenizer, write_csv
from transformers import ErnieConfig, ErnieModel
from potstill.cli import run

assert Path(potstill.__file__).is_relative_to(Path.cwd()), potstill.__file__
config = ErnieConfig(vocab_size=5 + len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                     intermediate_size=32, max_position_embeddings=64, initializer_range=0.2)
ErnieModel(config).save_pretrained("base")
make_tokenizer().wrapped.save_pretrained("base")
Path("reviews").mkdir()
write_csv(Path("reviews/train.csv"), make_reviews(160, seed=0))
write_csv(Path("reviews/dev.csv"), make_reviews(60, seed=1))
data = ["--data", "reviews"]
rate = ["--set", "stages.finetune.optimizer.learning_rate=5e-3", "--set", "stages.finetune.epochs=8"]
follow = ["--set", "stages.distil.epochs=none", "--set", "stages.distil.steps=20"]
objectives = "[{kind='soft_labels'}, {kind='hidden_states'}, {kind='attention_probs'}]"
follow += ["--set", "stages.distil.objectives=" + objectives]
assert run(["finetune", "base", *data, "--out", "teacher", *rate]) == 0
follow += ["--set", "student.num_layers=1"]
assert run(["distill", "kd", "--teacher", "teacher", *data, "--out", "run", *follow]) == 0
assert run(["export", "teacher", *data, "--out", "exported", "--int8", "none"]) == 0
assert run(["predict", "exported", "a great film", "--backend", "onnx"]) == 0
"""


@pytest.mark.slow
def test_one_row_is_all_that_a_new_family_needs(tmp_path):
    package = shutil.copytree(Path(potstill.__file__).parent, tmp_path / "potstill")
    families = package / "hub" / "families.py"
    text = families.read_text(encoding="utf-8")
    assert text.count(LAST) == 1
    families.write_text(text.replace(LAST, ROW + LAST), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(HERE)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
