"""A BiLSTM's exported graph reads every text at its own length."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig

from potstill.engines import ONNX, export_graph, group_nodes, make_torch_engine, quantise, save_graph
from potstill.hub import build_encoder, build_shape, describe_encoder
from potstill.tensors import Batch, WordRows

pytest.importorskip("onnxruntime")
START, END, PADDING = 2, 3, 0


def make_encoder(*, channels, is_pair):
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "potstill-bilstm",
        vocab_size=40,
        embedding_size=6,
        channels=channels,
        lstm_size=5,
        head_size=7,
        is_pair=is_pair,
        cls_token_id=START,
        sep_token_id=END,
    )
    return build_encoder(config, build_shape("1x12").tokenizer, label_names=("a", "b", "c"))


def make_batch(lengths, *, is_pair, seed=0):
    """Texts framed as a BERT tokenizer does, of so many words each; 0 words is an empty text."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for length in lengths:
        words = torch.randint(4, 40, (2 * length,), generator=generator).tolist()
        row, types = [START, *words[:length], END], [0] * (length + 2)
        if is_pair:
            row, types = [*row, *words[length:], END], [*types, *[1] * (length + 1)]
        rows.append((row, types))
    width = max(len(row) for row, _ in rows)
    grid = [[*row, *[PADDING] * (width - len(row))] for row, _ in rows]
    types = [[*kinds, *[0] * (width - len(kinds))] for _, kinds in rows]
    mask = [[True] * len(row) + [False] * (width - len(row)) for row, _ in rows]
    return Batch(
        input_ids=torch.tensor(grid),
        token_mask=torch.tensor(mask),
        token_type_ids=torch.tensor(types),
        labels=None,
        example_ids=torch.arange(len(rows)),
    )


def export(encoder, folder: Path) -> Path:
    file = folder / "model.onnx"
    save_graph(export_graph(encoder), file)
    return file


def serve(encoder, folder: Path):
    return ONNX.open(export(encoder, folder), describe_encoder(encoder))


@pytest.mark.parametrize("channels", ["trained", "both"])
@pytest.mark.parametrize("is_pair", [False, True])
def test_the_graph_repeats_the_model_at_every_length(tmp_path, channels, is_pair):
    encoder = make_encoder(channels=channels, is_pair=is_pair)
    engine, reference = serve(encoder, tmp_path), make_torch_engine(encoder)
    for seed, lengths in enumerate(([1], [5, 1, 9], [0, 3], [30, 2, 17, 30])):
        batch = make_batch(lengths, is_pair=is_pair, seed=seed)
        assert engine.run(batch) == pytest.approx(reference.run(batch), abs=1e-6)


def test_the_graph_of_a_tagger_repeats_it_at_every_token(tmp_path):
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "embedding_size": 6, "lstm_size": 5, "head_size": 7}
    config = AutoConfig.for_model("potstill-bilstm", cls_token_id=START, sep_token_id=END, **sizes)
    encoder = build_encoder(config, build_shape("1x12").tokenizer, label_names=("a", "b", "c"), head="word")
    engine, reference = serve(encoder, tmp_path), make_torch_engine(encoder)
    for seed, lengths in enumerate(([1], [5, 1, 9], [30, 2, 17, 30])):
        batch = make_batch(lengths, is_pair=False, seed=seed)
        owners = torch.tensor([row for row, length in enumerate(lengths) for _ in range(length)])
        tokens = torch.tensor([1 + place for length in lengths for place in range(length)])
        rows = WordRows(examples=owners, tokens=tokens, row_ids=torch.arange(len(owners)))
        batch = replace(batch, words=rows)
        assert engine.run(batch) == pytest.approx(reference.run(batch), abs=1e-6)


def test_padding_does_not_change_an_answer(tmp_path):
    encoder = make_encoder(channels="trained", is_pair=False)
    engine = serve(encoder, tmp_path)
    together = engine.run(make_batch([4, 20], is_pair=False))
    assert engine.run(make_batch([4], is_pair=False))[0] == pytest.approx(together[0], abs=1e-6)


def test_a_bilstm_is_quantised(tmp_path):
    encoder = make_encoder(channels="both", is_pair=True)
    source, target = export(encoder, tmp_path), tmp_path / "small.onnx"
    groups = group_nodes(source)
    assert list(groups) == ["embeddings", "lstm", "head"]
    quantise(source, target, nodes=[node for nodes in groups.values() for node in nodes])
    batch = make_batch([5, 1, 9], is_pair=True)
    small, whole = (ONNX.open(file, describe_encoder(encoder)) for file in (target, source))
    assert small.run(batch) == pytest.approx(whole.run(batch), abs=0.05)
