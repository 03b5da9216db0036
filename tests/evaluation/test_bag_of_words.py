"""What the words of a text tell alone."""

import numpy as np
import pytest

from potstill.answers import LabelRows, OneClass, Score, SeveralLabels
from potstill.data import Split
from potstill.evaluation import learn_words


def make_texts(count=300, *, seed=0):
    """Texts of three words of 40, and which of them hold `w0`, `w1`, `w2`."""
    generator = np.random.default_rng(seed)
    words = generator.integers(40, size=(count, 6))
    held = np.stack([(words == word).any(axis=1) for word in range(3)], axis=1)
    return [" ".join(f"W{word}" for word in row) for row in words], held


def labelled(answer, held):
    if answer.has_independent_labels:
        return LabelRows.one_each(held.astype(np.float32))
    return LabelRows.one_each(held[:, 0].astype(np.int64 if answer.has_names else np.float32))


@pytest.mark.parametrize(
    "answer", [OneClass(label_names=("a", "b")), SeveralLabels(label_names=("a", "b", "c")), Score()], ids=type
)
def test_every_kind_of_answer_is_learnt_from_words(answer):
    (texts, held), (others, there) = make_texts(), make_texts(seed=1)
    model = learn_words(Split(texts=texts, labels=labelled(answer, held)), answer)
    metric = answer.default_metrics[0]
    measured = answer.measure((metric,), model.answer(Split(texts=others)), labelled(answer, there))
    assert measured[metric] > 0.9 if answer.has_names else measured[metric] > 0.5


def test_it_is_ridge_regression_on_tfidf_whichever_way_it_is_solved():
    sklearn = pytest.importorskip("sklearn.feature_extraction.text")
    from sklearn.linear_model import Ridge

    for count in (30, 300):
        texts, held = make_texts(count)
        answer = OneClass(label_names=("a", "b"))
        model = learn_words(Split(texts=texts, labels=labelled(answer, held)), answer)
        features = sklearn.TfidfVectorizer(ngram_range=(1, 2), min_df=2)
        x, y = features.fit_transform(texts), 10.0 * np.eye(2)[held[:, 0].astype(int)]
        theirs = Ridge(alpha=1.0, fit_intercept=False).fit(x, y - y.mean(0)).predict(x) + y.mean(0)
        assert len(model.terms) == len(features.vocabulary_)
        np.testing.assert_allclose(model.answer(Split(texts=texts)), theirs, atol=1e-3)


def test_the_words_of_a_second_text_are_others():
    texts, held = make_texts()
    answer, dull = OneClass(label_names=("a", "b")), ["W1 W2"] * 300
    first = learn_words(Split(texts=texts, pairs=dull, labels=labelled(answer, held)), answer)
    asked = Split(texts=dull[:50], pairs=texts[:50])
    right = (first.answer(asked).argmax(axis=1) == held[:50, 0]).mean()
    assert right == pytest.approx(1 - held[:50, 0].mean())


def test_texts_without_words_or_with_words_that_occur_once_tell_nothing():
    answer, labels = OneClass(label_names=("a", "b")), LabelRows.one_each(np.array([0, 1]))
    assert learn_words(Split(texts=["one", "two"], labels=labels), answer) is None
    model = learn_words(Split(texts=["same", "same"], labels=labels), answer)
    assert np.isfinite(model.answer(Split(texts=["", "!?", "other"]))).all()
    assert learn_words(Split(texts=["same", "same"]), answer) is None
