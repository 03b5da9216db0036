"""The rules of masking, replacement by part of speech and n-grams."""

from collections import Counter

import numpy as np
import pytest
from augmenting import ODD_TEXTS, PAIRS, REVIEWS, as_rows, make_rows, material, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.augmentation import AugmentationConfig, TangConfig, split_words
from potstill.augmentation.tang import TangSampler, WordPool
from potstill.errors import RecipeError

POOLS = (WordPool(words=("ale", "mash"), ends=(2, 3)), WordPool(words=("boil",), ends=(1,)))
TEXT = st.lists(st.sampled_from(["a", "film", "plot", "good", "bad", "not"]), min_size=1, max_size=9).map(" ".join)


def draw(text: str, config: TangConfig, *, seed: int = 0, attempts: int = 50):
    tags = bytes(place % 2 for place in range(len(split_words(text))))
    return TangSampler(config, POOLS).draw(((text,), (tags,)), np.random.default_rng(seed), attempts)


def test_without_masks_replacements_and_ngrams_there_is_nothing_new():
    nothing = TangConfig(mask_probability=0.0, replace_probability=0.0, ngram_probability=0.0)
    assert make_rows(as_rows(REVIEWS), nothing, copies=20) == []


def test_a_text_of_which_every_word_was_replaced_is_dropped():
    everything = TangConfig(mask_probability=1.0, replace_probability=0.0)
    assert make_rows(as_rows(REVIEWS), everything, copies=20) == []


def test_a_run_of_masks_stays_where_other_words_of_the_text_were_left():
    config = TangConfig(mask_probability=0.5, replace_probability=0.0, ngram_probability=1.0, max_ngram=1)
    texts = texts_of(make_rows([("one two three four",)], config, copies=40))
    assert ("[MASK]",) in texts


@settings(max_examples=30)
@given(TEXT, st.integers(0, 100), st.integers(1, 12), st.floats(0, 1), st.floats(0, 1), st.integers(1, 9))
def test_every_text_is_new_and_there_are_at_most_as_many_as_tries(text, seed, copies, masks, ngrams, longest):
    config = TangConfig(mask_probability=masks, replace_probability=0.0, ngram_probability=ngrams, max_ngram=longest)
    rows = [(text,), ("a film",), ("the plot",)]
    made = make_rows(rows, config, copies=copies, seed=seed)
    texts = texts_of(made)
    assert not set(texts) & set(rows)
    assert len(set(texts)) == len(texts)
    assert max(Counter(row.source for row in made).values(), default=0) <= copies


@settings(max_examples=50)
@given(TEXT, st.integers(0, 1000), st.sampled_from([(0.1, 0.1), (0.3, 0.5), (0.0, 1.0), (1.0, 0.0)]))
def test_one_draw_a_word_decides_between_mask_replacement_and_word(text, seed, shares):
    """Against a slow version of the rule that reads the same stream."""
    masks, replacements = shares
    config = TangConfig(mask_probability=masks, replace_probability=replacements, ngram_probability=0.0)
    words = split_words(text).words
    decisions, choices = np.random.default_rng(seed).random((2, 3, len(words)))
    expected = []
    for attempt in range(3):
        new = []
        for place, word in enumerate(words):
            pool = ["ale", "ale", "mash"] if place % 2 == 0 else ["boil"]
            if decisions[attempt, place] < masks:
                new.append("[MASK]")
            elif decisions[attempt, place] < masks + replacements:
                new.append(pool[int(choices[attempt, place] * len(pool))])
            else:
                new.append(word)
        if 0 < sum(now == before for now, before in zip(new, words, strict=True)) < len(words):
            expected.append(" ".join(new))
    assert [variant[0].text for variant in draw(text, config, seed=seed, attempts=3)] == expected


@pytest.mark.parametrize(("decision", "expected"), [(0.05, ["a [MASK]"]), (0.15, ["a boil"]), (0.25, [])])
def test_the_default_shares_are_a_tenth_each(decision, expected):
    """Seeds are sought whose draw lies near the decision, as the stream cannot be told what to say."""
    config = TangConfig(ngram_probability=0.0)
    for seed in range(2000):
        drawn = np.random.default_rng(seed).random((2, 1, 2))[0, 0]
        if abs(drawn[1] - decision) < 0.005 and drawn[0] > 0.25:
            assert [variant[0].text for variant in draw("a word", config, seed=seed, attempts=1)] == expected
            return
    pytest.fail("no such seed")


def test_a_word_is_drawn_as_often_as_it_occurs_with_its_tag():
    pool = WordPool(words=("a", "b"), ends=(2, 3))
    drawn = Counter(pool.pick(share) for share in np.random.default_rng(0).random(30_000))
    assert drawn["a"] / 30_000 == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("length", range(1, 6))
def test_every_start_of_an_ngram_occurs_and_no_other(length):
    config = TangConfig(mask_probability=0.0, replace_probability=0.0, ngram_probability=1.0, max_ngram=5)
    kept = {variant[0].kept for variant in draw("one two three four five", config, attempts=500)}
    assert {start for start, stop in kept if stop - start == length} == set(range(5 - length + 1))


def test_an_ngram_is_a_run_of_the_text():
    config = TangConfig(mask_probability=0.0, replace_probability=0.0, ngram_probability=1.0)
    for text in REVIEWS:
        for variant in draw(text, config):
            assert variant[0].text in text
            assert 1 <= len(variant[0].words) <= 5


def test_an_ngram_longer_than_the_text_is_the_text():
    config = TangConfig(mask_probability=0.0, replace_probability=0.0, ngram_probability=1.0, max_ngram=5)
    assert {variant[0].kept for variant in draw("two words", config, attempts=100)} == {(0, 1), (1, 2), (0, 2)}


def test_words_are_replaced_by_words_with_the_same_tag():
    rows = as_rows(["the old dog barks", "the red cat sleeps", "a big bird sings"])
    config = TangConfig(mask_probability=0.0, replace_probability=0.6, ngram_probability=0.0)
    tags = dict(zip(("dog", "cat", "bird", "old", "red", "big"), ("noun",) * 3 + ("adjective",) * 3, strict=True))
    swaps = set()
    for row in make_rows(rows, config, copies=40):
        edit = row.variant[0]
        before = split_words(rows[row.source][0]).words
        swaps |= {(before[place], edit.words[place]) for place in edit.changed}
    assert {(old, new) for old, new in swaps if old in tags} <= {
        (old, new) for old in tags for new in tags if tags[old] == tags[new]
    }
    assert ("dog", "cat") in swaps


def test_without_replacements_no_tagger_is_asked():
    config = TangConfig(replace_probability=0.0, tagger={"kind": "spacy", "model": "no_such_model"})
    assert config.sources(None) == {}
    assert make_rows(as_rows(REVIEWS), config)


@pytest.mark.parametrize("mode", ["cycle", "draw"])
def test_pairs_change_in_the_first_the_second_or_both(mode):
    config = TangConfig(replace_probability=0.0, mask_probability=0.5, ngram_probability=0.0, pair_mode=mode)
    made = make_rows(PAIRS, config, copies=60)
    pairs = zip((PAIRS[row.source] for row in made), texts_of(made), strict=True)
    changed = Counter(tuple(new != old for new, old in zip(now, before, strict=True)) for before, now in pairs)
    assert set(changed) == {(True, False), (False, True), (True, True)}
    assert min(changed.values()) > 10


def test_cycling_through_the_modes_takes_each_as_often():
    config = TangConfig(replace_probability=0.0, mask_probability=1.0, ngram_probability=0.0)
    sampler = TangSampler(config, ())
    variants = sampler.draw((PAIRS[0], (b"", b"")), np.random.default_rng(0), 9)
    changed = [tuple(bool(edit.changed) for edit in variant) for variant in variants]
    assert Counter(changed) == {(True, False): 3, (False, True): 3, (True, True): 3}
    assert changed[:3] == changed[3:6] == changed[6:]


def test_a_pair_with_an_empty_side_is_left_out():
    assert make_rows([("a good film", " "), ("a bad film", "it is")], TangConfig(replace_probability=0.0), copies=9)
    assert make_rows([("a good film", " ")], TangConfig(replace_probability=0.0), copies=9) == []


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_pass_unharmed(text):
    for row in make_rows(as_rows([text]), TangConfig(mask_probability=0.3), copies=4):
        edit = row.variant[0]
        before = split_words(text).words
        kept = range(*edit.kept)
        assert [edit.words[place - edit.kept[0]] for place in kept if place not in edit.changed] == [
            before[place] for place in kept if place not in edit.changed
        ]


def test_shares_above_one_are_refused():
    with pytest.raises(RecipeError, match="must not exceed 1 together"):
        AugmentationConfig.parse({"method": {"kind": "tang", "mask_probability": 0.7, "replace_probability": 0.5}})


def test_a_tagger_that_is_not_installed_is_refused():
    config = TangConfig(tagger={"kind": "spacy", "model": "no_such_model"})
    with pytest.raises(RecipeError, match="spacy.* is not installed|no installed model no_such_model"):
        config.build(material(as_rows(REVIEWS)))


def test_published_numbers_of_copies():
    assert [TangConfig().default_copies(task) for task in ("sst-2", "mnli", "qqp", "mine")] == [20, 10, 10, 20]
