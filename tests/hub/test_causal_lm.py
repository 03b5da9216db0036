"""Answers of a causal language model against log-probabilities computed the slow way."""

import numpy as np
import pytest
import torch
from tiny_judges import save_causal_lm, slow_score
from tiny_reviews import save_base
from transformers import AutoTokenizer

from potstill.errors import DataError, ModelError
from potstill.hub import load_causal_lm

PROMPT = "Is this good or bad?\nText: the film was very good\nAnswer: "
ANSWERS = ["good", "bad", "not very good", "a"]
CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_scores_are_those_of_reading_each_answer_alone(tmp_path, kind):
    folder = save_causal_lm(tmp_path / "lm", kind=kind)
    found = load_causal_lm(str(folder), device=CPU).score(PROMPT, ANSWERS)
    lengths = {len(AutoTokenizer.from_pretrained(folder).encode(answer)) for answer in ANSWERS}
    assert len(lengths) > 1
    slow = [slow_score(folder, PROMPT, answer) for answer in ANSWERS]
    np.testing.assert_allclose(found, slow, rtol=1e-4)


def test_an_answer_counts_the_same_whoever_stands_beside_it(tmp_path):
    model = load_causal_lm(str(save_causal_lm(tmp_path / "lm")), device=CPU)
    together = model.score(PROMPT, ANSWERS)
    np.testing.assert_allclose([model.score(PROMPT, [answer])[0] for answer in ANSWERS], together, rtol=1e-5)
    np.testing.assert_allclose(model.score(PROMPT, ANSWERS[::-1]), together[::-1], rtol=1e-5)


def test_a_chat_model_is_asked_in_its_own_form(tmp_path):
    template = "{% for each in messages %}<{{ each.role }}>{{ each.content }}{% endfor %}<answer>"
    model = load_causal_lm(str(save_causal_lm(tmp_path / "lm", chat_template=template)), device=CPU)
    assert model.write_prompt("good?", system="be short") == "<system>be short<user>good?<answer>"
    plain = load_causal_lm(str(save_causal_lm(tmp_path / "plain")), device=CPU)
    assert plain.write_prompt("good?", system="be short") == "be short\n\ngood?"


def test_what_is_no_such_model_or_too_long_is_refused(tmp_path):
    with pytest.raises(ModelError, match="of type 'bert', which does not go on with texts"):
        load_causal_lm(str(save_base(tmp_path / "bert")), device=CPU)
    model = load_causal_lm(str(save_causal_lm(tmp_path / "lm")), device=CPU)
    with pytest.raises(DataError, match="the prompt has .* tokens, and the model reads 128"):
        model.score("good " * 200, ANSWERS)
    folder = save_causal_lm(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="only safetensors files are read"):
        load_causal_lm(str(folder), device=CPU)
