"""Plain text to examples: cut, packed, held out, kept in files; and what is no text."""

import gzip
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from potstill.data import BatchConfig, Batches, Corpus, count_tokens, load_corpus
from potstill.data.corpus_config import CorpusConfig
from potstill.errors import DataError
from potstill.hub import Tokenizer
from potstill.progress import SilentCallback

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [f"w{number}" for number in range(200)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    raw = RawTokenizer(models.WordLevel({w: i for i, w in enumerate((*SPECIAL, *WORDS))}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, mask_token="[MASK]", **names))


def make_lines(count: int, *, seed: int = 0, words: tuple[int, int] = (4, 20)) -> list[str]:
    generator = random.Random(seed)
    return [" ".join(generator.choices(WORDS, k=generator.randint(*words))) for _ in range(count)]


def write(path: Path, lines: list[str]) -> Path:
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def load(tokenizer: Tokenizer, tmp_path: Path, *paths: object, **fields: Any) -> Corpus:
    config = CorpusConfig.parse({"paths": [str(path) for path in paths], **fields}, path="data.corpus")
    return load_corpus(config, tokenizer, store=tmp_path / "store", callback=SilentCallback())


def rows(corpus: Corpus) -> list[tuple[int, ...]]:
    """Every example, held out or not."""
    found = []
    for split in (corpus.train, corpus.heldout):
        block = split.tokens
        found += [tuple(block.ids[a:b].tolist()) for a, b in zip(block.offsets, block.offsets[1:], strict=False)]
    return found


def framed(words: list[str]) -> tuple[int, ...]:
    return (2, *(5 + WORDS.index(word) for word in words), 3)


def test_every_line_is_an_example_and_a_tenth_at_most_is_held_out(tokenizer: Tokenizer, tmp_path: Path) -> None:
    lines = make_lines(60)
    corpus = load(tokenizer, tmp_path, write(tmp_path / "a.txt", [*lines[:30], "", *lines[30:]]))
    assert sorted(rows(corpus)) == sorted(framed(line.split()) for line in lines)
    assert len(corpus.heldout) == 6
    assert (corpus.num_lines, corpus.num_dropped) == (60, 0)


def test_what_is_held_out_depends_on_the_texts_alone_and_is_never_learnt(tokenizer: Tokenizer, tmp_path: Path) -> None:
    lines = make_lines(200) * 2
    first = load(tokenizer, tmp_path, write(tmp_path / "a.txt", lines), heldout=5)
    random.Random(1).shuffle(lines)
    second = load(tokenizer, tmp_path, write(tmp_path / "b.txt", lines), heldout=5)
    assert first.heldout.tokens.ids.tolist() == second.heldout.tokens.ids.tolist()
    assert first.fingerprint != second.fingerprint  # the order of the examples differs
    held = set(rows(first)[len(first.train) :])
    assert len(held) == 5
    assert not held & set(rows(first)[: len(first.train)])
    assert first.num_dropped == 5  # the second copy of each


def test_short_and_unknown_lines_are_left_out(tokenizer: Tokenizer, tmp_path: Path) -> None:
    lines = make_lines(40, words=(10, 10))
    eleven, twelve = make_lines(1, seed=1, words=(9, 9)), make_lines(1, seed=2, words=(10, 10))
    unknown = ["hops " * 6 + " ".join(WORDS[:4]), "hops " * 5 + " ".join(WORDS[:5])]
    path = write(tmp_path / "a.txt", [*lines, *eleven, *twelve, *unknown])
    found = rows(load(tokenizer, tmp_path, path, min_length=12))
    assert framed(twelve[0].split()) in found
    assert framed(eleven[0].split()) not in found
    assert len(found) == 42
    assert len(rows(load(tokenizer, tmp_path, path, min_length=11, max_unknown=1.0))) == 44


def test_long_lines_are_cut_and_framed_again(tokenizer: Tokenizer, tmp_path: Path) -> None:
    long = make_lines(1, seed=3, words=(511, 511))[0].split()
    path = write(tmp_path / "a.txt", [*make_lines(30), " ".join(long)])
    found = rows(load(tokenizer, tmp_path, path, max_length=512, min_length=3))
    assert framed(long[:510]) in found
    assert framed(long[510:]) in found
    assert max(map(len, found)) == 512


def test_packed_lines_fill_examples_and_never_cross_documents(tokenizer: Tokenizer, tmp_path: Path) -> None:
    documents = [make_lines(40, seed=seed, words=(3, 9)) for seed in range(3)]
    lines = [line for document in documents for line in [*document, ""]]
    corpus = load(tokenizer, tmp_path, write(tmp_path / "a.txt", lines), packing="packed", max_length=32, min_length=3)
    assert corpus.train.tokens.lengths.max() <= 32
    assert corpus.train.tokens.lengths.mean() > 25
    pieces = {tuple(row[1:-1]) for row in rows(corpus)}
    for document in documents:
        expected: list[int] = []
        for line in [*document, None]:
            tokens = [] if line is None else list(framed(line.split())[1:-1])
            if line is None or len(expected) + len(tokens) > 30:
                assert tuple(expected) in pieces
                expected = []
            expected += tokens


def test_files_folders_and_gzip_are_read_alike(tokenizer: Tokenizer, tmp_path: Path) -> None:
    lines = make_lines(60)
    whole = load(tokenizer, tmp_path, write(tmp_path / "a.txt", lines))
    folder = tmp_path / "parts"
    folder.mkdir()
    write(folder / "1.txt", lines[:20])
    write(folder / "2.txt.gz", lines[20:])
    write(folder / "notes.md", ["not read"])
    assert load(tokenizer, tmp_path, folder).fingerprint == whole.fingerprint
    assert load(tokenizer, tmp_path, folder / "1.txt", folder / "2.txt.gz").fingerprint == whole.fingerprint


def test_a_saved_data_set_is_read(tokenizer: Tokenizer, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    lines = make_lines(60)
    datasets.Dataset.from_dict({"body": lines}).save_to_disk(str(tmp_path / "saved"))
    corpus = load(tokenizer, tmp_path, tmp_path / "saved", text="body")
    assert sorted(rows(corpus)) == sorted(framed(line.split()) for line in lines)
    with pytest.raises(DataError, match=r"data.corpus.text: .*saved has no column 'text'; set it to one of body"):
        load(tokenizer, tmp_path, tmp_path / "saved")


def test_the_limit_counts_lines_from_the_start(tokenizer: Tokenizer, tmp_path: Path) -> None:
    lines = make_lines(60)
    corpus = load(tokenizer, tmp_path, write(tmp_path / "a.txt", ["", *lines]), limit=25)
    assert sorted(rows(corpus)) == sorted(framed(line.split()) for line in lines[:25])


def test_a_corpus_is_tokenised_once_and_batched_like_any_split(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", make_lines(60))
    first = load(tokenizer, tmp_path, path)
    with monkeypatch.context() as patch:
        patch.setattr(Tokenizer, "encode_bare", lambda *_: pytest.fail("tokenised again"))
        again = load(tokenizer, tmp_path, path)
    assert again.fingerprint == first.fingerprint
    assert isinstance(again.train.tokens.ids, np.memmap)
    assert load(tokenizer, tmp_path, path, max_length=16).fingerprint != first.fingerprint
    batches = Batches(again.train, BatchConfig(), seed=0)
    counted = np.bincount(
        np.concatenate([b.input_ids[b.token_mask].numpy() for b in map(batches.collate, batches.plan(0))]),
        minlength=205,
    )
    assert counted.tolist() == count_tokens(again.train.tokens, vocab_size=205).tolist()


def test_a_failed_reading_leaves_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("\n".join(make_lines(60)) + "\n").encode() + b"\xff\n")
    with pytest.raises(DataError):
        load(tokenizer, tmp_path, path)
    assert [path for path in (tmp_path / "store").iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "the file is empty; give text, one a line"),
        ("blank.txt", b"\n \n\n", "there is no text in it, only empty lines"),
        ("latin.txt", b"one\ntwo\nca\xe9\n", "line 3 is not UTF-8 text .*; save the file as UTF-8"),
        ("image.txt", b"\x00\x01\x02\n", "line 1 has a zero byte, so this is no text file"),
        ("cut.txt.gz", gzip.compress(b"word " * 9999, mtime=0)[:-9], "not a whole gzip file"),
        ("fake.txt.gz", b"plain text\n", "not a whole gzip file"),
        ("few.txt", b"w1 w2 w3 w4 w5\n" * 5, r"5 lines make only \d examples of 6 to 128 tokens, and at least 20"),
    ],
)
def test_a_file_that_is_no_corpus_is_refused(
    tokenizer: Tokenizer, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: {message}"):
        load(tokenizer, tmp_path, path)


def test_what_does_not_exist_is_named(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'.*nowhere.txt' does not exist; give a text file, a folder or a data set"):
        load(tokenizer, tmp_path, tmp_path / "nowhere.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"folder '.*empty' holds no .txt or .txt.gz file"):
        load(tokenizer, tmp_path, tmp_path / "empty")


def test_a_line_without_end_is_refused(tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("potstill.data.corpus_lines._LONGEST_LINE", 100)
    path = write(tmp_path / "a.txt", ["word " * 50])
    with pytest.raises(DataError, match="line 1 is longer than"):
        load(tokenizer, tmp_path, path)
