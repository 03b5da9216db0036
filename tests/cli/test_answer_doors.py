"""Every kind of answer at every door: it works, or one sentence says why not; one more kind needs a file and a line."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ordinal_answer import Ordinal
from tiny_world import make_reviews

import potstill as library
from potstill import answers
from potstill.answers import ANSWERS
from potstill.cli import run
from potstill.data import Split
from potstill.results import Predictions

KINDS = (*ANSWERS, Ordinal)
QUICK = ("--set", "precision=fp32", "--set", "stages.0.evaluations_per_epoch=1")
LEARN = ("--set", "stages.0.epochs=16", "--set", "stages.0.optimizer.learning_rate=5e-3")
NO_RUNS = "augmentation.method.ngram_probability=0"
NO_TAGS = ("--copies", 1, "--set", "augmentation.method.replace_probability=0", "--set", NO_RUNS)
SCORES = {"bad": -1.5, "dull": -0.5, "good": 0.5, "great": 1.5}
LABELS = {
    "classification": lambda text, label: label,
    "tags": lambda text, label: [
        [text.index(word), text.index(word) + len(word), label] for word in SCORES if word in text.split()
    ],
    "multi_label": lambda text, label: ";".join(word for word in SCORES if word in text.split()),
    "regression": lambda text, label: sum(score for word, score in SCORES.items() if word in text.split()),
    "ordinal": lambda text, label: 1 + [word in text.split() for word in SCORES].index(True),
}
SETTINGS = {"multi_label": ("--set", "data.label_separator=;"), "ordinal": ("--set", "data.kind=ordinal")}
NO_NEW_TEXTS = {"augment", "augment in balance", "augment with a teacher"}
REFUSED = {
    "multi_label": NO_NEW_TEXTS,
    "tags": {"augment in balance", "augment with a teacher"},
    "regression": {"augment in balance"},
}
"""What cannot be had of a kind; everything else works."""


@dataclasses.dataclass(frozen=True)
class Told:
    """A kind with labelled texts and a student that learnt them from a teacher."""

    kind: type[answers.Answer]
    data: Path
    teacher: Path
    student: Path
    settings: tuple[str, ...]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.kind)
def told(request: pytest.FixtureRequest, world, tmp_path_factory) -> Iterator[Told]:
    kind, folder = request.param, tmp_path_factory.mktemp(request.param.kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "ANSWERS", KINDS)
        rows = [(text, LABELS[kind.kind](text, label)) for text, label in make_reviews(120, seed=5)]
        data, settings = write_rows(folder / "data.jsonl", rows), SETTINGS.get(kind.kind, ())
        teacher, student = folder / "teacher", folder / "student"
        given = ("--data", data, "--set", f"data.dev={data}", *settings, *QUICK, *LEARN)
        for arguments in (
            ("finetune", world.base, "--out", teacher, *given),
            ("distill", "kd", "--teacher", teacher, "--out", student, *given),
        ):
            assert run([str(argument) for argument in arguments]) == 0, arguments
        yield Told(kind, data, teacher, student, tuple(settings))


def write_rows(path: Path, rows: list[tuple[str, object]]) -> Path:
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def doors(told: Told, folder: Path) -> dict[str, tuple[object, ...]]:
    given = ("--data", told.data, *told.settings)
    augment = ("augment", *given, *NO_TAGS)
    suite = folder / "suite.toml"
    sets = json.dumps([word for word in told.settings if word != "--set"])
    suite.write_text(
        f'name = "kinds"\ndescription = "one cell"\nset = ["stages.0.epochs=none", "stages.0.steps=1"]\n'
        f'systems = [{{ name = "KD", recipe = "kd" }}]\n'
        f'tasks = [{{ name = "own", data = "{told.data}", teacher = "{told.teacher}", set = {sets} }}]\n'
    )
    return {
        "evaluate its run": ("evaluate", told.student),
        "evaluate": ("evaluate", told.student, *given, "--teacher", told.teacher),
        "predict": ("predict", told.student, "the film is good", "the plot is bad"),
        "predict a table": ("predict", told.student, "the film is good", "--format", "csv"),
        "compare": ("compare", told.teacher, told.student, *given),
        "export": ("export", told.student, "--out", folder / "exported", "--int8", "none", *given),
        "bench": ("bench", told.student, "--data", told.data, "--texts", 2, "--repeats", 2, "--no-probe"),
        "report": ("report", told.student),
        "tables": ("tables", told.student),
        "suite": ("suite", suite, "--workers", 0),
        "augment": (*augment, "--out", folder / "plain.jsonl"),
        "augment in balance": (*augment, "--set", "augmentation.balance_classes=true", "--out", folder / "even.jsonl"),
        "augment with a teacher": (*augment, "--teacher", told.teacher, "--out", folder / "taught.jsonl"),
    }


def test_every_door_works_or_says_in_one_sentence_why_not(told: Told, potstill, tmp_path: Path) -> None:
    refused = REFUSED.get(told.kind.kind, set())
    for name, arguments in doors(told, tmp_path).items():
        outcome = potstill(*arguments)
        assert outcome.code == (2 if name in refused else 0), (name, outcome.stderr)
        if name in refused:
            assert outcome.stderr.startswith("error: "), (name, outcome.stderr)
            assert outcome.stderr.rstrip().endswith("."), (name, outcome.stderr)


def test_a_run_tells_its_kind_and_keeps_it(told: Told) -> None:
    predictions = Predictions.read(told.student / "predictions.safetensors")
    assert predictions.kind == told.kind.kind
    answer = told.kind(label_names=predictions.label_names)
    classifier = library.load(told.student)
    assert classifier.answer == answer
    texts = [text for text, _ in make_reviews(9, seed=6)]
    told_labels = [answer.table_cells(each)[0] for each in classifier(texts)]
    logits = classifier.logits(Split(texts=texts))
    again = answer.predict(logits, texts=texts, words=answer.find_words(texts))
    assert told_labels == [answer.table_cells(each)[0] for each in again]


def test_the_median_of_classes_in_an_order_is_not_the_likeliest() -> None:
    logits = np.log(np.array([[0.4, 0.25, 0.35]]))
    assert Ordinal(label_names=("1", "2", "3")).decide(logits).tolist() == [1]
    assert next(Ordinal(label_names=("1", "2", "3")).predict(logits)).label == "2"
