"""The gate of an export: a file that does not repeat the model is refused."""

from pathlib import Path

import pytest
import torch
from tiny_reviews import save_base

from potstill.data import Split
from potstill.engines import make_torch_engine
from potstill.errors import ModelError
from potstill.hub import load_encoder_base
from potstill.serving import ExportConfig
from potstill.serving.export_gate import check_parity, texts_of_all_lengths


def test_a_file_whose_logits_are_others_is_refused(tmp_path: Path) -> None:
    encoder = load_encoder_base(str(save_base(tmp_path)), label_names=("bad", "good"))
    texts = texts_of_all_lengths(Split(texts=["good film", "the plot was not very bad"]), encoder)
    engine = make_torch_engine(encoder)
    again = load_encoder_base(str(tmp_path), label_names=("bad", "good"))
    again.load_state_dict(encoder.state_dict())
    assert check_parity(engine, make_torch_engine(again), texts, ExportConfig()).largest_difference == 0.0
    with torch.no_grad():
        again.model.classifier.bias[1] += 0.1
    with pytest.raises(ModelError, match=r"^the ONNX file does not repeat PyTorch: a logit differs by 0\.1"):
        check_parity(engine, make_torch_engine(again), texts, ExportConfig())
