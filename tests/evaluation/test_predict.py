"""Prediction: order, modes, precision, refusal of diverged models."""

import numpy as np
import pytest
import torch

from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.engines import evaluating, predict_logits
from potstill.errors import ModelError
from potstill.tensors import Needs


class CountingBar:
    def __init__(self):
        self.done = []

    def advance(self, amount=1, *, text=None):
        self.done.append(amount)


def test_logits_come_in_the_order_of_the_split(make_encoder, batches):
    encoder = make_encoder().eval()
    logits = predict_logits(encoder, batches)
    assert logits.shape == (37, 2)
    assert logits.dtype == np.float32
    one_by_one = []
    with torch.no_grad():
        for index in range(37):
            alone = batches.collate(np.array([index]))
            one_by_one.append(encoder(alone, Needs(logits=True)).logits[0].numpy())
    np.testing.assert_allclose(logits, np.stack(one_by_one), rtol=1e-4, atol=1e-5)


def test_batching_does_not_change_the_logits(make_encoder, split, tokenizer, batches):
    encoder = make_encoder()
    large = Batches(tokenise(split, tokenizer, max_length=16), BatchConfig(examples_per_batch=None), seed=3)
    np.testing.assert_allclose(predict_logits(encoder, batches), predict_logits(encoder, large), rtol=1e-4, atol=1e-5)


def test_every_module_keeps_its_mode(make_encoder, batches):
    encoder = make_encoder().train()
    encoder.model.base_model.embeddings.eval()
    before = {name: part.training for name, part in encoder.named_modules()}
    first = predict_logits(encoder, batches)
    assert {name: part.training for name, part in encoder.named_modules()} == before
    np.testing.assert_array_equal(first, predict_logits(encoder, batches))  # no dropout


def test_modes_come_back_after_an_error(make_encoder):
    encoder = make_encoder().train()

    def break_inside():
        with evaluating(encoder):
            assert not encoder.training
            raise RuntimeError("broken inside")

    with pytest.raises(RuntimeError, match="broken inside"):
        break_inside()
    assert encoder.training
    assert all(part.training for part in encoder.modules())


def test_weights_get_no_gradient(make_encoder, batches):
    encoder = make_encoder()
    predict_logits(encoder, batches)
    assert all(weight.grad is None for weight in encoder.parameters())


def test_bfloat16_gives_float32_logits_close_to_the_exact_ones(make_encoder, batches):
    encoder = make_encoder()
    exact = predict_logits(encoder, batches)
    rough = predict_logits(encoder, batches, precision="bf16")
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.5


def test_the_bar_moves_over_every_example(make_encoder, batches):
    bar = CountingBar()
    predict_logits(make_encoder(), batches, progress=bar)
    assert sum(bar.done) == 37
    assert len(bar.done) > 4


def test_a_diverged_model_is_refused(make_encoder, batches):
    encoder = make_encoder()
    with torch.no_grad():
        encoder.model.classifier.bias[0] = float("nan")
    with pytest.raises(ModelError, match="not finite for 37 of 37 examples; its weights have diverged"):
        predict_logits(encoder, batches)


def test_a_split_without_labels_can_be_predicted(make_encoder, tokenizer):
    unlabelled = Batches(tokenise(Split(texts=["good film", "bad"]), tokenizer, max_length=8), BatchConfig(), seed=0)
    assert predict_logits(make_encoder(label_names=()), unlabelled).shape == (2, 1)
