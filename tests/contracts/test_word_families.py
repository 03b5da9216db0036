"""Every family gives a row for each word, is saved and loaded so, and takes labels in another order; or refuses."""

from pathlib import Path

import pytest
import torch
from tiny_families import FAMILIES, OTHERS, make_batch, make_config, make_tokenizer
from transformers import BartConfig

from potstill.errors import ModelError
from potstill.hub import build_encoder, find_parts, load_classifier, reorder_labels
from potstill.tensors import Needs

NAMES = ("O", "B-PER", "I-PER")
LOGITS = Needs(logits=True)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_family_answers_for_words(model_type: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = build_encoder(make_config(model_type), make_tokenizer(), label_names=NAMES, head="word")
    batch = make_batch(6, 4)
    logits = encoder(batch, LOGITS).logits
    assert logits.shape == (10, 3)
    encoder.save(tmp_path)
    loaded = load_classifier(str(tmp_path))
    assert (loaded.head, loaded.label_names, loaded.config_words["answers_per"]) == ("word", NAMES, "word")
    torch.testing.assert_close(loaded(batch, LOGITS).logits, logits)
    turned = reorder_labels(loaded, (2, 0, 1), ("B-PER", "I-PER", "O"))
    torch.testing.assert_close(turned(batch, LOGITS).logits[:, [2, 0, 1]], logits)
    if encoder.family.can_cut:
        assert find_parts(encoder).pooler is None


def test_a_type_that_says_nothing_of_words_is_refused() -> None:
    with pytest.raises(ModelError, match="'bart' says something of a text and nothing of its words"):
        build_encoder(BartConfig(), make_tokenizer(), label_names=NAMES, head="word")


@pytest.mark.parametrize("model_type", [each for each in OTHERS if each in ("convbert", "ernie", "rembert", "llama")])
def test_a_type_without_a_row_answers_for_words(model_type: str) -> None:
    encoder = build_encoder(make_config(model_type), make_tokenizer(), label_names=NAMES, head="word")
    batch = make_batch(6, 4)
    before = encoder(batch, LOGITS).logits
    assert before.shape == (10, 3)
    turned = reorder_labels(encoder, (2, 0, 1), ("B-PER", "I-PER", "O"))
    torch.testing.assert_close(turned(batch, LOGITS).logits[:, [2, 0, 1]], before)
