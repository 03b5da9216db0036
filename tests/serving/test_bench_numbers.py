"""Sizes, operations, lengths and statistics of a bench."""

import statistics
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from potstill.engines import Engine, build_engine, time_in_turns
from potstill.engines.torch_engine import SDPA
from potstill.errors import ModelError
from potstill.hub import build_shape, count_parameters, describe_shape
from potstill.serving.bench_batches import batches_of_lengths, published_rows, qnli_lengths, square_batch
from potstill.serving.bench_measure import make_latency, make_rates
from potstill.serving.bench_probe import probe
from potstill.serving.flops import bilstm_flops, count_flops, transformer_flops
from potstill.tensors import EncoderShape

PUBLISHED_GIGAFLOPS = {(12, 768, 3072): 22.5, (6, 768, 3072): 11.3, (4, 768, 3072): 7.6, (4, 312, 1200): 1.27}


def make_shape(layers, width, inner):
    return EncoderShape(
        num_layers=layers, hidden_size=width, feed_forward_size=inner, num_heads=12, vocab_size=30522, num_labels=2
    )


@pytest.mark.parametrize("sizes", PUBLISHED_GIGAFLOPS)
def test_operations_are_those_of_the_paper(sizes):
    digits = 2 if sizes[1] == 312 else 1
    assert round(transformer_flops(make_shape(*sizes), 128) / 1e9, digits) == PUBLISHED_GIGAFLOPS[sizes]


def test_operations_of_a_transformer_are_those_of_its_products():
    layers, width, inner, tokens = 2, 6, 10, 5
    total = 0
    for _ in range(layers):
        for rows, columns in [(width, width)] * 4 + [(width, inner), (inner, width)]:
            total += 2 * tokens * rows * columns
        total += 2 * (2 * tokens * tokens * width)  # scores, and the sum of values
    total += 2 * tokens * width * width
    assert transformer_flops(make_shape(layers, width, inner), tokens) == total


def test_operations_of_a_bilstm_are_those_of_its_products():
    size, state, head, labels, tokens = 3, 4, 5, 2, 7
    total = 0
    for _direction in range(2):
        for _gate in range(4):
            total += 2 * tokens * (size * state + state * state)
    total += 2 * (2 * state * head) + 2 * head * labels
    assert total == bilstm_flops(embedding_size=size, lstm_size=state, head_size=head, num_labels=labels, tokens=tokens)


@pytest.mark.parametrize(
    ("shape", "embeddings", "layers", "pooler"),
    [("4x312x1200", 9_683_856, 4_568_736, 97_656), ("4x768", 23_837_184, 28_351_488, 590_592)],
)
def test_a_shape_has_the_weights_of_its_paper(shape, embeddings, layers, pooler):
    encoder = build_shape(shape)
    counts = count_parameters(encoder)
    assert (counts.embeddings, counts.encoder, counts.pooler) == (embeddings, layers, pooler)
    assert count_flops(encoder, 128) == transformer_flops(encoder.shape, 128)


@pytest.mark.parametrize("shape", ["", "12", "0x768", "4x0", "12x768x", "lstm", "bilstm:300", "4x312x1200x2"])
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(ModelError, match="this is no shape; write LAYERSxWIDTH"):
        build_shape(shape)


def test_stored_lengths_are_spread_as_they_are():
    lengths = qnli_lengths(100)
    assert sorted(lengths) == lengths.tolist()
    assert lengths.mean() == pytest.approx(49.3, abs=0.5)
    assert qnli_lengths(1000).mean() == pytest.approx(lengths.mean(), rel=0.01)
    assert len(qnli_lengths(7)) == 7


def test_the_published_row_of_four_layers_is_told_as_such():
    row = published_rows()["4x768x3072"]
    assert (row.seconds, row.speedup, row.parameters) == (63.7, 3.0, "52.2M")
    assert "those of the 4-layer models" in (row.note or "")
    for shape, seconds in (("12x768x3072", 188.0), ("bilstm:300x400", 24.8), ("4x312x1200", 19.9)):
        assert published_rows()[shape].seconds == seconds
        assert published_rows()[shape].speedup == pytest.approx(188 / seconds, abs=0.06)


def test_made_batches_have_the_lengths_and_no_special_tokens():
    model = describe_shape("1x12x12")
    lengths = [5, 3, 9, 600]
    batches = list(batches_of_lengths(model, lengths).ordered())
    found = {int(row) for batch in batches for row in batch.token_mask.sum(1)}
    assert found == {3, 5, 9, 512}
    square = square_batch(model, num_examples=3, num_tokens=4)
    assert square.token_mask.all()
    for batch in [*batches, square]:
        assert (batch.input_ids[batch.token_mask] > 1).all()
        assert batch.input_ids.max() < 30522


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorder(Engine):
    seen: list[str]

    def run(self, batch):
        self.seen.append(self.name)
        return np.zeros((len(batch), 2), dtype=np.float32)


def make_recorder(name, seen):
    return Recorder(
        name=name,
        backend=SDPA,
        model=describe_shape("1x12x12"),
        device=torch.device("cpu"),
        precision="fp32",
        num_threads=1,
        size_bytes=1,
        draft=lambda: build_shape("1x12x12"),
        seen=seen,
    )


def test_models_take_turns_and_warm_up_is_not_counted():
    batch = square_batch(describe_shape("1x12x12"), num_examples=1, num_tokens=2)
    seen = []
    engines = [make_recorder("a", seen), make_recorder("b", seen)]
    seconds = time_in_turns(engines, [[batch], [batch, batch]], rounds=3, warmup=1)
    assert seen == ["a", "b", "b"] * 4
    assert [len(taken) for taken in seconds] == [3, 3]


def test_a_ratio_compares_times_of_the_same_round():
    slow_machine = [[2.0, 20.0, 2.0, 2.0], [1.0, 10.0, 1.0, 0.5]]
    first, second = make_rates(slow_machine, [10, 10])
    assert first.ratio == 1
    assert first.ratio_range == (1, 1)
    assert second.ratio == 2
    assert second.ratio_range == (2, 4)
    assert second.median == 10 / statistics.median(slow_machine[1])
    assert (second.slowest, second.fastest) == (1.0, 20.0)


def test_a_ratio_counts_sentences():
    _, second = make_rates([[1.0], [1.0]], [10, 30])
    assert second.ratio == 3


def test_percentiles_are_in_milliseconds():
    latency = make_latency([number / 1000 for number in range(101)])
    assert (latency.p50, latency.p95, latency.p99) == pytest.approx((50, 95, 99))


def test_a_batch_of_random_tokens_is_always_the_same():
    model = describe_shape("1x12x12")
    once, again = (square_batch(model, num_examples=2, num_tokens=5).input_ids for _ in range(2))
    assert torch.equal(once, again)


@pytest.mark.slow
def test_the_memory_of_a_probed_process_is_its_own(tmp_path):
    engine = build_engine("1x24x48", SDPA, tmp_path)
    held = torch.ones(1500, 2**20 // 4)  # 1,500 MB in this process, and for a moment in the one that it starts
    found = probe(engine, tmp_path)
    assert 0 < found.model_bytes < found.peak_bytes < held.nbytes
