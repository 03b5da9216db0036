"""A teacher that runs: its targets are those of its eval mode, and constants."""

from pathlib import Path

import numpy as np
import torch
from test_stored_states import make_batches
from tiny_reviews import make_base, save_base

from potstill.hub import load_encoder_base
from potstill.teachers import OnlineTeacher
from potstill.tensors import Needs


def test_targets_have_no_dropout_and_no_gradient(tmp_path: Path) -> None:
    model = make_base(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5)
    encoder = load_encoder_base(str(save_base(tmp_path, model)), label_names=("a", "b"))
    batch, needs = make_batches([[2, 7, 9, 3], [2, 8, 3]]).collate(np.arange(2)), Needs(logits=True)
    expected = encoder.eval()(batch, needs).logits
    said = OnlineTeacher(encoder.train()).outputs(batch, needs).logits
    assert torch.equal(said, expected)
    assert not said.requires_grad
    assert not any(weight.requires_grad for weight in encoder.parameters())
