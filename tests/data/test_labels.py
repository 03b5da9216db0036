from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import OneClass
from potstill.answers.score import Score
from potstill.data import DataConfig, Task, load_task_data, match_labels
from potstill.errors import DataError, RecipeError


def make_task(*label_names):
    answer = OneClass(label_names=label_names) if label_names else Score()
    return Task(name="t", answer=answer, is_pair=False, metrics=answer.default_metrics)


@given(st.permutations(["contradiction", "entailment", "neutral"]))
def test_logits_of_any_order_are_put_in_the_order_of_the_task(names):
    task = make_task("Contradiction", "ENTAILMENT", "neutral")
    result = list(match_labels(task, names))
    model_logits = np.array([[len(name) for name in names]])
    task_logits = np.zeros_like(model_logits)
    task_logits[:, result] = model_logits
    assert task_logits.tolist() == [[len(name) for name in task.label_names]]


@pytest.mark.parametrize(
    ("task_names", "model_names"),
    [
        (("negative", "positive"), ("LABEL_0", "LABEL_1")),
        (("negative", "positive"), ("0", "1")),
        (("0", "1"), ("LABEL_0", "LABEL_1")),
        (("1", "2", "3"), ("LABEL_0", "LABEL_1", "LABEL_2")),
        (("us", "US"), ("us", "US")),
    ],
)
def test_generic_or_equal_names_are_taken_in_order(task_names, model_names):
    task = replace(make_task(*task_names), has_agreed_order=True)
    assert match_labels(task, model_names) == tuple(range(len(task_names)))


def test_numbers_are_refused_where_publishers_order_the_labels_differently():
    with pytest.raises(DataError, match=r"only numbers \(LABEL_0, LABEL_1\).*negative, positive.*'id2label'"):
        match_labels(make_task("negative", "positive"), ("LABEL_0", "LABEL_1"))


def test_blanks_and_underscores_in_names_do_not_matter():
    assert match_labels(make_task("entailment", "not_entailment"), ("Not Entailment", "ENTAILMENT")) == (1, 0)


@pytest.mark.parametrize(
    ("task_names", "model_names"),
    [
        (("negative", "positive"), ("bad", "good")),
        (("negative", "positive"), ("LABEL_0", "LABEL_1", "LABEL_2")),
        (("negative", "positive"), ("0", "1")),
        (("negative", "positive"), ("LABEL_1", "LABEL_0")),
        (("1", "2", "3"), ("0", "1", "2")),
        (("0", "1"), ("negative", "positive")),
        (("negative", "positive"), ()),
        ((), ("negative", "positive")),
        (("a", "b"), ("a", "a")),
    ],
)
def test_other_names_are_refused_with_both_lists(task_names, model_names):
    with pytest.raises(DataError) as caught:
        match_labels(make_task(*task_names), model_names)
    for name in (*task_names, *model_names):
        assert name in str(caught.value)


def test_a_model_whose_names_mean_the_same_is_matched_as_the_user_says():
    task = replace(make_task("neg", "pos"), model_labels=("pos", "neg"))
    assert match_labels(task, ("POSITIVE", "NEGATIVE")) == (1, 0)
    assert match_labels(task, ("LABEL_0", "LABEL_1")) == (1, 0)
    assert match_labels(task, ("neg", "pos")) == (0, 1), "where names are the same, they decide"
    with pytest.raises(DataError, match=r"--labels\): pos, neg does not fit .*'Neg' stands elsewhere"):
        match_labels(task, ("Neg", "fine"))


def test_names_that_are_not_the_same_are_never_guessed_and_the_option_is_named():
    for own, other in ((("neg", "pos"), ("NEGATIVE", "POSITIVE")), (("good", "bad"), ("LABEL_0", "LABEL_1"))):
        with pytest.raises(DataError) as caught:
            match_labels(make_task(*own), other)
        for word in (*own, *other, "--labels"):
            assert word in str(caught.value)


def test_a_score_for_numbers_that_are_read_as_classes_is_refused_with_the_setting():
    with pytest.raises(DataError, match="say with data.kind that they are scores"):
        match_labels(make_task("0", "1"), ())


def test_a_score_matches_a_score():
    assert match_labels(make_task(), ()) == (0,)


def load(folder, cells, **fields):
    rows = "".join(f"text {number},{cell}\n" for number, cell in enumerate(cells))
    (folder / "data.csv").write_text("text,label\n" + rows, encoding="utf-8")
    label_names = fields.pop("label_names", ())
    return load_task_data(DataConfig(path=str(folder / "data.csv"), **fields), label_names=label_names)


def named(split, task):
    return {text: task.label_names[value] for text, value in zip(split.texts, split.labels.values, strict=True)}


@pytest.mark.parametrize(
    ("labels", "label_names", "meaning"),
    [
        (["0", "1"], ("negative", "positive"), {"0": "negative", "1": "positive"}),
        (["1.0", "0.0"], ("negative", "positive"), {"0.0": "negative", "1.0": "positive"}),
        (["0", "2"], ("a", "b", "c"), {"0": "a", "2": "c"}),
        (["0", "1"], ("LABEL_0", "LABEL_1", "LABEL_2"), {"0": "LABEL_0", "1": "LABEL_1"}),
        (["b", "c"], ("a", "b", "c"), {"b": "b", "c": "c"}),
        (["B", "C"], ("a", "b", "c"), {"B": "b", "C": "c"}),
    ],
)
def test_some_labels_of_a_model_or_its_indices_become_all_of_its_labels(tmp_path, labels, label_names, meaning):
    data = load(tmp_path, labels * 10, label_names=label_names)
    assert data.task.label_names == label_names
    assert data.task.metrics == data.task.answer.default_metrics
    for split in (data.train, data.dev):
        for text, name in named(split, data.task).items():
            assert name == meaning[labels[int(text.removeprefix("text ")) % 2]]
    assert any("model's" in note for note in data.notes)
    assert data.fingerprint != load(tmp_path, labels * 10).fingerprint


@pytest.mark.parametrize(
    ("labels", "label_names"),
    [
        (["0", "1"], ("LABEL_0", "LABEL_1")),
        (["1", "2"], ("1 star", "2 stars")),
        (["1", "2"], ("1 star", "2 stars", "3 stars")),
        (["0", "1"], ("1", "2")),
        (["neg", "pos"], ("negative", "neutral", "positive")),
        (["01", "00"], ("no", "yes")),
        (["neg", "pos"], ()),
    ],
)
def test_labels_of_which_a_model_says_nothing_stay_as_they_are(tmp_path, labels, label_names):
    assert load(tmp_path, labels * 10, label_names=label_names).task.label_names == tuple(sorted(labels))


def test_labels_say_what_indices_in_the_data_mean(tmp_path):
    data = load(tmp_path, ["1", "0"] * 10, labels=("no", "yes"))
    assert (data.task.label_names, data.task.model_labels) == (("no", "yes"), ("no", "yes"))
    assert set(named(data.train, data.task).values()) == {"no", "yes"}
    assert match_labels(data.task, ("NEGATIVE", "POSITIVE")) == (0, 1)
    names = load(tmp_path, ["yes", "no"] * 10, labels=("yes", "no"), label_names=("POSITIVE", "NEGATIVE"))
    assert names.task.label_names == ("yes", "no")
    with pytest.raises(DataError, match=r"row 1 has no usable label \('yes'\); data\.labels .* has nope, no"):
        load(tmp_path, ["yes", "no"] * 10, labels=("nope", "no"))


@pytest.mark.parametrize("labels", [("a",), ("a", "a"), ("a", " ")])
def test_labels_are_two_names_or_more(labels):
    with pytest.raises(RecipeError, match="data.labels: must be two names or more"):
        DataConfig.parse({"path": "x.csv", "labels": labels}, path="data")
    with pytest.raises(RecipeError, match="which has no classes"):
        DataConfig.parse({"path": "x.csv", "labels": ("a", "b"), "kind": "regression"}, path="data")


def test_numbers_out_of_order_are_no_places():
    task = replace(make_task("no", "yes"), has_agreed_order=True)
    assert match_labels(task, ("LABEL_0", "LABEL_1")) == (0, 1)
    with pytest.raises(DataError, match="are not those of task"):
        match_labels(task, ("LABEL_1", "LABEL_0"))
