"""What somebody says about texts is read as logits, whatever form it has."""

import json
import math
from typing import Any

import numpy as np
import pytest

from potstill.answers import ANSWERS, Answer, OneClass, Score, SeveralLabels, ToldAnswers
from potstill.answers.told_answers import FLOOR, FORMS, Form
from potstill.errors import DataError

NAMES = ("bad", "good", "fair")
CLASSES, LABELS, SCORE = OneClass(label_names=NAMES), SeveralLabels(label_names=NAMES), Score()
NOTHING = math.nan


def read(answer: Answer, form: Form, *cells: Any) -> np.ndarray:
    return answer.read_answers(ToldAnswers(form=form, cells=cells, place="answers.jsonl"))


def log(*shares: float) -> list[float]:
    return [math.log(max(share, FLOOR)) for share in shares]


def odds(*shares: float) -> list[float]:
    return [math.log(share / (1 - share)) for share in shares]


@pytest.mark.parametrize(
    ("answer", "form", "cell", "logits"),
    [
        (CLASSES, "label", "good", log(0, 1, 0)),
        (CLASSES, "label", "GOOD", log(0, 1, 0)),
        (CLASSES, "votes", ["good", "bad", "good", "good"], log(0.25, 0.75, 0)),
        (CLASSES, "probabilities", {"good": 0.5, "bad": 0.25, "fair": 0.25}, log(0.25, 0.5, 0.25)),
        (CLASSES, "probabilities", [0.25, 0.5, 0.25], log(0.25, 0.5, 0.25)),
        (CLASSES, "probabilities", '{"good": 0.5, "bad": 0.25, "fair": 0.25}', log(0.25, 0.5, 0.25)),
        (CLASSES, "probabilities", {"good": "0.5", "bad": 0.3}, [math.log(0.3), math.log(0.5), NOTHING]),
        (CLASSES, "log_probabilities", {"good": -0.5, "fair": -1.5}, [NOTHING, -0.5, -1.5]),
        (CLASSES, "logits", {"fair": 3.5, "good": -1.25, "bad": 7.0}, [7.0, -1.25, 3.5]),
        (CLASSES, "label", None, [NOTHING] * 3),
        (CLASSES, "probabilities", "", [NOTHING] * 3),
        (LABELS, "label", ["good", "fair"], odds(FLOOR, 1 - FLOOR, 1 - FLOOR)),
        (LABELS, "votes", [["good"], ["good", "bad"]], odds(0.5, 1 - FLOOR, FLOOR)),
        (LABELS, "probabilities", {"good": 0.9, "bad": 0.1}, [*odds(0.1, 0.9), NOTHING]),
        (LABELS, "logits", [0.5, -2.0, 1.0], [0.5, -2.0, 1.0]),
        (SCORE, "label", 2.5, [2.5]),
        (SCORE, "label", "2.5", [2.5]),
        (SCORE, "votes", [1, 2], [1.5]),
    ],
)
def test_every_form_is_read(answer: Answer, form: Form, cell: Any, logits: list[float]) -> None:
    assert read(answer, form, cell)[0].tolist() == pytest.approx(logits, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize(
    ("answer", "form", "cell", "message"),
    [
        (
            CLASSES,
            "label",
            "gut",
            "row 1 has 'gut', with the label 'gut', which the task does not have; it has bad",
        ),
        (CLASSES, "votes", ["good", "gut"], "with the label 'gut'"),
        (CLASSES, "probabilities", {"gut": 1.0}, "with the label 'gut'"),
        (CLASSES, "probabilities", {"good": 0.9, "bad": 0.9}, "add up to 1.800"),
        (CLASSES, "probabilities", [0.1, 0.1, 0.1], "add up to 0.300"),
        (CLASSES, "probabilities", [0.5, 0.5], "no list of 3 numbers, in the order bad, good, fair"),
        (CLASSES, "probabilities", {"good": "much"}, "with 'much', which is no number"),
        (CLASSES, "log_probabilities", {"good": 0.5}, "add up to 1.649"),
        (CLASSES, "logits", {"good": 1.0}, "without a logit for every label"),
        (LABELS, "probabilities", {"good": 1.5}, "not between 0 and 1"),
        (LABELS, "label", ["gut"], "with the label 'gut'"),
        (SCORE, "probabilities", {"good": 0.5}, "where a score is wanted"),
        (SCORE, "label", "much", "which is no number"),
    ],
)
def test_what_cannot_be_read_is_refused(answer: Answer, form: Form, cell: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(answer, form, cell)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.kind)
def test_every_kind_of_answer_reads_a_form_or_says_what_is_wrong(kind: type[Answer], form: Form) -> None:
    answer = kind(label_names=NAMES if kind.has_names else ())
    for cell in ("good", {"good": 1.0}, 0.5, ["good"], [1.0, 0.0, 0.0], None):
        try:
            rows = read(answer, form, cell)
        except DataError:
            continue
        assert rows.shape == (1, answer.num_labels)
        told = rows[~np.isnan(rows).all(axis=1)]
        assert np.isfinite(answer.complete_answers(told)).all()


def test_what_is_not_told_of_classes_gets_what_is_left() -> None:
    rows = read(CLASSES, "probabilities", {"good": 0.7}, {"good": 0.7, "bad": 0.2, "fair": 0.1})
    shares = np.exp(CLASSES.complete_answers(rows))
    assert shares[0].tolist() == pytest.approx([0.15, 0.7, 0.15], rel=1e-5)
    assert shares[1].tolist() == pytest.approx([0.2, 0.7, 0.1], rel=1e-5)


def test_logits_come_through_json_bit_for_bit() -> None:
    logits = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32) * 9
    cells = [json.loads(json.dumps(dict(zip(NAMES, row, strict=True)))) for row in logits.tolist()]
    for answer in (CLASSES, LABELS):
        assert (read(answer, "logits", *cells) == logits).all()


@pytest.mark.parametrize("number", [10**400, 1e39, "1e39", -(10**400)])
@pytest.mark.parametrize(
    ("kind", "form"), [(Score, "votes"), (OneClass, "logits"), (SeveralLabels, "log_probabilities")]
)
def test_a_number_that_float32_cannot_hold_is_refused(number, kind, form):
    answer = kind(label_names=("a", "b")) if kind.has_names else kind()
    cell = [number] if kind is Score else {"a": number, "b": 0.0}
    with pytest.raises(DataError, match="too large"):
        answer.read_answers(ToldAnswers(form=form, cells=[cell], place="here"))


def test_votes_of_nobody_say_nothing():
    for answer in (Score(), OneClass(label_names=("a", "b")), SeveralLabels(label_names=("a", "b"))):
        assert np.isnan(answer.read_answers(ToldAnswers(form="votes", cells=[[]], place="here"))).all()
