"""A text that is cut into words can be put together again, and an edit touches nothing but what it names."""

import pytest
from augmenting import ODD_TEXTS
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from potstill.augmentation import edit_words, split_words

SOME = settings(max_examples=50)
PIECES = st.sampled_from(["film", "n't", "'s", "do", ",", "…", "[", " ", "名", "é"])
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@SOME
@given(TEXTS)
def test_parts_joined_are_the_text(text):
    cut = split_words(text)
    assert "".join(cut.parts) == text
    assert len(cut.parts) == 2 * len(cut) + 1


@SOME
@given(TEXTS)
def test_blanks_stand_between_words_and_never_in_them(text):
    cut = split_words(text)
    assert all(word and not any(sign.isspace() for sign in word) for word in cut.words)
    assert all(not gap.strip() for gap in cut.parts[::2])


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_an_edit_without_changes_is_the_text(text):
    cut = split_words(text)
    edit = edit_words(cut, {})
    assert (edit.text, edit.changed, edit.kept) == (text, (), (0, len(cut)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't", ["do", "n't"]),
        ("It's, well", ["It", "'s", ",", "well"]),
        ("do n't ca n’t", ["do", "n't", "ca", "n’t"]),
        ("rock'n'roll", ["rock", "'", "n", "'", "roll"]),
        ("state-of-the-art", ["state", "-", "of", "-", "the", "-", "art"]),
        ("好看。", ["好", "看", "。"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("👍🏽!", ["👍🏽", "!"]),
        ("they'll've", ["they", "'ll", "'ve"]),
    ],
)
def test_words_are_cut_at_blanks_marks_and_clitics(text, words):
    assert list(split_words(text).words) == words


@SOME
@given(st.lists(PIECES, min_size=1).map(" ".join), st.data())
def test_a_new_word_stays_a_word(text, data):
    cut = split_words(text)
    assume(len(cut) > 0)
    new = data.draw(st.dictionaries(st.integers(0, len(cut) - 1), st.sampled_from(["new", "not", "."])))
    edit = edit_words(cut, new)
    assert split_words(edit.text).words == edit.words


@pytest.mark.parametrize(
    ("text", "new", "edited"),
    [
        ("I don't", {2: "not"}, "I do not"),
        ("I don't", {1: "can"}, "I can n't"),
        ("He'll be", {0: "She"}, "She'll be"),
        ("He'll be", {1: "will"}, "He will be"),
        ("He'll be", {0: "Anne", 1: "[MASK]"}, "Anne [MASK] be"),
        ("in 1999.", {2: "[MASK]"}, "in 1999 [MASK]"),
        ("well-known", {2: "[MASK]"}, "well-[MASK]"),
        ("(good)", {1: "bad"}, "(bad)"),
    ],
)
def test_a_blank_stands_where_a_new_word_would_touch_another(text, new, edited):
    assert edit_words(split_words(text), new).text == edited


@SOME
@given(st.lists(PIECES, min_size=1).map(" ".join), st.data())
def test_an_edit_changes_the_named_words_and_keeps_the_named_run(text, data):
    cut = split_words(text)
    assume(len(cut) > 0)
    start = data.draw(st.integers(0, len(cut) - 1))
    stop = data.draw(st.integers(start + 1, len(cut)))
    new = data.draw(st.dictionaries(st.integers(0, len(cut) - 1), st.sampled_from(["new", *cut.words])))
    edit = edit_words(cut, new, kept=(start, stop))
    expected = [new.get(place, cut.words[place]) for place in range(start, stop)]
    assert list(edit.words) == expected
    assert list(edit.changed) == [place for place in range(start, stop) if expected[place - start] != cut.words[place]]
    assert edit.kept == (start, stop)
    if (start, stop) != (0, len(cut)):
        assert edit.text == edit.text.strip()
