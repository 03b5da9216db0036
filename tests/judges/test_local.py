"""A language model on this machine as a judge: what it says is what its log-probabilities say."""

import json

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from tiny_judges import save_causal_lm
from typer.testing import CliRunner

from potstill.cli import app
from potstill.hub import load_causal_lm
from potstill.judges import calibrate, read_question


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_causal_lm(tmp_path_factory.mktemp("judge") / "lm", max_tokens=512)


def ask(model, texts, labels, out, *more):
    arguments = ["label", str(texts), "--labels", str(labels), "--model", str(model), "--out", str(out), *more]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["path"], told["num_answered"]) == (str(out), told["num_texts"])
    return {row["text"]: row for row in map(json.loads, out.read_text(encoding="utf-8").splitlines())}


def scores(model, labels, texts):
    question, lm = read_question(labels), load_causal_lm(str(model), device=torch.device("cpu"))
    return {text: lm.score(question.ask(text, None), question.all_words) for text in texts}


def test_the_likeliest_word_is_the_label_and_one_of_them_abstains(model, texts, labels, tmp_path):
    rows = ask(model, texts, labels, tmp_path / "a.jsonl")
    assert len(rows) == 24
    found = scores(model, labels, rows)
    for text, row in rows.items():
        assert row["label"] == ["pos", "neg", None][int(found[text].argmax())]
        if row["label"] is not None:
            logs = log_softmax(found[text][:2])
            assert row["log_probabilities"] == pytest.approx({"pos": logs[0], "neg": logs[1]}, abs=1e-4)


def test_calibration_takes_off_what_the_prompt_alone_makes_likely(model, texts, labels, tmp_path):
    labels.write_text(labels.read_text(encoding="utf-8").replace('abstain = "unclear"\n', ""), encoding="utf-8")
    rows = ask(model, texts, labels, tmp_path / "a.jsonl", "--calibrate")
    found, prior = (scores(model, labels, each) for each in (rows, ("N/A", "", "[MASK]")))
    share = np.mean([softmax(each) for each in prior.values()], axis=0)
    for text, row in rows.items():
        weighed = softmax(found[text]) / share
        logs = np.log(weighed / weighed.sum())
        assert row["log_probabilities"] == pytest.approx({"pos": logs[0], "neg": logs[1]}, abs=1e-4)


def test_calibration_of_a_text_without_content_leaves_no_label_likelier():
    logs = np.log([0.7, 0.2, 0.1])
    np.testing.assert_allclose(np.exp(calibrate(logs, logs[None])), [1 / 3] * 3)
    np.testing.assert_allclose(np.exp(calibrate(logs + 5, np.zeros((2, 3)))), [0.7, 0.2, 0.1])


def test_a_text_that_is_too_long_is_kept_without_a_label(model, labels, tmp_path):
    (tmp_path / "t.txt").write_text("good\n" + "copper " * 600 + "\n", encoding="utf-8")
    rows = list(ask(model, tmp_path / "t.txt", labels, tmp_path / "a.jsonl").values())
    assert rows[1]["label"] is None
    assert "the model reads 512" in rows[1]["said"]


def test_texts_are_no_templates(labels):
    asked = read_question(labels).ask("{labels} and {text}", None)
    assert asked.count("The reviewer regrets it.") == 1
    assert "Text: {labels} and {text}\n" in asked
    assert "Second text: b\n" in read_question(labels).ask("a", "b")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('[labels]', "[label]"), "label"),
        (('neg = "bad"', 'neg = "Good"'), "'good' stands for two labels"),
        (('neg = "bad"', 'other = "bad"'), "'other' is no label; the labels are pos, neg"),
        (('abstain', 'template = "{question}"\nabstain'), "no {text}"),
        (('question', '= question'), "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_labels_is_one_sentence(model, texts, labels, tmp_path, change, sentence):
    labels.write_text(labels.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    done = CliRunner().invoke(app, ["label", str(texts), "--labels", str(labels), "--model", str(model), "--out", "x"])
    assert sentence in str(done.exception)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--concurrency", "3"], "--concurrency: this has an effect with --url only"),
        (["--max-cost", "3"], "--max-cost: a model that runs here has no price a token"),
        (["--url", "http://localhost:1/v1", "--max-cost", "3"], "--max-cost: nobody says what a token costs"),
        (["--url", "http://localhost:1/v1", "--calibrate"], "--calibrate: it needs the probability of every label"),
    ],
)
def test_an_option_without_effect_is_refused(texts, labels, tmp_path, more, sentence):
    asked = ["label", str(texts), "--labels", str(labels), "--model", "m", "--out", str(tmp_path / "x"), *more]
    assert sentence in str(CliRunner().invoke(app, asked).exception)
