"""Saved models, measured and applied from Python."""

import csv

import numpy as np
import pytest
import torch
from tiny_world import MARKS, make_encoder, make_reviews, save, write_csv

import potstill
from potstill.hub import load_classifier


@pytest.fixture
def reviews_of_three(tmp_path):
    """Reviews with a third label, as a CSV file."""
    rows = [*make_reviews(60, seed=4), *[("the film is fine", "neutral")] * 20]
    return write_csv(tmp_path / "three.csv", rows)


def write_labels(encoder, names):
    encoder.model.config.id2label = dict(enumerate(names))
    encoder.model.config.label2id = {name: index for index, name in enumerate(names)}
    return encoder


def test_the_order_of_a_models_labels_does_not_matter(world, reviews_of_three, tmp_path):
    names = ("negative", "neutral", "positive")
    encoder = make_encoder(names)
    straight = save(encoder, tmp_path / "straight")
    turned_names = ("positive", "negative", "neutral")
    with torch.no_grad():
        for tensor in (encoder.model.classifier.weight, encoder.model.classifier.bias):
            tensor.copy_(tensor[[names.index(name) for name in turned_names]].clone())
    turned = save(write_labels(encoder, turned_names), tmp_path / "turned")
    results = potstill.evaluate(turned, data=str(reviews_of_three), teacher=str(straight))
    student, teacher = results.find("student"), results.find("teacher")
    assert student.metrics == teacher.metrics
    assert student.fidelity.agreement == 1
    assert student.fidelity.divergence == pytest.approx(0, abs=1e-6)


def test_a_file_is_measured_on_all_its_rows(world):
    results = potstill.evaluate(world.teacher, data=str(world.reviews / "train.csv"))
    assert results.num_examples == 160
    assert results.split == "train.csv"
    assert results.models[0].score > 0.9


def test_a_folder_is_measured_on_its_development_set(world):
    results = potstill.evaluate(world.teacher, data=str(world.reviews))
    assert results.num_examples == 60
    assert results.split == "dev"


def test_a_file_may_lack_some_of_the_models_labels(world, tmp_path):
    data = write_csv(tmp_path / "some.csv", make_reviews(30, seed=5))
    model = save(make_encoder(("neutral", *MARKS)), tmp_path / "model")
    results = potstill.evaluate(model, data=str(data))
    texts, gold = zip(*make_reviews(30, seed=5), strict=True)
    right = [prediction.label == label for prediction, label in zip(potstill.predict(model, texts), gold, strict=True)]
    assert results.models[0].metrics["accuracy"] == pytest.approx(np.mean(right))
    assert list(results.models[0].metrics) == ["accuracy", "macro_f1", "matthews"]


def test_whole_numbers_are_scores_where_the_model_gives_scores(world, tmp_path):
    rows = [(text, len(text.split())) for text, _ in make_reviews(30, seed=6)]
    model = save(make_encoder(()), tmp_path / "model")
    results = potstill.evaluate(model, data=str(write_csv(tmp_path / "lengths.csv", rows)))
    assert results.primary_metric == "spearman"
    (score,) = (prediction.score for prediction in potstill.predict(model, ["a fine film"]))
    assert isinstance(score, float)


def test_predictions_do_not_depend_on_what_stands_beside_a_text(world):
    with (world.reviews / "dev.csv").open() as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    together = list(potstill.predict(world.teacher, texts))
    alone = [next(potstill.predict(world.teacher, [text])) for text in texts[:5]]
    assert [one.label for one in together[:5]] == [one.label for one in alone]
    for one, other in zip(together[:5], alone, strict=True):
        assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-5)


def test_predictions_come_as_texts_are_read(world):
    def endless():
        while True:
            yield "a good film"

    predictions = potstill.predict(world.teacher, endless())
    assert [next(predictions).label for _ in range(3)] == ["positive"] * 3


def test_pairs_are_read_as_pairs(world, tmp_path):
    model = save(make_encoder(("no", "yes")), tmp_path / "model")
    alone = next(potstill.predict(model, ["a film"]))
    paired = next(potstill.predict(model, ["a film"], pairs=["the plot"]))
    assert alone != paired


def test_one_text_is_not_taken_for_a_list_of_letters(world):
    with pytest.raises(potstill.PotstillError, match="put it into a list"):
        potstill.predict(world.teacher, "a film")


def test_evaluation_leaves_the_saved_model_alone(world):
    before = load_classifier(str(world.teacher)).label_names
    potstill.evaluate(world.teacher, data=str(world.reviews))
    assert load_classifier(str(world.teacher)).label_names == before
