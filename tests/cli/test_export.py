"""Exported models: the files, their gates, and what answers from them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_world import make_reviews, save, write_csv

import potstill
from potstill.answers import LabelRows, OneClass
from potstill.cli import run
from potstill.data import BatchConfig, Batches, Split, Task, tokenise
from potstill.engines import ONNX, group_nodes, kept_nodes, quantise
from potstill.hub import describe_encoder, load_classifier
from potstill.serving import ExportConfig
from potstill.serving.export_gate import check_metric

TEXTS = [text for text, _ in make_reviews(20, seed=7)]


@pytest.fixture(scope="session")
def exported(world, tmp_path_factory):
    """A model's folder with float32, float16 and int8 files."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    arguments = ["export", world.teacher, "--data", world.reviews, "--out", folder, "--fp16", "--max-drop", 5]
    assert run([str(argument) for argument in arguments]) == 0
    return folder


@pytest.fixture
def fragile(world, tmp_path):
    """A model that int8 ruins: the vector of a token that never occurs is huge."""
    encoder = load_classifier(str(world.teacher))
    with torch.no_grad():
        encoder.model.base_model.embeddings.word_embeddings.weight[4] = 1e5
    return save(encoder, tmp_path / "fragile")


def answers(model, backend, texts=TEXTS):
    predictions = potstill.load(model, backend=backend)(texts)
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def test_an_export_lies_where_others_look_for_it(exported):
    names = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert {"config.json", "tokenizer.json", "model.safetensors", "README.md"} <= names
    assert {"onnx/model.onnx", "onnx/model_quantized.onnx", "onnx/model_fp16.onnx", "onnx/export.json"} <= names


def test_batch_and_length_are_free(exported):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(exported / "onnx" / "model.onnx"))
    assert {item.name: item.shape for item in session.get_inputs()} == {
        name: ["batch_size", "sequence_length"] for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for rows, columns in ((1, 2), (3, 9), (2, 64)):
        ids = np.full((rows, columns), 6, dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (logits,) = session.run(["logits"], feeds)
        assert logits.shape == (rows, 2)


def test_the_float32_file_answers_like_pytorch(exported):
    reference = answers(exported, "sdpa")
    assert answers(exported, "eager") == pytest.approx(reference, abs=1e-5)
    assert answers(exported, "onnx") == pytest.approx(reference, abs=1e-5)
    assert answers(exported, "onnx-fp16") == pytest.approx(reference, abs=0.02)
    assert answers(exported, "onnx-int8") == pytest.approx(reference, abs=0.2)
    assert not np.array_equal(answers(exported, "onnx-int8"), reference)


def test_the_report_says_what_was_measured(exported):
    report = json.loads((exported / "onnx" / "export.json").read_text(encoding="utf-8"))
    assert report["num_examples"] == 60
    assert [file["file"] for file in report["files"]] == ["model.onnx", "model_fp16.onnx", "model_quantized.onnx"]
    for file in report["files"]:
        assert file["drop"] == pytest.approx(100 * (report["score"] - file["score"]))
        assert file["size_bytes"] == (exported / "onnx" / file["file"]).stat().st_size
    assert report["parity"]["largest_difference"] < 1e-4
    assert report["parity"]["longest"] == 64
    assert "model_quantized.onnx" in (exported / "README.md").read_text(encoding="utf-8")


def test_files_name_modules_and_no_place_of_ours(exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported / "onnx" / "model.onnx")
    names = [node.name for node in model.graph.node]
    assert "bert.encoder.layer.1.intermediate.dense/MatMul" in names
    assert len(set(names)) == len(names)
    assert b"potstill/hub" not in model.SerializeToString()


def test_what_int8_ruins_is_left_out_and_the_culprit_named(potstill, world, fragile, exported):
    shutil.copytree(exported / "onnx", fragile / "onnx")
    before = {path.name: path.read_bytes() for path in (fragile / "onnx").iterdir()}
    outcome = potstill("export", fragile, "--data", world.reviews, "--fp16")
    assert outcome.code == 2
    assert "most to blame is embeddings" in outcome.stderr
    assert "--per-channel or --keep-fp32 embeddings" in outcome.stderr
    assert outcome.stderr.rstrip().endswith("The other files were published.")
    after = {path.name: path.read_bytes() for path in (fragile / "onnx").iterdir()}
    assert sorted(after) == sorted({*before} - {"model_quantized.onnx"})
    assert after["export.json"] != before["export.json"]
    report = json.loads(after["export.json"])
    assert [refused["file"] for refused in report["refused"]] == ["model_quantized.onnx"]
    assert 'backend="onnx"' in (fragile / "README.md").read_text(encoding="utf-8")
    assert potstill("predict", fragile, "a good film", "--backend", "onnx").code == 0
    assert [path.name for path in fragile.iterdir() if path.name.startswith(".")] == []


def test_parts_are_told_by_the_names_of_their_modules(exported):
    groups = group_nodes(exported / "onnx" / "model.onnx")
    sides = [f"layer {layer} {side}" for layer in (1, 2) for side in ("attention", "feed-forward")]
    assert list(groups) == ["embeddings", *sides, "head"]
    assert [len(groups[side]) for side in sides] == [4, 2, 4, 2]
    kept = kept_nodes(groups, ("last-layer",))
    assert sorted(kept) == sorted([*groups["layer 2 attention"], *groups["layer 2 feed-forward"], *groups["head"]])
    assert kept_nodes(groups, ("embeddings",)) == groups["embeddings"]
    assert kept_nodes(groups, ()) == []


def test_a_card_that_is_no_text_is_refused_before_anything_is_made(potstill, world, tmp_path):
    shutil.copytree(world.teacher, tmp_path / "teacher")
    (tmp_path / "teacher" / "README.md").write_bytes(b"\xff\xfe\x00\x01")
    before = sorted(path.name for path in (tmp_path / "teacher").iterdir())
    for out in ([], ["--out", "exported"]):
        outcome = potstill("export", "teacher", "--data", world.reviews, *out)
        assert outcome.code == 2
        assert "README.md' is damaged (it is not UTF-8); mend it or delete it." in outcome.stderr
    assert sorted(path.name for path in (tmp_path / "teacher").iterdir()) == before
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("is_static", [True, False])
def test_every_way_of_quantising_answers_alike(world, exported, tmp_path, is_static):
    encoder = load_classifier(str(world.teacher))
    batch = next(
        Batches(tokenise(Split(texts=TEXTS), encoder.tokenizer, max_length=32), BatchConfig(), seed=0).ordered()
    )
    source, target = exported / "onnx" / "model.onnx", tmp_path / "small.onnx"
    groups = group_nodes(source)
    if is_static:
        groups.pop("embeddings")
    nodes = [node for each in groups.values() for node in each]
    quantise(source, target, nodes=nodes, per_channel=not is_static, calibration=[batch] if is_static else None)
    whole, small = (ONNX.open(file, describe_encoder(encoder)) for file in (source, target))
    reference, answers = whole.run(batch), small.run(batch)
    assert answers.argmax(1).tolist() == reference.argmax(1).tolist()
    assert not np.array_equal(answers, reference)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--opset", 7), "opsets 18 to 23 can be written"),
        (("--keep-fp32", "middle"), "keep_fp32"),
        (("--max-drop", 200), "less than or equal to 100"),
        (("--tolerance", 0), "tolerance: must be greater than 0"),
        (("--out", "taken"), "was not made by an export"),
    ],
)
def test_bad_options_of_an_export_are_refused(potstill, world, tmp_path, arguments, sentence):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep me")
    outcome = potstill("export", world.teacher, "--data", world.reviews, *arguments)
    assert outcome.code == 2
    assert sentence in outcome.stderr
    assert (tmp_path / "taken" / "mine.txt").read_text(encoding="utf-8") == "keep me"
    assert not (world.teacher / "onnx").exists()


def test_an_export_needs_something_to_measure_on(potstill, world):
    outcome = potstill("export", world.teacher)
    assert outcome.code == 2
    assert "nothing says what to measure on" in outcome.stderr


def test_an_unfinished_run_is_not_exported(potstill, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.json").write_text("{}")
    outcome = potstill("export", tmp_path / "run")
    assert outcome.code == 2
    assert "nor a finished student/ inside" in outcome.stderr


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        ("onnx-int8", "has no onnx/model_quantized.onnx"),
        ("onyx", "no such back-end. Did you mean 'onnx'?"),
    ],
)
def test_a_backend_that_cannot_be_had_is_refused(potstill, world, backend, sentence):
    outcome = potstill("predict", world.teacher, "a film", "--backend", backend)
    assert outcome.code == 2
    assert sentence in outcome.stderr


def test_bfloat16_answers_where_it_is_fast_and_is_refused_elsewhere(potstill, world, auto_precision):
    outcome = potstill("predict", world.teacher, "a good film", "--backend", "bf16")
    if auto_precision == "bf16":
        assert outcome.code == 0, outcome.stderr
        assert "positive" in outcome.stdout
    else:
        assert outcome.code == 2
        assert "no bfloat16 instructions" in outcome.stderr


def test_compiling_without_a_compiler_is_refused(potstill, world, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    outcome = potstill("predict", world.teacher, "a film", "--backend", "compiled")
    assert outcome.code == 2
    assert "needs a C++ compiler" in outcome.stderr


def test_a_damaged_file_is_told(potstill, exported, tmp_path):
    broken = shutil.copytree(exported, tmp_path / "broken")
    (broken / "onnx" / "model.onnx").write_bytes(b"not a model")
    outcome = potstill("predict", broken, "a film", "--backend", "onnx")
    assert outcome.code == 2
    assert "model.onnx' is damaged" in outcome.stderr
    assert "make it anew with 'potstill export" in outcome.stderr


def test_answers_come_as_a_table(potstill, world, tmp_path):
    data = write_csv(tmp_path / "texts.csv", [("a, good film",), ("the dull plot",)], header=("review",))
    out = tmp_path / "answers.csv"
    outcome = potstill("predict", world.teacher, "--data", data, "--text", "review", "--out", out, "--with-text")
    assert outcome.code == 0, outcome.stderr
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "text,label,probability_negative,probability_positive"
    assert lines[1].startswith('"a, good film",positive,')
    assert len(lines) == 3


def test_the_size_of_a_chunk_does_not_change_the_answers(potstill, world):
    whole = potstill("predict", world.teacher, *TEXTS).stdout.splitlines()
    one_by_one = potstill("predict", world.teacher, *TEXTS, "--chunk", 1).stdout.splitlines()
    assert [json.loads(line)["label"] for line in whole] == [json.loads(line)["label"] for line in one_by_one]


@pytest.mark.parametrize("num_lost", [0, 1, 2, 6, 200])
def test_a_gate_refuses_what_is_certain_and_not_one_text_or_two(num_lost):
    task = Task(answer=OneClass(label_names=("no", "yes")), name="t", is_pair=False, metrics=("accuracy",))
    gold = Split(texts=["a"] * 200, labels=LabelRows.one_each(np.ones(200, dtype=np.int64)))
    reference = np.tile(np.array([[-1.0, 1.0]], dtype=np.float32), (200, 1))
    logits = reference.copy()
    logits[:num_lost] *= -1
    report = check_metric(Path(__file__), task, gold, reference, logits)
    assert report.drop == num_lost / 2  # exactly: one text of 200 is half a point
    low, high = report.drop_interval
    assert low <= report.drop <= high
    assert (low > ExportConfig().max_drop) == (num_lost >= 6)


def test_the_report_says_how_much_an_int8_answer_depends_on_its_batch(potstill, world, exported):
    report = json.loads((exported / "onnx" / "export.json").read_text(encoding="utf-8"))
    (company,) = (file["company"] for file in report["files"] if file["company"] is not None)
    alone = np.array([answers(exported, "onnx-int8", [text])[0] for text in TEXTS])
    assert np.abs(alone - answers(exported, "onnx-int8")).max() > 0
    assert 0 < company["largest_difference"] < 0.5
    assert company["num_texts"] == 60
    sentence = "an answer depends a little on the texts beside it: of 60 texts"
    assert sentence in (exported / "README.md").read_text(encoding="utf-8")
    assert sentence in " ".join(potstill("predict", exported, "a film", "--backend", "onnx-int8").stderr.split())
    assert sentence not in " ".join(potstill("predict", exported, "a film", "--backend", "onnx").stderr.split())
