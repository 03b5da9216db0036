"""The rules of TinyBERT's replacements, on a tiny random masked language model and tiny vectors."""

from collections import Counter

import numpy as np
import pytest
import torch
from augmenting import ODD_TEXTS, PAIRS, REVIEWS, WORDS, as_rows, make_masked_lm, make_rows, material, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.augmentation import AugmentationConfig, TinyBertConfig, split_words
from potstill.augmentation.content_words import is_replaceable
from potstill.augmentation.masked_words import MaskedWords
from potstill.augmentation.stop_words import STOP_WORDS
from potstill.augmentation.vectors import Vectors
from potstill.errors import DataError, ModelError, RecipeError
from potstill.hub import Encoder, spell_vocabulary

NEAR = ("good", "great", "bleak", "desperate", "unflinchingly", "gorgeous", "seductive", "charming", "journey", "film")
TEXT = st.lists(st.sampled_from([*WORDS, *NEAR, "the", "n't", "1999", "café", "!", "Фильм"]), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def masked_lm() -> Encoder:
    return make_masked_lm()


@pytest.fixture(scope="module")
def saved(masked_lm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("masked-lm")
    masked_lm.save(folder)
    return folder


@pytest.fixture(scope="module")
def glove(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "glove.txt"
    matrix = np.random.default_rng(0).normal(size=(len(NEAR), 8))
    rows = (f"{word} {' '.join(f'{number:.4f}' for number in row)}" for word, row in zip(NEAR, matrix, strict=True))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def config(saved, glove) -> TinyBertConfig:
    return TinyBertConfig(masked_lm=str(saved), vectors=str(glove), candidates=5)


def find(config: TinyBertConfig, *texts: str) -> list[dict[int, tuple[str, ...]]]:
    return config.build(material(as_rows(texts))).find_candidates(texts)


def test_with_probability_zero_there_is_nothing_new(config):
    never = config.model_copy(update={"probability": 0.0})
    assert make_rows(as_rows(REVIEWS), never, copies=20) == []
    assert make_rows(PAIRS, never, copies=20) == []
    kept = make_rows(as_rows(REVIEWS), never, copies=20, keep_originals=True)
    assert texts_of(kept) == as_rows(REVIEWS)


@settings(max_examples=30)
@given(st.lists(TEXT, min_size=1, max_size=4), st.integers(1, 8), st.sampled_from([0.0, 0.4, 1.0]))
def test_a_row_gives_at_most_one_new_text_a_try_and_stop_words_and_others_stay(glove, texts, copies, probability):
    always = TinyBertConfig(vectors=str(glove), probability=probability, candidates=3)
    made = make_rows(as_rows(texts), always, copies=copies)
    assert max(Counter(row.source for row in made).values(), default=0) <= copies
    assert len(set(texts_of(made))) == len(made)
    for row in made:
        before, edit = split_words(texts[row.source]).words, row.variant[0]
        assert edit.kept == (0, len(before))
        for place, (old, new) in enumerate(zip(before, edit.words, strict=True)):
            assert (old != new) == (place in edit.changed)
            assert old == new or (old.isascii() and old.isalpha() and old.lower() not in STOP_WORDS)


def test_a_pair_changes_in_one_text_and_the_other_stays(config):
    made = make_rows(PAIRS, config, copies=10)
    changed = Counter()
    for row in made:
        differs = tuple(now != old for now, old in zip(texts_of([row])[0], PAIRS[row.source], strict=True))
        assert sum(differs) == 1
        changed[row.source, differs] += 1
    assert max(changed.values()) <= 10
    assert {differs for _, differs in changed} == {(True, False), (False, True)}


def expect(masked_lm: Encoder, text: str, pair: str | None, *, count: int) -> tuple[str, ...]:
    """Ask for the words at one mask, every logit computed: the slow way."""
    spelled = spell_vocabulary(masked_lm.tokenizer)
    encoded = masked_lm.tokenizer.wrapped(text, pair, return_tensors="pt")
    position = encoded["input_ids"][0].tolist().index(4)
    with torch.no_grad():
        best = masked_lm.model(**encoded).logits[0, position].topk(count).indices.tolist()
    return tuple(sorted({spelled[token] for token in best if spelled[token]}))


@pytest.mark.parametrize("context", ["pair", "single"])
def test_words_of_one_token_get_what_the_model_expects_at_their_mask(config, masked_lm, context):
    text = "The film is good and witty."
    found = find(config.model_copy(update={"context": context}), text)[0]
    words = list(split_words(text).words)
    for place in (1, 3, 5):
        masked = " ".join([*words[:place], "[MASK]", *words[place + 1 :]])
        assert found[place] == expect(masked_lm, masked, text if context == "pair" else None, count=5)
    assert set(found) == {1, 3, 5}


def test_a_shared_reading_shows_a_mask_all_but_its_word(glove, tmp_path):
    """Of one layer: there, other tokens know nothing of the word, so that it is as if the word were masked."""
    model = make_masked_lm(num_layers=1)
    model.save(tmp_path)
    config = TinyBertConfig(
        masked_lm=str(tmp_path), vectors=str(glove), candidates=5, context="single", share_reading=True
    )
    texts = ("The film is good and witty.", "bad plot", "good", *ODD_TEXTS)
    for text, found in zip(texts, find(config, *texts), strict=True):
        words = list(split_words(text).words)
        for place in [place for place in found if words[place] in WORDS][:4]:
            masked = " ".join([*words[:place], "[MASK]", *words[place + 1 :]])
            assert len(words) > 50 or found[place] == expect(model, masked, None, count=5)
    assert set(find(config, texts[0])[0]) == {1, 3, 5}


@pytest.mark.parametrize("context", ["pair", "single"])
def test_what_a_mask_is_given_does_not_depend_on_other_masks_of_a_shared_reading(masked_lm, context):
    words = MaskedWords(masked_lm, count=5, context=context, masked_together=None)
    texts = ["good film works", "bad plot"]
    spans = [[(0, 4), (5, 9), (10, 15)], [(0, 3), (4, 8)]]
    together = words.candidates(texts, spans)
    for number, wanted in enumerate(spans):
        for span in wanted:
            assert words.candidates([texts[number]], [[span]])[0][span] == together[number][span]


def test_a_shared_reading_sees_the_words_that_are_asked_for(config):
    sharing = config.model_copy(update={"share_reading": True})
    assert [sorted(found) for found in find(sharing, *REVIEWS)] == [sorted(found) for found in find(config, *REVIEWS)]
    assert find(sharing, *REVIEWS) != find(config, *REVIEWS)


def test_words_of_several_tokens_get_their_neighbours(config, glove):
    text = "unflinchingly bleak"
    found = find(config, text)[0]
    rows = {line.split()[0]: np.array(line.split()[1:], dtype=float) for line in glove.read_text().splitlines()}
    own = rows.pop("unflinchingly")
    cosine = {word: row @ own / np.linalg.norm(row) for word, row in rows.items()}
    assert found[0] == tuple(sorted(sorted(cosine, key=cosine.__getitem__)[-5:]))


def test_there_are_at_most_as_many_candidates_as_asked_for_and_none_goes_on_with_a_word(config):
    for count in (1, 3, 15):
        for found in find(config.model_copy(update={"candidates": count}), *REVIEWS):
            for options in found.values():
                assert 1 <= len(options) <= count
                assert not [word for word in options if word.startswith(("##", "[")) or word.strip("#") + "#" == "un"]


def test_a_word_without_candidates_never_changes(config):
    assert find(config, "xylophone zymurgy") == [{}]
    assert make_rows([("xylophone zymurgy",)], config, copies=20) == []


def test_replacements_are_written_like_the_word(config):
    options = find(config, "Unflinchingly unflinchingly UNFLINCHINGLY")[0]
    assert options[0] == tuple(word[:1].upper() + word[1:] for word in options[1])
    assert options[2] == tuple(word.upper() for word in options[1])


def test_words_behind_the_longest_input_have_no_candidates(config):
    text = " ".join(["film"] * 600)
    for context, shares, last in (("single", False, 62), ("pair", False, 62), ("single", True, 62)):
        found = find(config.model_copy(update={"context": context, "share_reading": shares}), text)[0]
        assert sorted(found) == list(range(last + 1))


def test_masking_together_gives_as_many_words_candidates(config):
    alone = find(config, *REVIEWS)
    together = find(config.model_copy(update={"masked_together": 3}), *REVIEWS)
    assert [sorted(found) for found in alone] == [sorted(found) for found in together]
    assert alone != together


@pytest.mark.parametrize("shares", [False, True])
def test_batches_do_not_change_the_candidates(config, shares):
    config = config.model_copy(update={"share_reading": shares})
    assert find(config, *REVIEWS) == [find(config, text)[0] for text in REVIEWS]


@pytest.mark.parametrize("together", [1, None])
def test_only_masked_positions_are_scored(masked_lm, monkeypatch, together):
    seen = []
    linear = torch.nn.functional.linear

    def record(features, weight, bias=None):
        if weight.shape[0] == masked_lm.shape.vocab_size:
            seen.append(len(features))
        return linear(features, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", record)
    words = MaskedWords(masked_lm, count=3, context="pair", masked_together=together)
    words.candidates(["good film", "bad plot works"], [[(0, 4), (5, 9)], [(0, 3), (4, 8), (9, 14)]])
    assert sum(seen) == 5


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_pass_unharmed(config, text):
    for row in make_rows(as_rows([text]), config, copies=3):
        before, edit = split_words(text).words, row.variant[0]
        assert len(edit.words) == len(before)
        assert all(is_replaceable(before[place]) for place in edit.changed)
        assert split_words(text).parts[::2] == edit.parts[::2]


def test_without_a_masked_lm_neighbours_serve_all_words(glove):
    found = find(TinyBertConfig(vectors=str(glove), candidates=2), "a good film")[0]
    assert sorted(found) == [1, 2]


def test_verbs_of_negations_stay_and_question_words_do_not(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("ca 1 0\nwould .9 .1\nwhat .8 .2\nfilm .7 .3\n", encoding="utf-8")
    texts = ("It can't film", "it CAN’T film", "we wouldn’t film", "what would film")
    found = find(TinyBertConfig(vectors=str(path), candidates=2), *texts)
    assert [sorted(each) for each in found] == [[3], [3], [3], [0, 1, 2]]


def test_the_models_own_embeddings_serve_as_vectors(saved, masked_lm):
    found = find(TinyBertConfig(masked_lm=str(saved), vectors="embeddings", candidates=4), "unflinchingly good")[0]
    known = {word for word in spell_vocabulary(masked_lm.tokenizer) if word and word.isalpha()}
    assert set(found[0]) <= known
    assert len(found[0]) == 4


def test_the_teachers_embeddings_serve_where_there_is_nothing_else(masked_lm):
    config = TinyBertConfig(vectors="embeddings", candidates=2)
    method = config.build(material(as_rows(REVIEWS), teacher=masked_lm))
    assert method.find_candidates(["good film"])[0].keys() == {0, 1}


def test_without_any_source_of_candidates_it_is_refused():
    with pytest.raises(RecipeError, match="nothing to take candidates from"):
        TinyBertConfig(vectors="embeddings").build(material(as_rows(REVIEWS)))


def test_a_model_without_a_masked_lm_head_is_refused(masked_lm, tmp_path):
    masked_lm.model.base_model.save_pretrained(tmp_path)
    masked_lm.tokenizer.wrapped.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no trained masked-LM head"):
        TinyBertConfig(masked_lm=str(tmp_path), vectors="embeddings").build(material(as_rows(REVIEWS)))


@pytest.mark.parametrize(("field", "value"), [("context", "single"), ("masked_together", 2), ("share_reading", True)])
def test_fields_of_the_model_are_refused_without_one(field, value):
    with pytest.raises(RecipeError, match=f"{field} has no effect without masked_lm"):
        AugmentationConfig.parse({"method": {"kind": "tinybert", field: value}})


def test_a_number_of_vectors_is_refused_where_the_models_own_are_read():
    with pytest.raises(RecipeError, match="num_vectors has no effect with vectors = 'embeddings'"):
        AugmentationConfig.parse({"method": {"kind": "tinybert", "vectors": "embeddings", "num_vectors": 50}})


def test_masks_of_a_shared_reading_have_no_number():
    method = {"kind": "tinybert", "masked_lm": "any", "share_reading": True, "masked_together": 2}
    with pytest.raises(RecipeError, match="masked_together has no effect with share_reading"):
        AugmentationConfig.parse({"method": method})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("good 1 2\nbad 1\n", "a word and its numbers in line 2"),
        ("good 1 two\n", "a word and its numbers in line 1"),
        ("good 1 nan\n", "a word and its numbers in line 1"),
        ("", "holds no vectors"),
    ],
)
def test_a_broken_file_of_vectors_is_refused(tmp_path, content, words):
    path = tmp_path / "vectors.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        TinyBertConfig(vectors=str(path)).build(material(as_rows(REVIEWS)))


def test_a_missing_file_of_vectors_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        TinyBertConfig(vectors=str(tmp_path / "glove.txt")).build(material(as_rows(REVIEWS)))


def test_what_decides_the_result_is_named(config, glove, saved):
    named = config.sources(None)
    assert set(named) == {"masked_lm", "vectors"}
    glove_2 = glove.with_name("other.txt")
    glove_2.write_text(glove.read_text() + "more 1 2 3 4 5 6 7 8\n")
    assert config.model_copy(update={"vectors": str(glove_2)}).sources(None)["vectors"] != named["vectors"]
    assert TinyBertConfig(vectors="embeddings").sources("teacher") == {"vectors": "teacher"}


def test_published_numbers_of_copies():
    tasks = ("cola", "mnli", "mrpc", "sst-2", "sts-b", "qqp", "qnli", "rte", "mine")
    assert [TinyBertConfig().default_copies(task) for task in tasks] == [30, 10, 30, 20, 30, 10, 20, 30, 20]


def test_neighbours_are_found_in_blocks_as_one_by_one():
    random = np.random.default_rng(3)
    words = [f"word{number}" for number in range(200)]
    matrix = random.normal(size=(200, 12)).astype(np.float32)
    together = Vectors(words, matrix).neighbours(words, count=7)
    assert together == [Vectors(words, matrix).neighbours([word], count=7)[0] for word in words]
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    for number in (0, 100, 199):
        order = np.argsort(-(unit @ unit[number]))
        expected = [words[place] for place in order if place != number][:7]
        assert together[number] == tuple(sorted(expected))


def test_few_vectors_give_as_many_neighbours_as_there_are():
    vectors = Vectors(["a", "b"], np.eye(2, dtype=np.float32))
    assert vectors.neighbours(["a", "c"], count=15) == [("b",), ()]
    assert Vectors(["a"], np.ones((1, 2), dtype=np.float32)).neighbours(["a"], count=15) == [()]
