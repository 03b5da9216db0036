"""An exported file gives answers of its own, so what is promised of them is measured on them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import potstill
from potstill.answers import OneClass, measure_trust
from potstill.cli import app
from potstill.data import Split
from potstill.engines import find_backend
from potstill.errors import ModelError
from potstill.evaluation import KeptTexts, TrustTexts
from potstill.results import Trust
from potstill.serving import Classifier
from potstill.serving.trusting import find_trust

INT8 = "model_quantized.onnx"


@pytest.fixture(scope="module")
def exported(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student of a run, exported to another place and told in its card."""
    folder = tmp_path_factory.mktemp("exported") / "served"
    done = CliRunner().invoke(app, ["export", str(student_run), "--max-drop", "50", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    assert "When to trust onnx/model_quantized.onnx: " in " ".join(done.output.split())
    assert "When to trust onnx/model_quantized.onnx: " in (folder / "README.md").read_text("utf-8")
    return folder


def change_report(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what an export says of its int8 file."""
    path = folder / "onnx" / "export.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    change(next(file for file in report["files"] if file["file"] == INT8))
    path.write_text(json.dumps(report), encoding="utf-8")
    (folder / "onnx" / "checksums.json").unlink(missing_ok=True)


def agreements(classifier: Classifier, texts: TrustTexts) -> int:
    kept = texts.kept
    answers = classifier.answer.decide(classifier.logits(Split(texts=kept.texts, pairs=kept.pairs)))
    return int((answers == np.asarray(texts.answers)).sum())


def test_each_file_is_measured_on_its_own_answers(student_run: Path, exported: Path) -> None:
    texts = TrustTexts.read(student_run / "trust-texts.json")
    own = Trust.read(student_run / "student" / "trust.json")
    assert Trust.read(exported / "trust.json") == own
    for backend in ("sdpa", "onnx", "onnx-int8"):
        trust = find_trust(str(exported), find_backend(backend))
        assert trust is not None
        assert (trust.reference, trust.split, trust.num_choices) == (own.reference, own.split, own.num_choices)
        assert trust.num_texts == own.num_texts == len(texts.kept.texts)
        assert trust.max_length == own.max_length == texts.max_length
        assert trust.steps[-1].num_agreed == agreements(
            potstill.load(exported, backend=backend, max_length=texts.max_length), texts
        )
    thresholds = {tuple(step.threshold for step in each.steps) for each in (own, trust)}
    assert len(thresholds) == 2


def test_who_asks_gets_the_promise_of_the_file_that_answers(exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exported, tmp_path / "student")
    promising = measure_trust(np.linspace(0.9, 1, 300), np.full(300, True), reference="teacher", split="dev")
    told = promising.model_copy(update={"max_length": 16}).model_dump(mode="json")
    change_report(folder, lambda file: file.update(trust=told))
    classifier = potstill.load(folder, backend="onnx-int8", agree=0.95, max_length=16)
    assert classifier.promise is not None
    assert classifier.promise.threshold == pytest.approx(0.9)
    with pytest.raises(ModelError, match="no answers can be promised"):
        potstill.load(folder, agree=0.95, max_length=32)
    with pytest.raises(ModelError, match=r"at most 16 tokens, and here they have up to 32; give 16 as the longest"):
        potstill.load(folder, backend="onnx-int8", agree=0.95)


def test_a_file_without_a_promise_says_so(exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exported, tmp_path / "student")
    change_report(folder, lambda file: file.pop("trust"))
    with pytest.raises(ModelError, match=r"does not say when its file onnx/model_quantized\.onnx can be trusted"):
        potstill.load(folder, backend="onnx-int8", agree=0.9)


def test_texts_by_which_a_file_was_made_are_left_out() -> None:
    split = Split(texts=["Good", "bad", "good film", "bad film"])
    texts = TrustTexts(reference="gold", split="dev", max_length=8, kept=KeptTexts.of(split), answers=(1, 0, 0, 0))
    logits = np.array([[0, 3], [3, 0], [0, 2], [1, 0]], dtype=np.float32)
    answer = OneClass(label_names=("bad", "good"))
    whole, part = (texts.measure(answer, logits, seen=seen) for seen in (None, Split(texts=[" good ", "BAD"])))
    assert whole is not None
    assert part is not None
    assert (whole.num_texts, whole.steps[-1].num_agreed) == (4, 3)
    assert (part.num_texts, part.steps[-1].num_agreed) == (2, 1)
    assert texts.measure(answer, logits, seen=split) is None
