"""A language model in a GGUF file says what the model says that it was written from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_judges import save_causal_lm, slow_score
from transformers import AutoModelForCausalLM, AutoTokenizer

from potstill.errors import ModelError
from potstill.hub import fingerprint_model, load_causal_lm, resolve_model

gguf = pytest.importorskip("gguf")
CPU = torch.device("cpu")
PROMPT = "Is this good or bad?\nText: the film was very good\nAnswer: "
ANSWERS = ["good", "bad", "not very good", "a"]


def write_gguf(folder: Path, file: Path) -> Path:
    """Write a saved Qwen2 with a tokenizer of bytes as llama.cpp would."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    config, tokenizer = model.config, AutoTokenizer.from_pretrained(folder)
    writer = gguf.GGUFWriter(str(file), "qwen2")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(config.vocab_size)
    state = tokenizer.backend_tokenizer
    tokens = [state.id_to_token(number) for number in range(config.vocab_size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if number < 3 else 1 for number in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in merges_of(state)])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        stem, kind = name.rsplit(".", 1)
        writer.add_tensor(f"{names.get_name(stem)}.{kind}", weight.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def merges_of(state: object) -> list[tuple[str, str]]:
    import json

    return [tuple(pair) for pair in json.loads(state.to_str())["model"]["merges"]]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A saved model, and the same as one file."""
    folder = save_causal_lm(tmp_path_factory.mktemp("gguf") / "lm", kind="qwen2")
    return folder, write_gguf(folder, folder.parent / "lm.gguf")


def test_its_answers_are_those_of_the_saved_model_and_of_reading_each_alone(files: tuple[Path, Path]) -> None:
    folder, file = files
    found = load_causal_lm(str(file), device=CPU).score(PROMPT, ANSWERS)
    np.testing.assert_allclose(
        found, [slow_score(file.parent, PROMPT, answer, gguf_file=file.name) for answer in ANSWERS], rtol=1e-4
    )
    read, saved = load_causal_lm(str(file), device=CPU)._model, AutoModelForCausalLM.from_pretrained(folder)
    assert all(torch.equal(weight, read.state_dict()[name]) for name, weight in saved.state_dict().items())
    assert len(set(found.tolist())) == len(ANSWERS)


def test_it_is_known_by_its_content(files: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "other.GGUF"
    copy.write_bytes(files[1].read_bytes())
    assert fingerprint_model(str(copy)) == fingerprint_model(str(files[1]))
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert fingerprint_model(str(copy)) != fingerprint_model(str(files[1]))


def test_what_cannot_be_read_is_refused_in_a_sentence(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"model file 'nowhere\.gguf' does not exist"):
        load_causal_lm("nowhere.gguf", device=CPU)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\3\0\0\0" + bytes(8))
    with pytest.raises(ModelError, match=r"GGUF file '.*broken\.gguf' cannot be read"):
        load_causal_lm(str(tmp_path / "broken.gguf"), device=CPU)
    with pytest.raises(ModelError, match="which 'potstill label' alone reads"):
        resolve_model(str(files[1]))
