"""A model behind an endpoint that speaks the protocol: a real server, a real client, the command."""

import json
import math
from pathlib import Path

import pytest
from judge_server import Server
from typer.testing import CliRunner

from potstill.answers import OneClass
from potstill.cli import app
from potstill.data import DataConfig, Task, load_answers
from potstill.judges.endpoint import find_start, find_word

pytest.importorskip("openai")


def label(server: Server, texts: Path, labels: Path, out: Path, *more: str) -> str:
    """Ask about texts; the command ends well."""
    done = CliRunner().invoke(app, _arguments(server, texts, labels, out, *more))
    assert done.exit_code == 0, done.output
    return done.stderr


def _arguments(server: Server, texts: Path, labels: Path, out: Path, *more: str) -> list[str]:
    return ["label", str(texts), "--labels", str(labels), "--model", "m", "--url", server.url, "--out", str(out), *more]


def read(out: Path) -> dict[str, dict]:
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len({row["text"] for row in rows}) == len(rows)
    return {row["text"]: row for row in rows}


def test_every_text_is_asked_about_once_and_several_at_a_time(server, texts, labels, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    told = label(server, texts, labels, tmp_path / "a.jsonl", "--concurrency", "4")
    rows = read(tmp_path / "a.jsonl")
    assert "24 of 24 texts; 8 without a label" in told
    assert sorted(server.texts) == sorted(rows)
    assert 2 <= server.most_at_once <= 4
    assert server.keys == {"Bearer secret"}
    assert {text.split()[1]: row["label"] for text, row in rows.items()} == {
        "good": "pos",
        "bad": "neg",
        "copper": None,
    }
    assert rows["a copper film 3"]["said"] == '"I cannot tell.".'
    assert "good, bad, unclear" in server.asked[0]["messages"][0]["content"]


def test_log_probabilities_of_the_first_word_become_those_of_the_labels(server, texts, labels, tmp_path):
    label(server, texts, labels, tmp_path / "a.jsonl")
    rows = read(tmp_path / "a.jsonl")
    logs = rows["a good film 0"]["log_probabilities"]
    assert logs == pytest.approx({"pos": math.log(7 / 9), "neg": math.log(2 / 9)}, abs=1e-6)
    task = Task(name="t", answer=OneClass(label_names=("neg", "pos")), is_pair=False, metrics=("accuracy",))
    table = load_answers(str(tmp_path / "a.jsonl"), DataConfig(path="x.csv"), task)
    assert len(table.logits) == 16
    assert sorted(set(table.logits.argmax(axis=1))) == [0, 1]


def test_an_endpoint_without_log_probabilities_tells_labels(server, texts, labels, tmp_path):
    server.has_logs = False
    label(server, texts, labels, tmp_path / "a.jsonl")
    rows = read(tmp_path / "a.jsonl")
    assert rows["a bad film 2"]["label"] == "neg"
    assert all("log_probabilities" not in row for row in rows.values())
    assert sum("logprobs" in each for each in server.asked) == 2  # once with 20, once with 5


def test_a_busy_endpoint_is_asked_again(server, texts, labels, tmp_path):
    server.busy = 3
    label(server, texts, labels, tmp_path / "a.jsonl", "--retries", "4", "--concurrency", "1")
    assert len(read(tmp_path / "a.jsonl")) == 24
    assert len(server.asked) == 27


def test_what_stops_costs_no_answer_and_the_same_command_goes_on(server, texts, labels, tmp_path):
    out = tmp_path / "a.jsonl"
    server.status, server.fails_from = 401, 10
    done = CliRunner().invoke(app, _arguments(server, texts, labels, out, "--concurrency", "3"))
    assert done.exit_code != 0
    assert "did not answer for 'm'" in str(done.exception)
    assert "put your key into the variable OPENAI_API_KEY" in str(done.exception)
    assert sorted(read(out)) == sorted(server.texts)
    with out.open("a", encoding="utf-8") as file:
        file.write('{"text": "a good film 7", "lab')  # a killed process leaves half a line
    server.status = 200
    label(server, texts, labels, out)
    assert sorted(server.texts) == sorted(read(out))
    assert len(server.texts) == 24
    label(server, texts, labels, out)
    assert len(server.texts) == 24


def test_calls_and_money_are_capped_for_the_whole_file(server, texts, labels, tmp_path):
    label(server, texts, labels, tmp_path / "a.jsonl", "--max-calls", "5")
    label(server, texts, labels, tmp_path / "a.jsonl", "--max-calls", "7")
    assert len(read(tmp_path / "a.jsonl")) == len(server.texts) == 7
    prices = ("--price-read", "10000", "--price-written", "100000")  # a call costs 1 + 1
    told = label(server, texts, labels, tmp_path / "b.jsonl", *prices, "--max-cost", "9")
    assert len(read(tmp_path / "b.jsonl")) == 4
    assert "4 of 24 texts, for 8" in told
    label(server, texts, labels, tmp_path / "b.jsonl", *prices, "--max-cost", "9")
    assert len(read(tmp_path / "b.jsonl")) == 4


def test_answers_of_two_judges_are_not_mixed(server, texts, labels, tmp_path):
    out = tmp_path / "a.jsonl"
    label(server, texts, labels, out)
    labels.write_text(labels.read_text(encoding="utf-8").replace("content", "happy"), encoding="utf-8")
    done = CliRunner().invoke(app, _arguments(server, texts, labels, out))
    assert 'was begun with labels.question = "Is the reviewer content?", and "Is the reviewer happy?"' in str(
        done.exception
    )
    (tmp_path / "other.jsonl").write_text("{}\n", encoding="utf-8")
    done = CliRunner().invoke(app, _arguments(server, texts, labels, tmp_path / "other.jsonl"))
    assert "is there already, and no judge has begun it" in str(done.exception)


def test_words_are_found_whatever_stands_around_them():
    words = ["good", "not good", "bad", "unclear"]
    said = ["Good.", "**Not good** at all", " bad\n", "badly", "The film is good", "", '"unclear"']
    assert [find_word(each, words) for each in said] == [0, 1, 2, None, None, None, 3]
    assert [find_start(each, words) for each in ["go", " Bad", "n", "b", "x", " ", "GOOD"]] == [
        0,
        2,
        1,
        2,
        None,
        None,
        0,
    ]
    assert find_start("good", ["good", "goodness"]) is None
