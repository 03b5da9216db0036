"""Texts of words as token ids: which token stands for each word, and long texts in parts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_tagger import make_tokenizer

from potstill.answers import LabelRows, WordSpans, join_words
from potstill.answers.words import find_words
from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.hub import Tokenizer

WORDS = ("ann", "leely", "oslos", "saw", "kims", "home", ".")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return make_tokenizer()


def encode(tokenizer: Tokenizer, texts: list[str], words: WordSpans, *, max_length: int = 64):
    return tokenizer.encode(texts, None, max_length=max_length, words=words)


def test_a_word_is_read_at_its_first_piece(tokenizer):
    texts, words = join_words([["leely", "saw", "oslos", "."]])
    block = encode(tokenizer, texts, words)
    read = [tokenizer.spell([int(block.ids[place])])[0] for place in block.words.places]
    assert read == ["lee", "saw", "oslo", "."]


def test_a_sign_without_a_token_is_read_at_the_token_behind_it(tokenizer):
    texts, words = join_words([["ann", "\u200b", "saw", "\u200b"]])
    block = encode(tokenizer, texts, words)
    assert block.words.places.tolist() == [1, 2, 2, 2]  # behind the last there is none


def test_words_that_are_found_are_words_of_the_tokenizer(tokenizer):
    text = "ann saw oslos, home."
    block = encode(tokenizer, [text], find_words([text]))
    first = [
        place for place, token in enumerate(tokenizer.wrapped.convert_ids_to_tokens(block.ids)) if token[:2] != "##"
    ]
    assert block.words.places.tolist() == first[1:-1]


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40), min_size=1, max_size=3),
    st.integers(4, 20),
)
def test_every_word_is_read_once_where_it_has_most_beside_it(tokenizer, rows, max_length):
    texts, words = join_words(rows)
    whole, parts = (encode(tokenizer, texts, words, max_length=length) for length in (999, max_length))
    assert parts.lengths.max() <= max_length
    assert len(parts.words.places) == len(whole.words.places)
    room, row = max_length - 2, 0
    for example in range(len(parts)):
        text = parts.words.texts[example]
        body = whole.ids[whole.offsets[text] + 1 : whole.offsets[text + 1] - 1]
        own = parts.ids[parts.offsets[example] + 1 : parts.offsets[example + 1] - 1]
        firsts = sorted({min(first, max(0, len(body) - room)) for first in range(0, len(body), max(1, room // 2))})
        for place in parts.words.places[slice(*parts.words.offsets[example : example + 2])] - 1:
            at = whole.words.places[row] - 1
            assert own[place] == body[at]
            beside = [
                min(at - first if first else 99, first + room - 1 - at if first + room < len(body) else 99)
                for first in firsts
                if first <= at < first + room
            ]
            here = at - place
            mine = min(place if here else 99, len(own) - 1 - place if here + len(own) < len(body) else 99)
            assert mine == max(beside)
            row += 1
    assert row == len(whole.words.places)


def test_rows_come_back_in_the_order_of_the_words_however_they_were_cut(tokenizer):
    texts, words = join_words([["ann", "saw"] * 20, ["home"], ["oslos", "."] * 9])
    total = int(words.offsets[-1])
    labels = LabelRows(values=np.arange(total, dtype=np.int64), offsets=words.offsets)
    split = Split(texts=texts, labels=labels, words=words)
    batches = Batches(tokenise(split, tokenizer, max_length=12), BatchConfig(examples_per_batch=3), seed=0)
    assert len(batches.tokenised) > batches.tokenised.num_texts == 3
    rows, ids = [], []
    for batch in batches.ordered():
        read = batch.read(batch.input_ids[..., None].float())[:, 0].long()
        assert torch.equal(batch.labels, batch.row_ids)
        assert len(read) == batch.num_rows
        rows.append(batch.labels[:, None].float().numpy())
        ids.append(batch.example_ids.numpy())
    assert batches.restore(np.concatenate(rows), np.concatenate(ids))[:, 0].tolist() == list(range(total))


def test_examples_are_picked_with_their_words(tokenizer):
    texts, words = join_words([["ann", "saw", "."], ["home"], ["oslos", "kims"]])
    labels = LabelRows(values=np.arange(6, dtype=np.int64), offsets=words.offsets)
    batch = Batches(
        tokenise(Split(texts=texts, labels=labels, words=words), tokenizer, max_length=16), BatchConfig(), seed=0
    ).collate(np.array([0, 1, 2]))
    picked = batch.take(torch.tensor([2, 0]))
    assert picked.labels.tolist() == picked.row_ids.tolist() == [4, 5, 0, 1, 2]
    assert torch.equal(
        picked.read(picked.input_ids[..., None].float())[:2], batch.read(batch.input_ids[..., None].float())[4:]
    )


def test_labels_of_some_texts_alone_leave_a_row_for_every_word(tokenizer):
    texts, words = join_words([["ann", "saw"], ["home", ".", "."]])
    labels = LabelRows(values=np.array([1, 2]), offsets=np.array([0, 2, 2]))
    tokenised = tokenise(Split(texts=texts, labels=labels, words=words), tokenizer, max_length=16)
    batch = Batches(tokenised, BatchConfig(), seed=0).collate(np.array([1, 0]))
    assert (batch.labels.tolist(), batch.label_mask.tolist()) == ([0, 0, 0, 1, 2], [False, True])
