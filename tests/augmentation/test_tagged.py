"""Where words have labels, only words outside of entities change, and each word stays at its place."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import Tags, find_given_words
from potstill.augmentation import TaggedText, TangConfig, TinyBertConfig, edit_words, split_words

PARTS = ["ann", "U.S.", "don't", "well-known", "-", "(", "x_y", "bo's", "é", "日本"]
NEW = ["[MASK]", "not", "o", "'s", "two words"]


@st.composite
def texts(draw):
    """Words (which may touch), what stands between them, which of them are free, and new words by position."""
    words = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=7))
    gaps = draw(st.lists(st.sampled_from([" ", "", "  "]), min_size=len(words) + 1, max_size=len(words) + 1))
    free = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    return words, gaps, free, draw(st.dictionaries(st.integers(0, 30), st.sampled_from(NEW), max_size=12))


def make_text(words, gaps, free):
    ends = np.cumsum([len(gap) + len(word) for gap, word in zip(gaps, words, strict=False)]).tolist()
    return TaggedText(
        text="".join(gap + word for gap, word in zip(gaps, [*words, ""], strict=True)),
        spans=tuple((end - len(word), end) for end, word in zip(ends, words, strict=True)),
        labels=tuple("OX"[not each] for each in free),
        is_free=tuple(free),
    )


@given(texts())
def test_words_of_entities_stay_and_every_word_keeps_its_place(case):
    words, gaps, free, drawn = case
    tagged = make_text(words, gaps, free)
    source = split_words(tagged.text)
    changes = {place: word for place, word in drawn.items() if place < len(source)}
    variants = tagged.keep([(edit_words(source, changes),)])
    may_change = tagged.find_free(source)
    for (edit,) in variants:
        assert set(edit.changed) <= may_change
        moved = tagged.move(edit)
        assert len(moved) == len(words)
        assert [new for new, is_free in zip(moved, tagged.is_free, strict=True) if not is_free] == [
            old for old, is_free in zip(words, tagged.is_free, strict=True) if not is_free
        ]
        assert "".join("".join(moved).split()) == "".join(edit.text.split())
        spans = find_given_words([edit.text], [moved]).spans(0)
        assert [edit.text[start:end] for start, end in spans] == moved
        assert all(first[1] <= second[0] for first, second in pairwise(spans))
    wanted = {place for place, word in changes.items() if place in may_change and source.words[place] != word}
    assert [set(edit.changed) for (edit,) in variants] == ([wanted] if wanted else [])
    assert tagged.move(edit_words(source, {})) == words


def test_a_word_of_two_words_of_the_data_is_left_alone_and_runs_of_words_are_dropped():
    tagged = TaggedText(text="anna lee", spans=((0, 2), (2, 4), (5, 8)), labels=("O", "O", "O"), is_free=(True,) * 3)
    source = split_words(tagged.text)
    assert tagged.find_free(source) == {1}
    assert tagged.keep([(edit_words(source, {}, kept=(0, 1)),)]) == []


@pytest.mark.parametrize(("config", "field"), [(TangConfig(), "ngram_probability"), (TinyBertConfig(), None)])
def test_a_method_names_the_field_by_which_it_drops_words(config, field):
    assert config.drops_words == field
    assert TangConfig(ngram_probability=0.0).drops_words is None


def test_words_outside_of_entities_are_free_and_parts_of_speech_are_not():
    labels = np.array([0, 1, 0])
    assert Tags(label_names=("O", "B-PER")).free_words(labels).tolist() == [True, False, True]
    assert not Tags(label_names=("NN", "VB")).free_words(labels).any()
