"""A table of answers teaches in the stead of the model that wrote it."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from potstill import distill
from potstill.cli import app
from potstill.data import DataConfig, Split, load_answers, load_task_data
from potstill.errors import DataError, ModelError, RecipeError
from potstill.pipeline import Run

SETTINGS = ["precision=fp32", "stages.0.epochs=3", "start_from=base", "student.init.kind=random"]


@pytest.fixture(scope="module")
def texts(reviews: Path) -> tuple[Sequence[str], Sequence[str]]:
    data = load_task_data(DataConfig(path=str(reviews), text="review", label="stars"))
    return data.train.texts, data.dev.texts


@pytest.fixture(scope="module")
def answers(teacher: Path, texts: tuple[Sequence[str], Sequence[str]], tmp_path_factory: Any) -> Path:
    """What the teacher says about the training and the development set, each answered in the batches of a run."""
    folder = tmp_path_factory.mktemp("answers")
    lines = []
    for name, some in zip(("train", "dev"), texts, strict=True):
        (folder / f"{name}.txt").write_text("\n".join(dict.fromkeys(some)) + "\n", encoding="utf-8")
        out = folder / f"{name}.jsonl"
        asked = ["predict", str(teacher), "--data", str(folder / f"{name}.txt"), "--with-text", "--logits"]
        assert CliRunner().invoke(app, [*asked, "--out", str(out)]).exit_code == 0
        lines += out.read_text(encoding="utf-8").splitlines()
    path = folder / "answers.jsonl"
    path.write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
    return path


def run(reviews: Path, out: Path, recipe: str = "kd", **changes: Any) -> Run:
    values = {"overrides": SETTINGS} | changes
    return distill(recipe, data=str(reviews), text="review", label="stars", out=out, **values)


def weights(done: Run) -> bytes:
    return (done.student / "model.safetensors").read_bytes()


def count_steps(done: Run) -> int:
    lines = (done.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return max(json.loads(line).get("step", 0) for line in lines)


def rewrite(answers: Path, path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    rows = [change(json.loads(line)) for line in answers.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return str(path)


def test_a_table_gives_the_student_that_the_model_gives_which_wrote_it(
    base: Path, teacher: Path, reviews: Path, answers: Path, tmp_path: Path
) -> None:
    ours = run(reviews, tmp_path / "a" / "run", teacher_answers=str(answers), base=str(base))
    theirs = run(reviews, tmp_path / "b" / "run", teacher=str(teacher), base=str(base))
    assert weights(ours) == weights(theirs)
    table, model = ours.results.models, theirs.results.models
    assert [each.role for each in table] == [each.role for each in model] == ["teacher", "student"]
    assert [each.metrics for each in table] == [each.metrics for each in model]
    assert table[1].fidelity == model[1].fidelity
    assert "answers.jsonl" in (ours.student / "README.md").read_text(encoding="utf-8")


def test_a_text_that_the_table_leaves_open_has_no_answer_and_no_others(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("text,label\n" + "a film,good\na plot,bad\nthe end,good\nfine,bad\n" * 6, encoding="utf-8")
    config = DataConfig(path=str(mine))
    said = [("a film", None), ("a plot", "bad"), ("the end", "good")]
    lines = [json.dumps({"text": text, "label": label}) for text, label in said]
    (tmp_path / "said.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = load_answers(str(tmp_path / "said.jsonl"), config, load_task_data(config).task)
    found = table.find(Split(texts=["a film", "a plot", "the end", "fine"]))
    assert found.tolist() == [-1, 0, 1, -1]
    assert table.logits.argmax(axis=1).tolist() == [0, 1], "bad and good"


def test_columns_of_a_csv_are_as_good(base: Path, reviews: Path, answers: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    rows = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "logit_good", "logit_bad"])
        table.writerows([row["text"], row["logits"]["good"], row["logits"]["bad"]] for row in rows)
    ours = run(reviews, tmp_path / "a" / "run", teacher_answers=str(path), base=str(base))
    theirs = run(reviews, tmp_path / "b" / "run", teacher_answers=str(answers), base=str(base))
    assert weights(ours) == weights(theirs)


def test_texts_without_an_answer_are_learnt_from_their_labels_alone(
    base: Path, reviews: Path, answers: Path, texts: tuple[Sequence[str], Sequence[str]], tmp_path: Path
) -> None:
    known = set(texts[0][::2])
    path = rewrite(
        answers,
        tmp_path / "half.jsonl",
        lambda row: {"text": row["text"], "label": row["label"] if row["text"] in known else None},
    )
    labels = run(reviews, tmp_path / "a" / "run", "kd-labels", teacher_answers=path, base=str(base))
    assert labels.results.find("teacher") is None
    assert labels.results.models[0].fidelity is None
    alone = run(reviews, tmp_path / "b" / "run", teacher_answers=path, base=str(base))
    assert count_steps(alone) < count_steps(labels)


def test_answers_about_some_labels_are_followed_by_soft_labels_alone(
    base: Path, reviews: Path, answers: Path, tmp_path: Path
) -> None:
    path = rewrite(
        answers,
        tmp_path / "some.jsonl",
        lambda row: {"text": row["text"], "probabilities": {"good": row["probabilities"]["good"]}},
    )
    run(reviews, tmp_path / "a" / "run", teacher_answers=path, base=str(base))
    followed = [*SETTINGS, 'stages.0.objectives=[{kind="logits_mse"}]']
    with pytest.raises(RecipeError, match="tell of some labels only, which this loss cannot follow; use soft_labels"):
        run(reviews, tmp_path / "b" / "run", teacher_answers=path, base=str(base), overrides=followed)


def test_what_a_table_cannot_do_is_refused(base: Path, reviews: Path, answers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RecipeError, match="has no layers to follow; take a recipe"):
        run(reviews, out, "kd-hidden", teacher_answers=str(answers), base=str(base), overrides=["precision=fp32"])
    with pytest.raises(RecipeError, match=r"teacher\.base: of this teacher only answers are known.*pass --base"):
        run(reviews, out, teacher_answers=str(answers))
    with pytest.raises(RecipeError, match=r"both answers \('.*'\) and a model \('x'\) are set"):
        run(reviews, out, teacher_answers=str(answers), teacher="x", base=str(base))
    with pytest.raises(DataError, match=r"none\.jsonl' does not exist"):
        run(reviews, out, teacher_answers=str(tmp_path / "none.jsonl"), base=str(base))
    turned = {"good": "bad", "bad": "good"}
    path = rewrite(answers, tmp_path / "a.jsonl", lambda row: {"text": row["text"], "label": turned[row["label"]]})
    with pytest.raises(ModelError, match="no better than always answering the most frequent class"):
        run(reviews, out, teacher_answers=path, base=str(base))
    path = rewrite(answers, tmp_path / "b.jsonl", lambda row: row | {"text": f"{row['text']}, not"})
    with pytest.raises(DataError, match=r"b\.jsonl answers none of the"):
        run(reviews, out, teacher_answers=path, base=str(base))
    path = rewrite(answers, tmp_path / "c.jsonl", lambda row: {"text": "one", "label": row["label"]})
    with pytest.raises(DataError, match=r"rows 1 and \d+ have the same text and other answers"):
        run(reviews, out, teacher_answers=path, base=str(base))
    path = rewrite(answers, tmp_path / "d.jsonl", lambda row: {"text": row["text"], "said": row["label"]})
    with pytest.raises(DataError, match="has no column that says what the teacher thinks"):
        run(reviews, out, teacher_answers=path, base=str(base))
    assert not out.exists()
