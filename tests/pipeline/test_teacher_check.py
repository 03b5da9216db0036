"""Which teachers are refused: those that answer as well without looking at the text."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from potstill import distill
from potstill.answers import LabelRows, OneClass
from potstill.answers.score import Score
from potstill.answers.several_labels import SeveralLabels
from potstill.data import Task
from potstill.errors import ModelError, PotstillError
from potstill.files import write_json
from potstill.pipeline.teacher import check_teacher
from potstill.progress import SilentCallback
from potstill.results import Results

SCORES = Task(name="t", answer=Score(), is_pair=True, metrics=("spearman", "pearson"))
CLASSES = Task(name="t", answer=OneClass(label_names=("no", "yes")), is_pair=False, metrics=("accuracy",))
LABELS = Task(name="t", answer=SeveralLabels(label_names=("a", "b", "c")), is_pair=False, metrics=("micro_f1",))


class Told(SilentCallback):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_scores_drawn_at_random_are_refused() -> None:
    draw, refused = np.random.default_rng(0), 0
    for _ in range(200):
        gold, scores = draw.normal(size=400).astype(np.float32), draw.normal(size=(400, 1))
        try:
            check_teacher("m", SCORES, scores, LabelRows.one_each(gold))
        except ModelError:
            refused += 1
    assert refused >= 190


@pytest.mark.parametrize("num_examples", [3, 10, 1000])
def test_scores_that_follow_the_gold_ones_pass(num_examples: int) -> None:
    gold = np.arange(num_examples, dtype=np.float32)
    check_teacher("m", SCORES, gold[:, None] + (gold % 2)[:, None], LabelRows.one_each(gold))


def answers(*, right: int, missed: int, false: int, total: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the logits and gold labels of a rare class 1 of `total` examples."""
    gold, predicted = np.zeros((2, total), dtype=np.int64)
    gold[: right + missed] = 1
    predicted[:right] = 1
    predicted[right + missed : right + missed + false] = 1
    return np.eye(2)[predicted], gold


def test_a_teacher_that_finds_the_rare_class_passes_with_the_accuracy_of_the_majority() -> None:
    logits, gold = answers(right=6, missed=4, false=6, total=100)
    check_teacher("m", CLASSES, logits, LabelRows.one_each(gold))


@pytest.mark.parametrize(("right", "false"), [(0, 0), (1, 9)])
def test_a_teacher_that_does_not_find_it_is_refused(right: int, false: int) -> None:
    logits, gold = answers(right=right, missed=10 - right, false=false, total=100)
    with pytest.raises(ModelError, match=r"'m' has accuracy .* no better than always .* \(0\.900\)"):
        check_teacher("m", CLASSES, logits, LabelRows.one_each(gold))


def test_labels_of_the_most_frequent_alone_are_refused() -> None:
    gold = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.float32)
    with pytest.raises(ModelError, match="most frequent label"):
        check_teacher("m", LABELS, np.tile([1.0, -1.0, -1.0], (4, 1)), LabelRows.one_each(gold))
    check_teacher("m", LABELS, gold - 0.5, LabelRows.one_each(gold))


def test_a_run_says_how_its_teacher_was_trained_and_what_words_alone_tell(student_run: Path, teacher: Path) -> None:
    made = Results.read(teacher / "results.json")
    results = Results.read(student_run / "results.json")
    (chosen,) = made.models[0].chosen
    assert results.find("teacher").chosen == (chosen,)
    assert results.bag_of_words.model == "teacher"
    assert made.bag_of_words.model == "model"
    assert results.bag_of_words.lead == pytest.approx(results.find("teacher").score - results.bag_of_words.score)
    assert results.bag_of_words.num_texts == 216


def test_what_is_wrong_with_a_teacher_is_told_before_its_student_is_trained(
    base: Path, teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    poor = shutil.copytree(teacher, tmp_path / "poor")
    results = json.loads((poor / "results.json").read_text())
    results["models"][0]["chosen"][-1]["is_rising"] = True
    write_json(poor / "results.json", results, is_sealed=True)
    told = Told()
    with pytest.raises(PotstillError, match="no-such-file"):
        distill(
            "kd",
            teacher=str(poor),
            data=str(reviews),
            text="review",
            label="stars",
            out=tmp_path / "run",
            callback=told,
            overrides=["student.init.kind=checkpoint", "student.init.path=no-such-file"],
        )
    assert any("was still rising at the end of its training" in note for note in told.notes)
