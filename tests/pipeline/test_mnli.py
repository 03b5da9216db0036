"""MNLI: two development sets, and models that count its labels in another order than its data."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BertForSequenceClassification

from potstill import evaluate, predict
from potstill.errors import DataError

LABELS = ("contradiction", "entailment", "neutral")
TEXTS = (
    ("a good film", "the plot was bad"),
    ("the film is good", "a good plot"),
    ("a bad plot", "the still is copper"),
)


@pytest.fixture
def glue(tmp_path: Path) -> Path:
    """A folder with a small MNLI; the rows of the matched dev set are those of the mismatched one, turned round."""
    (tmp_path / "MNLI").mkdir()
    rows = [
        "\t".join(["0", *"abcdefg", first, second, *["neutral"] * 5, label])
        for (first, second), label in zip(TEXTS, LABELS, strict=True)
    ]
    for name, lines in (("train", rows), ("dev_matched", rows[::-1]), ("dev_mismatched", rows[:2])):
        text = "\n".join(["\t".join(["column"] * 16), *lines]) + "\n"
        (tmp_path / "MNLI" / f"{name}.tsv").write_text(text, encoding="utf-8")
    return tmp_path


def save_classifier(base: Path, folder: Path, names: tuple[str, ...], order: list[int]) -> str:
    """Save a random classifier whose logit i is the i-th of `order` of the same head."""
    torch.manual_seed(1)
    model = BertForSequenceClassification.from_pretrained(base, num_labels=3)
    torch.nn.init.normal_(model.classifier.weight)
    with torch.no_grad():
        model.classifier.weight.copy_(model.classifier.weight[order].clone())
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: index for index, name in enumerate(names)}
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return str(folder)


def test_the_second_development_set_is_measured_and_printed(base: Path, glue: Path, tmp_path: Path) -> None:
    from potstill.results import describe_results

    model = save_classifier(base, tmp_path / "model", LABELS, [0, 1, 2])
    results = evaluate(model, task="mnli", data=str(glue))
    mismatched = results.models[0].other_splits["mismatched"]["accuracy"]
    answers = list(predict(model, [first for first, _ in TEXTS[:2]], pairs=[second for _, second in TEXTS[:2]]))
    right = [answer.label == label for answer, label in zip(answers, LABELS, strict=False)]
    assert mismatched == sum(right) / 2
    assert results.num_examples == 3
    assert f"mismatched: accuracy {mismatched * 100:.1f}" in describe_results(results)


def test_a_model_with_the_labels_in_another_order_is_measured_the_same(base: Path, glue: Path, tmp_path: Path) -> None:
    own = save_classifier(base, tmp_path / "own", LABELS, [0, 1, 2])
    other = save_classifier(base, tmp_path / "other", ("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), [1, 2, 0])
    first, second = (evaluate(model, task="mnli", data=str(glue)).models[0] for model in (own, other))
    assert (first.metrics, first.other_splits) == (second.metrics, second.other_splits)


def test_a_model_that_only_numbers_its_labels_is_refused(base: Path, glue: Path, tmp_path: Path) -> None:
    model = save_classifier(base, tmp_path / "model", ("LABEL_0", "LABEL_1", "LABEL_2"), [0, 1, 2])
    with pytest.raises(DataError, match=r"only numbers \(LABEL_0, LABEL_1, LABEL_2\)"):
        evaluate(model, task="mnli", data=str(glue))
