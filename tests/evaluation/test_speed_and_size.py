"""Throughput and size of tiny encoders."""

import pytest
import torch

from potstill.engines import make_torch_engine, measure_speeds, spread_sample
from potstill.engines.size import safetensors_bytes, split_parameters, weight_bytes
from potstill.errors import ModelError


def measure(encoders, work, *, rounds=5):
    return measure_speeds([make_torch_engine(encoder) for encoder in encoders], [work] * len(encoders), rounds=rounds)


def test_speed_is_reported_with_its_spread_and_its_conditions(make_encoder, batches):
    (speed,) = measure([make_encoder()], list(batches.ordered()), rounds=3)
    assert 0 < speed.slowest <= speed.sentences_per_second <= speed.fastest
    assert (speed.num_repeats, speed.num_sentences) == (3, 37)
    assert (speed.device, speed.num_threads, speed.precision) == ("cpu", torch.get_num_threads(), "fp32")


def test_speeds_are_the_median_and_the_extremes_of_the_rounds_after_the_first(make_encoder, batches, monkeypatch):
    seconds = iter([9.0, 1.0, 4.0, 2.0])
    monkeypatch.setattr("potstill.engines.turns.time_work", lambda _, *, device: next(seconds))
    (speed,) = measure([make_encoder()], list(batches.ordered()), rounds=3)
    assert (speed.sentences_per_second, speed.slowest, speed.fastest) == (37 / 2, 37 / 4, 37 / 1)


def test_a_much_deeper_encoder_is_slower(make_encoder, batches):
    prepared = list(batches.ordered())
    shallow, deep = measure([make_encoder(num_layers=1), make_encoder(num_layers=12)], prepared)
    assert deep.fastest < shallow.fastest / 2  # the fastest pass is the one that other programs disturbed least


def test_a_sample_keeps_the_mean_length_of_the_split(batches):
    prepared = list(batches.ordered())
    sample = spread_sample(prepared, num_sentences=18)
    assert 8 <= sum(map(len, sample)) <= 28

    def mean_length(chosen):
        return sum(int(batch.token_mask.sum()) for batch in chosen) / sum(map(len, chosen))

    assert mean_length(sample) == pytest.approx(mean_length(prepared), rel=0.25)


@pytest.mark.parametrize(("num_sentences", "expected"), [(1, 1), (37, None), (10_000, None)])
def test_a_sample_is_never_empty_and_never_more_than_all(batches, num_sentences, expected):
    prepared = list(batches.ordered())
    assert len(spread_sample(prepared, num_sentences=num_sentences)) == (expected or len(prepared))


def test_weights_are_counted_by_part_as_arithmetic_says(make_encoder):
    hidden, layers, vocab, inner = 16, 2, 17, 32
    counts = split_parameters(make_encoder(num_layers=layers, hidden_size=hidden))
    layer = 4 * (hidden * hidden + hidden) + 4 * hidden + 2 * hidden * inner + inner + hidden
    assert counts.embeddings == hidden * (vocab + 32 + 2 + 2)
    assert counts.encoder == layers * layer
    assert counts.pooler == hidden * hidden + hidden
    assert counts.head == 2 * hidden + 2
    assert counts.total == counts.embeddings + counts.encoder + counts.pooler + counts.head


def test_computed_bytes_are_those_of_the_saved_file(make_encoder, tmp_path):
    encoder = make_encoder()
    encoder.save(tmp_path)
    on_disk = safetensors_bytes(tmp_path)
    assert 0 < on_disk - weight_bytes(encoder) < 8_000  # the header
    assert weight_bytes(encoder) == 4 * split_parameters(encoder).total


def test_half_precision_takes_half_the_bytes(make_encoder):
    encoder = make_encoder()
    full = weight_bytes(encoder)
    assert weight_bytes(encoder.half()) == full // 2


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no safetensors file"):
        safetensors_bytes(tmp_path)
