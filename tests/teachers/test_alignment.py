"""A student's tokens against those of a teacher that cuts texts in another way, held against sets of characters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizerFast, CanineTokenizer, MPNetTokenizer, PreTrainedTokenizerFast

from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.errors import ModelError
from potstill.hub import Tokenizer, find_spans
from potstill.teachers import OwnTokens, align_tokens, example_keys

LINES = ["a good film is a good film", "the bad plot was not very good", "½ of it, ﬁne: naïve 😀 日本"] * 9
PIECES = ["good", "bad", "film", "the", "a", "un", "##s", "##e", "##able", "pl", "##ot", ".", ",", "'", "日"]
KINDS = ("bert", "mpnet", "byte-level", "byte-level, blanks", "pieces of sentences", "whole text last")


@dataclass(frozen=True)
class Cut:
    """A tokenizer and what its special tokens stand for."""

    tokenizer: Tokenizer
    single: str
    pair: str


def wrap(raw: RawTokenizer, *, single: str, pair: str, specials: Sequence[str], **names: str) -> Tokenizer:
    marks = [(token, raw.token_to_id(token)) for token in specials]
    frame = processors.TemplateProcessing(single=single, pair=pair, special_tokens=marks)
    raw.post_processor = frame if raw.post_processor is None else processors.Sequence([raw.post_processor, frame])
    return Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, **names))


def make_byte_level(*, trims: bool) -> Tokenizer:
    raw = RawTokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.post_processor, raw.decoder = processors.ByteLevel(trim_offsets=trims), decoders.ByteLevel()
    alphabet, specials = pre_tokenizers.ByteLevel.alphabet(), ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, special_tokens=specials)
    raw.train_from_iterator(LINES, trainer)
    frame = {"single": "<s> $A </s>", "pair": "<s> $A </s> </s> $B </s>", "specials": ["<s>", "</s>"]}
    return wrap(raw, **frame, cls_token="<s>", sep_token="</s>", pad_token="<pad>")


def make_pieces(*, specials: Sequence[str], single: str, pair: str) -> Tokenizer:
    raw = RawTokenizer(models.Unigram())
    raw.normalizer, raw.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    known = ["<unk>", "<pad>", *specials]
    raw.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=60, unk_token="<unk>", special_tokens=known))
    names = {"cls_token": "<cls>"} if "<cls>" in specials else {}
    return wrap(raw, single=single, pair=pair, specials=specials, sep_token="</s>", pad_token="<pad>", **names)


@cache
def cut(kind: str) -> Cut:
    """Make a tokenizer; its special tokens stand at the start (s), between (m) or at the end (e)."""
    if kind == "bert":
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES]
        return Cut(Tokenizer(BertTokenizerFast(vocab={word: i for i, word in enumerate(vocabulary)})), "se", "sme")
    if kind == "mpnet":
        vocabulary = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>", *reversed(PIECES)]
        return Cut(Tokenizer(MPNetTokenizer(vocab={word: i for i, word in enumerate(vocabulary)})), "se", "smme")
    if kind.startswith("byte-level"):
        return Cut(make_byte_level(trims="blanks" not in kind), "se", "smme")
    if kind == "pieces of sentences":
        return Cut(make_pieces(specials=["</s>"], single="$A </s>", pair="$A </s> $B </s>"), "e", "me")
    single, pair = "$A </s> <cls>", "$A </s> $B </s> <cls>"
    return Cut(make_pieces(specials=["</s>", "<cls>"], single=single, pair=pair), "es", "mes")


def slow_spans(kind: str, texts: Sequence[str], *, max_length: int) -> list[set[tuple[object, int]]]:
    """Give what each token of one example covers: characters of its texts, or a role."""
    made = cut(kind)
    encoding = made.tokenizer.wrapped(*([each] for each in texts), truncation=True, max_length=max_length).encodings[0]
    roles = iter(made.single if len(texts) == 1 else made.pair)
    covered: list[set[tuple[object, int]]] = []
    for sequence, (start, stop) in zip(encoding.sequence_ids, encoding.offsets, strict=True):
        if sequence is None:
            covered.append({(next(roles), 0)})
            continue
        places = list(range(start, stop))
        if any(not texts[sequence][place].isspace() for place in places):
            while texts[sequence][places[0]].isspace():
                places.pop(0)
            while texts[sequence][places[-1]].isspace():
                places.pop()
        covered.append({(sequence, place) for place in places})
    return covered


def slow_alignment(student: str, teacher: str, texts: Sequence[str], *, max_length: int) -> list[list[int]]:
    """Give for each token of the student those of the teacher that cover any of the same."""
    theirs = slow_spans(teacher, texts, max_length=max_length)
    ours = slow_spans(student, texts, max_length=max_length)
    return [[place for place, span in enumerate(theirs) if span & own] for own in ours]


words = st.sampled_from(
    ["good", "films", "unable", "plot", " ", "  ", "\n", "é", "e\u0301", "ﬁne", "½", "😀", "[SEP]", "</s>"]
)
known = st.lists(words, max_size=6)
text = st.one_of(st.text(max_size=12), known.map("".join), known.map(" ".join))
examples = st.one_of(
    st.lists(st.tuples(text), min_size=1, max_size=4), st.lists(st.tuples(text, text), min_size=1, max_size=4)
)


@settings(max_examples=150)
@given(
    student=st.sampled_from(KINDS),
    teacher=st.sampled_from(KINDS),
    rows=examples,
    max_length=st.integers(8, 24),
    seed=st.integers(0, 99),
)
def test_states_are_averaged_over_the_tokens_that_cover_the_same_characters(
    student: str, teacher: str, rows: list[tuple[str, ...]], max_length: int, seed: int
) -> None:
    split = Split(texts=[row[0] for row in rows], pairs=[row[1] for row in rows] if len(rows[0]) == 2 else None)
    ours, theirs = (
        Batches(tokenise(split, cut(kind).tokenizer, max_length=max_length), BatchConfig(), seed=0)
        for kind in (student, teacher)
    )
    spans = (
        find_spans(cut(kind).tokenizer, split.texts, split.pairs, max_length=max_length) for kind in (student, teacher)
    )
    own = OwnTokens(batches=theirs, alignment=align_tokens(*spans))
    order = np.random.default_rng(seed).permutation(len(rows))
    batch = ours.with_shared({None: own.alignment.is_shared}).collate(order)
    read = own.collate(batch)
    states = torch.randn(*read.input_ids.shape, 3, generator=torch.Generator().manual_seed(seed))
    pooled = own.pool(states, batch)
    wanted, is_shared = torch.zeros_like(pooled), torch.zeros_like(batch.token_mask)
    for row, number in enumerate(order.tolist()):
        for place, found in enumerate(slow_alignment(student, teacher, rows[number], max_length=max_length)):
            if found:
                wanted[row, place] = sum(states[row, other] for other in found) / len(found)
                is_shared[row, place] = True
    torch.testing.assert_close(pooled, wanted)
    assert torch.equal(batch.shared[None], is_shared)
    assert torch.equal(batch.shared[None] & batch.token_mask, batch.shared[None]), "padding is never shared"


def test_a_teacher_of_the_same_pieces_gives_its_states_as_they_are() -> None:
    texts = ["a good film", "the unable plots.", "bad"]
    split = Split(texts=texts)
    student, teacher = cut("bert").tokenizer, cut("mpnet").tokenizer
    own = OwnTokens(
        batches=Batches(tokenise(split, teacher, max_length=9), BatchConfig(), seed=0),
        alignment=align_tokens(*(find_spans(each, texts, None, max_length=9) for each in (student, teacher))),
    )
    batch = Batches(tokenise(split, student, max_length=9), BatchConfig(), seed=0).collate(np.arange(3))
    states = torch.randn(*batch.input_ids.shape, 4)
    assert torch.equal(own.pool(states, batch), states.masked_fill(~batch.token_mask[..., None], 0))


def test_stored_states_are_known_by_what_they_are_averaged_over() -> None:
    texts, teacher = ["good films"], cut("mpnet").tokenizer
    tokens = tokenise(Split(texts=texts), teacher, max_length=9).tokens
    theirs = find_spans(teacher, texts, None, max_length=9)
    alike, again, other = (
        example_keys(tokens, align_tokens(find_spans(cut(kind).tokenizer, texts, None, max_length=9), theirs))
        for kind in ("bert", "bert", "byte-level")
    )
    assert alike == again != other


def test_what_lies_behind_the_teachers_cut_is_not_shared() -> None:
    student, teacher = cut("bert").tokenizer, cut("byte-level").tokenizer
    texts = ["good film good film"]
    alignment = align_tokens(
        find_spans(student, texts, None, max_length=9), find_spans(teacher, texts, None, max_length=5)
    )
    assert alignment.is_shared.tolist() == [True, True, True, False, False, True]


def test_a_tokenizer_that_does_not_say_what_its_tokens_cover_is_refused() -> None:
    with pytest.raises(ModelError, match=r"CanineTokenizer\) does not say which characters its tokens cover"):
        find_spans(Tokenizer(CanineTokenizer()), ["a film"], None, max_length=9)
