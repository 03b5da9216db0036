"""An audit of a table of answers: figures by hand, planted mistakes, a page."""

import csv
import json
from pathlib import Path
from random import Random

import html5lib
import pytest
from tiny_reviews import WORDS
from typer.testing import CliRunner

from potstill.cli import app
from potstill.errors import DataError
from potstill.pipeline import DataOptions, audit

NUM_TEXTS, NUM_WRONG = 240, 16


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, set[str]]:
    """A table of answers, gold labels about half of the texts, and the texts that are answered wrong."""
    folder, random = tmp_path_factory.mktemp("audit"), Random(0)
    texts: dict[str, str] = {}
    while len(texts) < NUM_TEXTS:
        verdict = random.choice(["good", "bad"])
        texts[" ".join([verdict, *random.choices(WORDS[2:], k=8)])] = verdict
    wrong = set(random.sample(sorted(texts), NUM_WRONG))
    other = {"good": "bad", "bad": "good"}
    rows = [{"text": text, "label": other[word] if text in wrong else word} for text, word in texts.items()]
    again = [{"text": row["text"].upper(), "label": row["label"]} for row in rows[:3]]
    again[0]["label"] = other[again[0]["label"]]
    answers, gold = folder / "answers.jsonl", folder / "gold.csv"
    lines = [*rows, *again, {"text": "no word", "label": None}]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with gold.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerows([["text", "label"], *list(texts.items())[::2]])
    return answers, gold, wrong


def test_figures_are_those_by_hand(answered: tuple[Path, Path, set[str]]) -> None:
    answers, gold, wrong = answered
    found = audit(answers, options=DataOptions(data=str(gold)))
    assert (found.num_rows, found.num_abstained, found.num_texts) == (NUM_TEXTS + 4, 1, NUM_TEXTS)
    assert (found.num_repeated, found.self_agreement) == (3, pytest.approx(2 / 3))
    with gold.open(encoding="utf-8") as file:
        known = {row["text"] for row in csv.DictReader(file)}
    assert found.num_gold == len(known) == NUM_TEXTS / 2
    assert found.accuracy == pytest.approx(1 - len(known & wrong) / len(known))
    assert found.interval is not None
    assert found.interval[0] < found.accuracy < found.interval[1]
    assert sum(each.num_answers for each in found.labels) == NUM_TEXTS
    assert sum(each.num_suspects for each in found.labels) == len(found.suspects)


def test_planted_mistakes_are_suspect(answered: tuple[Path, Path, set[str]]) -> None:
    answers, _, wrong = answered
    found = audit(answers)
    assert (found.accuracy, found.num_gold, found.suspects[0].gold) == (None, 0, None)
    suspects = {each.text for each in found.suspects}
    assert len(suspects & wrong) >= 0.8 * len(wrong)
    assert len(suspects & wrong) >= 0.6 * len(suspects)
    rows = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    for each in found.suspects:
        assert (rows[each.row - 1]["text"], rows[each.row - 1]["label"]) == (each.text, each.answer)


def test_the_command_prints_tables_and_draws_a_page(answered: tuple[Path, Path, set[str]], tmp_path: Path) -> None:
    answers, gold, _ = answered
    done = CliRunner().invoke(app, ["audit", str(answers), "--data", str(gold), "--out", str(tmp_path / "a.html")])
    assert done.exit_code == 0, done.output
    printed = " ".join(done.stdout.split())
    for words in ("good", "bad", "suspect", "agrees with itself in 66.7 %", "answers that are likeliest wrong"):
        assert words in printed
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "that have a gold label are right" in page


def test_what_cannot_be_audited_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "t{n}", "label": "{n % 2}x"}}\n' for n in range(9)), encoding="utf-8")
    with pytest.raises(DataError, match="audit: 9 texts are answered; at least 20 are needed"):
        audit(path)
    path.write_text("".join(f'{{"text": "t{n}", "score": {n / 7}}}\n' for n in range(30)), encoding="utf-8")
    with pytest.raises(DataError, match="which are no classes"):
        audit(path)
    with pytest.raises(DataError, match="does not exist"):
        audit(tmp_path / "absent.jsonl")
