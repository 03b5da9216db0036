"""The BiLSTM itself: its published sizes, its equations, and that transformers takes it for one of its own."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_sources import make_batch, make_tokenizer

from potstill.architectures import BiLstmConfig, BiLstmForSequenceClassification, BiLstmForTokenClassification
from potstill.architectures.bilstm import compare, pick_words
from potstill.hub import Encoder, build_bilstm, count_parameters, load_classifier
from potstill.tensors import Batch, Needs

LOGITS = Needs(logits=True)
SMALL = {"vocab_size": 100, "embedding_size": 6, "lstm_size": 5, "head_size": 7}


def build(label_names: tuple[str, ...] = ("a", "b"), **sizes: object) -> Encoder:
    torch.manual_seed(0)
    config = BiLstmConfig(**{**SMALL, **sizes})
    vectors = torch.randn(config.vocab_size, config.embedding_size)
    return build_bilstm(config, make_tokenizer(), vectors, label_names=label_names)


def make_pairs(*, num_pairs: int = 4, seed: int = 0) -> Batch:
    """Give pairs as BERT's tokenizer does: [CLS] A [SEP] B [SEP]."""
    generator = torch.Generator().manual_seed(seed)
    rows, types = [], []
    for number in range(num_pairs):
        first, second = (torch.randint(5, 100, (2 + number + extra,), generator=generator).tolist() for extra in (0, 3))
        rows.append([2, *first, 3, *second, 3])
        types.append([0] * (len(first) + 2) + [1] * (len(second) + 1))
    width = max(map(len, rows))
    lengths = torch.tensor([len(row) for row in rows])
    return Batch(
        input_ids=torch.tensor([row + [0] * (width - len(row)) for row in rows]),
        token_mask=torch.arange(width) < lengths[:, None],
        token_type_ids=torch.tensor([row + [0] * (width - len(row)) for row in types]),
        labels=None,
        example_ids=torch.arange(num_pairs),
    )


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.booleans())
@settings(max_examples=20)
def test_a_tagger_gives_each_token_the_states_of_both_directions_at_it(lengths: list[int], is_framed: bool) -> None:
    torch.manual_seed(0)
    frame = {"cls_token_id": 2, "sep_token_id": 3} if is_framed else {}
    model = BiLstmForTokenClassification(BiLstmConfig(**SMALL, **frame, num_labels=3)).eval()
    rows = [torch.randint(5, 100, (length,)).tolist() for length in lengths]
    framed = [[2, *row, 3] if is_framed else row for row in rows]
    width = max(map(len, framed))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in framed])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in framed])
    logits, reader = model(ids, mask).logits, model.bilstm
    for number, row in enumerate(rows):
        vectors = reader.embeddings(torch.tensor([row]))
        both = [reader.forward_lstm(vectors)[0][0], reader.backward_lstm(vectors.flip(1))[0][0].flip(0)]
        wanted = model.classifier(torch.relu(model.inner(torch.cat(both, dim=1))))
        torch.testing.assert_close(logits[number, is_framed : is_framed + len(row)], wanted)
    labels = torch.where(mask > 0, 1, -100)
    loss = model(ids, mask, labels=labels).loss
    own = torch.nn.functional.cross_entropy(logits[mask > 0], labels[mask > 0])
    torch.testing.assert_close(loss, own)


@pytest.mark.parametrize(
    ("channels", "lstm_size", "head_size", "is_pair", "lstm", "inner", "outer", "total"),
    [
        ("both", 150, 200, False, 902_400, 60_200, 402, 963_002),
        ("trained", 150, 200, False, 542_400, 60_200, 402, 603_002),
        ("trained", 300, 400, False, 1_444_800, 240_400, 802, 1_686_002),
        ("both", 300, 400, False, 2_164_800, 240_400, 802, 2_406_002),
        ("both", 150, 200, True, 902_400, 240_200, 603, 1_143_203),
        ("trained", 300, 400, True, 1_444_800, 960_400, 1_203, 2_406_403),
        ("both", 300, 400, True, 2_164_800, 960_400, 1_203, 3_126_403),
    ],
)
def test_sizes_are_the_published_ones(
    channels: str, lstm_size: int, head_size: int, is_pair: bool, lstm: int, inner: int, outer: int, total: int
) -> None:
    with torch.device("meta"):
        encoder = build(
            ("a", "b", "c") if is_pair else ("a", "b"),
            vocab_size=30_522,
            embedding_size=300,
            channels=channels,
            lstm_size=lstm_size,
            head_size=head_size,
            is_pair=is_pair,
        )
    counts = count_parameters(encoder)
    assert counts.encoder == lstm
    assert counts.head == inner + outer
    assert counts.encoder + counts.head == total
    assert counts.embeddings == 30_522 * 300 * (2 if channels == "both" else 1)
    assert (counts.pooler, counts.vocabulary_head) == (0, 0)


def slow_lstm(lstm: torch.nn.LSTM, rows: list[list[float]]) -> list[float]:
    """Run one direction in plain Python and give its last state."""
    weights = [parameter.tolist() for parameter in (lstm.weight_ih_l0, lstm.weight_hh_l0)]
    biases = [parameter.tolist() for parameter in (lstm.bias_ih_l0, lstm.bias_hh_l0)]
    size = lstm.hidden_size
    state, cell = [0.0] * size, [0.0] * size
    for row in rows:
        gates = [
            sum(w * x for w, x in zip(weights[0][place], row, strict=True))
            + sum(w * h for w, h in zip(weights[1][place], state, strict=True))
            + biases[0][place]
            + biases[1][place]
            for place in range(4 * size)
        ]
        sigmoid = [1 / (1 + math.exp(-gate)) for gate in gates]
        cell = [
            sigmoid[size + place] * cell[place] + sigmoid[place] * math.tanh(gates[2 * size + place])
            for place in range(size)
        ]
        state = [sigmoid[3 * size + place] * math.tanh(cell[place]) for place in range(size)]
    return state


@pytest.mark.parametrize("is_pair", [False, True])
def test_logits_are_what_the_equations_say(is_pair: bool) -> None:
    encoder = build(is_pair=is_pair)
    reader, model = encoder.model.bilstm, encoder.model
    batch = make_pairs()
    logits = encoder(batch, LOGITS).logits
    for row, ids in enumerate(batch.input_ids.tolist()):
        split = ids.index(3)
        texts = [ids[1:split], ids[split + 1 : ids.index(3, split + 1)]]
        if not is_pair:
            texts = [[*texts[0], 3, *texts[1]]]
        states = []
        for text in texts:
            vectors = [reader.embeddings(torch.tensor([[word]]))[0, 0].tolist() for word in text]
            states.append(slow_lstm(reader.forward_lstm, vectors) + slow_lstm(reader.backward_lstm, vectors[::-1]))
        features = states[0]
        if is_pair:
            one, other = states
            features = [
                *one,
                *other,
                *(a * b for a, b in zip(one, other, strict=True)),
                *(abs(a - b) for a, b in zip(one, other, strict=True)),
            ]
        inner = torch.relu(model.inner.weight @ torch.tensor(features) + model.inner.bias)
        expected = model.classifier.weight @ inner + model.classifier.bias
        torch.testing.assert_close(logits[row], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("is_pair", [False, True])
@settings(max_examples=15)
@given(extra=st.integers(1, 9), seed=st.integers(0, 99))
def test_more_padding_changes_nothing(is_pair: bool, extra: int, seed: int) -> None:
    encoder = build(is_pair=is_pair)
    batch = make_pairs(seed=seed)
    padding = torch.zeros(len(batch), extra, dtype=torch.int64)
    longer = Batch(
        input_ids=torch.cat([batch.input_ids, padding], 1),
        token_mask=torch.cat([batch.token_mask, padding.bool()], 1),
        token_type_ids=torch.cat([batch.token_type_ids, padding], 1),
        labels=None,
        example_ids=batch.example_ids,
    )
    assert torch.equal(encoder(longer, LOGITS).logits, encoder(batch, LOGITS).logits)


def test_a_text_alone_and_among_longer_ones_is_the_same() -> None:
    encoder = build()
    batch = make_batch()
    together = encoder(batch, LOGITS).logits
    for row in range(len(batch)):
        length = int(batch.token_mask[row].sum())
        alone = Batch(
            input_ids=batch.input_ids[row : row + 1, :length],
            token_mask=batch.token_mask[row : row + 1, :length],
            token_type_ids=None,
            labels=None,
            example_ids=torch.zeros(1, dtype=torch.int64),
        )
        torch.testing.assert_close(encoder(alone, LOGITS).logits[0], together[row])


def test_a_text_without_words_has_finite_logits() -> None:
    encoder = build(is_pair=True)
    ids = torch.tensor([[2, 3, 3], [2, 3, 7], [0, 0, 0]])
    mask = ids > 0
    batch = Batch(
        input_ids=ids, token_mask=mask, token_type_ids=None, labels=None, example_ids=torch.arange(3, dtype=torch.int64)
    )
    assert encoder(batch, LOGITS).logits.isfinite().all()


def test_the_second_text_is_found_by_its_segment_or_behind_the_separator() -> None:
    encoder, batch = build(is_pair=True), make_pairs()
    by_segment = encoder(batch, LOGITS).logits
    by_separator = encoder.model(input_ids=batch.input_ids, attention_mask=batch.token_mask).logits
    assert torch.equal(by_segment, by_separator)


def test_swapped_texts_swap_their_states_and_keep_product_and_distance() -> None:
    one, other = torch.randn(2, 3, 10)
    both, swapped = compare(one, other), compare(other, one)
    assert both.shape == (3, 40)
    assert torch.equal(both[:, 20:], swapped[:, 20:])
    assert torch.equal(both[:, :10], swapped[:, 10:20])
    assert 4 * BiLstmConfig(lstm_size=300).hidden_size == 2400


@pytest.mark.parametrize("is_pair", [False, True])
def test_words_counted_on_the_host_give_the_same_as_those_counted_on_the_device(is_pair: bool) -> None:
    encoder, batch = build(is_pair=is_pair), make_pairs()
    counted = encoder.model.count_words(batch.input_ids, batch.token_mask, batch.token_type_ids)
    assert counted == ((5, 8) if is_pair else (14,))
    assert torch.equal(encoder(replace(batch, host=batch), LOGITS).logits, encoder(batch, LOGITS).logits)


@settings(max_examples=30)
@given(start=st.integers(0, 3), length=st.integers(0, 4), rest=st.integers(0, 3))
def test_words_are_moved_to_the_left(start: int, length: int, rest: int) -> None:
    width = max(1, start + length + rest)
    ids = torch.arange(1, width + 1)[None]
    words = torch.zeros(1, width, dtype=torch.bool)
    words[0, start : start + length] = True
    moved, lengths = pick_words(ids, words, 0)
    assert moved[0].tolist() == (list(range(start + 1, start + length + 1)) or [0])
    assert lengths.tolist() == [max(1, length)]


@pytest.mark.parametrize(("channels", "trained", "frozen"), [("trained", 1, 0), ("frozen", 0, 1), ("both", 1, 1)])
def test_only_the_frozen_table_takes_no_gradient(channels: str, trained: int, frozen: int) -> None:
    encoder = build(channels=channels).train()
    encoder(make_batch(), LOGITS).logits.sum().backward()
    tables = dict(encoder.model.bilstm.embeddings.named_parameters())
    assert [name for name, table in tables.items() if table.grad is not None] == ["trained.weight"] * trained
    assert [name for name, table in tables.items() if not table.requires_grad] == ["frozen.weight"] * frozen
    others = [parameter for parameter in encoder.parameters() if parameter.shape[0] != SMALL["vocab_size"]]
    assert all(parameter.grad is not None for parameter in others)


def test_all_channels_start_from_the_same_vectors_and_padding_is_zero() -> None:
    tables = build(channels="both").model.bilstm.embeddings
    assert torch.equal(tables.trained.weight, tables.frozen.weight)
    assert tables.trained.weight[0].abs().sum() == 0 < tables.trained.weight[1].abs().sum()


def test_a_random_model_has_word_vectors_within_a_quarter_of_zero() -> None:
    torch.manual_seed(0)
    model = BiLstmForSequenceClassification(BiLstmConfig(vocab_size=2000, embedding_size=20, num_labels=2))
    table = model.bilstm.embeddings.trained.weight
    assert 0.24 < table.abs().max() < 0.25
    assert table[0].abs().sum() == 0
    assert model.inner.weight.abs().max() < 1 / math.sqrt(300)


@pytest.mark.parametrize("label_names", [("no", "yes"), ()])
def test_a_saved_model_is_loaded_as_it_was(label_names: tuple[str, ...], tmp_path: Path) -> None:
    encoder = build(label_names, is_pair=True)
    encoder.save(tmp_path)
    again = load_classifier(str(tmp_path))
    assert again.label_names == label_names
    assert again.needs_pairs
    assert not again.has_layers
    assert torch.equal(again(make_pairs(), LOGITS).logits, encoder(make_pairs(), LOGITS).logits)
    again(make_pairs(), LOGITS).logits.sum().backward()
    assert again.model.bilstm.embeddings.frozen.weight.grad is None
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "potstill-bilstm"


def test_labels_give_a_loss_as_for_any_model_of_transformers() -> None:
    ids = make_batch().input_ids
    labels = torch.arange(8) % 2
    outputs = build().model(input_ids=ids, labels=labels)
    torch.testing.assert_close(outputs.loss, torch.nn.functional.cross_entropy(outputs.logits, labels))
    scores = torch.linspace(0, 1, 8)
    outputs = build(()).model(input_ids=ids, labels=scores)
    torch.testing.assert_close(outputs.loss, (outputs.logits[:, 0] - scores).square().mean())
    loss, logits = build(()).model(input_ids=ids, labels=scores, return_dict=False)
    assert torch.equal(loss, outputs.loss)
    assert torch.equal(logits, outputs.logits)


def test_bfloat16_stays_near_float32() -> None:
    encoder, batch = build(), make_batch()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = encoder(batch, LOGITS).logits
    torch.testing.assert_close(logits, encoder(batch, LOGITS).logits, atol=0.05, rtol=0.05)


LOAD = """
model = AutoModelForSequenceClassification.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
logits = model(**tokenizer("grain1 grain2", return_tensors="pt")).logits
print(type(AutoConfig.from_pretrained(folder)).__name__, type(model).__name__, tuple(logits.shape))
"""
ALONE = "assert transformers.AutoConfig.from_pretrained(folder).lstm_size == 5"
NAMES = "from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer"


@pytest.mark.parametrize(
    "imports",
    [
        f"import potstill, transformers\n{ALONE}\n{NAMES}",
        f"{NAMES}\nimport potstill",
    ],
    ids=["potstill first", "transformers first"],
)
def test_auto_classes_load_it_after_import_potstill(imports: str, tmp_path: Path) -> None:
    build().save(tmp_path)
    code = f"folder = {str(tmp_path)!r}\n{imports}\n{LOAD}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "BiLstmConfig BiLstmForSequenceClassification (1, 2)"
