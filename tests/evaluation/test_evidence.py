"""What a run keeps for its report: logits, chosen examples, attention maps."""

import base64
import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from potstill.answers import LabelRows
from potstill.data import Split, Task
from potstill.errors import RunError
from potstill.evaluation import choose_examples, draw_attention
from potstill.hub import Encoder
from potstill.results import AttentionMaps, ChosenExamples, Predictions


def logits(num_examples, num_labels=2, seed=0):
    return np.random.default_rng(seed).normal(scale=2, size=(num_examples, num_labels)).astype(np.float32)


def slow_softmax(row):
    powers = [math.exp(value - max(row)) for value in row.tolist()]
    return [power / math.fsum(powers) for power in powers]


def slow_divergence(student, teacher):
    pairs = zip(slow_softmax(teacher), slow_softmax(student), strict=True)
    return math.fsum(p * math.log(p / q) for p, q in pairs)


@pytest.fixture
def chosen(sentiment: Task, split: Split) -> ChosenExamples:
    return choose_examples(sentiment, split, {"teacher": logits(37), "student": logits(37, seed=1)})


def test_the_worst_disagreements_come_first(chosen: ChosenExamples, split: Split):
    slow = sorted(range(37), key=lambda index: -slow_divergence(logits(37, seed=1)[index], logits(37)[index]))
    assert [example.id for example in chosen.disagreements] == slow
    first = chosen.disagreements[0]
    assert first.distance == pytest.approx(slow_divergence(logits(37, seed=1)[slow[0]], logits(37)[slow[0]]))
    assert first.text == split.texts[slow[0]]
    assert first.logits["teacher"] == pytest.approx(logits(37)[slow[0]], abs=1e-5)


def test_examples_spread_from_the_surest_to_the_least_sure_of_the_teacher(chosen: ChosenExamples):
    sureness = [max(slow_softmax(row)) for row in logits(37)]
    shown = [sureness[example.id] for example in chosen.spread]
    assert len(shown) == 12
    assert shown == sorted(shown, reverse=True)
    assert (shown[0], shown[-1]) == (max(sureness), min(sureness))


def test_of_many_examples_a_hundred_are_kept(sentiment: Task):
    split = Split(texts=["a film"] * 300, labels=LabelRows.one_each(np.zeros(300, dtype=np.int64)))
    chosen = choose_examples(sentiment, split, {"teacher": logits(300), "student": logits(300, seed=1)})
    assert len(chosen.disagreements) == 100


def test_scores_disagree_by_their_distance(similarity: Task, scored_split: Split):
    teacher, student = logits(37, 1), logits(37, 1, seed=1)
    chosen = choose_examples(similarity, scored_split, {"teacher": teacher, "student": student})
    distances = [example.distance for example in chosen.disagreements]
    assert distances == pytest.approx(sorted(np.abs(student - teacher)[:, 0], reverse=True))
    assert chosen.disagreements[0].gold == pytest.approx(float(scored_split.labels.values[chosen.disagreements[0].id]))
    shown = [example.logits["teacher"][0] for example in chosen.spread]
    assert shown == sorted(shown)


def test_a_model_without_a_teacher_has_no_disagreements(sentiment: Task, split: Split):
    chosen = choose_examples(sentiment, split, {"model": logits(37)})
    assert chosen.disagreements == ()
    assert chosen.spread[0].distance is None


def test_chosen_examples_survive_the_file(chosen: ChosenExamples, tmp_path):
    chosen.write(tmp_path / "examples.json")
    assert ChosenExamples.read(tmp_path / "examples.json") == chosen


@pytest.mark.parametrize("content", ["", "[]", '{"spread": 3}', "\xff"])
def test_a_broken_file_of_examples_is_one_clear_sentence(tmp_path, content):
    (tmp_path / "examples.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(RunError, match=r"examples.json' is damaged \(.*\); delete it, or make it anew with"):
        ChosenExamples.read(tmp_path / "examples.json")


@pytest.fixture
def predictions() -> Predictions:
    return Predictions(
        task="sentiment",
        kind="classification",
        split="dev",
        label_names=("no", "yes"),
        gold=np.arange(5) % 2,
        logits={"teacher": logits(5), "student": logits(5, seed=1)},
    )


def test_predictions_survive_the_file_and_need_no_potstill_to_be_read(predictions: Predictions, tmp_path):
    path = tmp_path / "predictions.safetensors"
    predictions.write(path)
    read = Predictions.read(path)
    assert (read.task, read.kind, read.split, read.label_names) == ("sentiment", "classification", "dev", ("no", "yes"))
    for role in ("teacher", "student"):
        assert np.array_equal(read.logits[role], predictions.logits[role])
    tensors = load_file(path)
    assert sorted(tensors) == ["gold", "student", "teacher"]
    assert tensors["gold"].tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_broken_predictions_file_is_one_clear_sentence(tmp_path, content):
    path = tmp_path / "predictions.safetensors"
    path.write_bytes(content)
    with pytest.raises(RunError, match="is damaged .*; delete it, or make it anew"):
        Predictions.read(path)


def test_a_missing_predictions_file_is_one_clear_sentence(tmp_path):
    with pytest.raises(RunError, match="cannot be read"):
        Predictions.read(tmp_path / "predictions.safetensors")


def decode(model):
    flat = np.frombuffer(base64.b64decode(model.probabilities), dtype=np.uint8)
    size = len(model.tokens)
    return flat.reshape(model.num_layers, model.num_heads, size, size) / 255


def test_attention_maps_are_those_of_transformers(make_encoder: Callable[..., Encoder], split: Split):
    encoders = {"teacher": make_encoder(num_layers=3), "student": make_encoder(seed=1)}
    maps = draw_attention(encoders, split, list(range(20)))
    assert maps is not None
    assert len(maps.examples) == 6
    for example in maps.examples:
        for role, encoder in encoders.items():
            wrapped = encoder.tokenizer.wrapped
            inputs = wrapped(split.texts[example.id], return_tensors="pt")
            encoder.model.set_attn_implementation("eager")
            with torch.no_grad():
                expected = torch.stack(encoder.model(**inputs, output_attentions=True).attentions)[:, 0].numpy()
            encoder.model.set_attn_implementation("potstill_sdpa")
            found = decode(example.models[role])
            assert found.shape == expected.shape
            assert np.abs(found - expected).max() <= 0.5 / 255 + 1e-5
            assert example.models[role].tokens[0] == "[CLS]"
            assert example.models[role].tokens[1:-1] == tuple(split.texts[example.id].split())


def test_attention_is_drawn_over_texts_of_about_80_characters(make_encoder: Callable[..., Encoder], split: Split):
    maps = draw_attention({"student": make_encoder()}, split, list(range(37)))
    assert maps is not None
    shown = [abs(len(example.text) - 80) for example in maps.examples]
    assert shown == sorted(abs(len(text) - 80) for text in split.texts)[:6]


def test_long_texts_are_cut_and_large_models_get_fewer_maps(make_encoder, monkeypatch):
    split = Split(texts=["good film " * 20] * 5)
    encoder = make_encoder()
    maps = draw_attention({"student": encoder}, split, [0, 1, 2, 3, 4])
    assert [len(example.models["student"].tokens) for example in maps.examples] == [24] * 5
    monkeypatch.setattr("potstill.evaluation.attention.MAX_CHARACTERS", 8_000)
    fewer = draw_attention({"student": encoder}, split, [0, 1, 2, 3, 4])
    assert len(fewer.examples) == 2
    assert sum(len(example.models["student"].probabilities) for example in fewer.examples) <= 8_000


def test_there_are_no_maps_of_models_whose_attention_cannot_be_captured(make_encoder, split: Split):
    encoder = make_encoder()
    encoder.model.set_attn_implementation("eager")
    assert draw_attention({"student": encoder}, split, [0, 1]) is None


def test_attention_maps_survive_the_file(make_encoder: Callable[..., Encoder], split: Split, tmp_path):
    maps = draw_attention({"student": make_encoder()}, split, [0, 1])
    assert maps is not None
    maps.write(tmp_path / "attention.json")
    assert AttentionMaps.read(tmp_path / "attention.json") == maps
    assert json.loads((tmp_path / "attention.json").read_text())["schema_version"] == 1
