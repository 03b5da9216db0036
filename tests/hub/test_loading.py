"""Loading refuses what is not a trained classifier in safetensors, with a sentence that says what to do."""

import json
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertTokenizerFast

from potstill.errors import ModelError
from potstill.hub import Tokenizer, fingerprint_model, load_classifier, load_encoder_base, reorder_labels, resolve_model
from potstill.tensors import Batch, Needs

SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 6}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = BertConfig(**SIZES, id2label={0: "bad", 1: "good", 2: "odd"}, label2id={"bad": 0, "good": 1, "odd": 2})
    model = BertForSequenceClassification(config)
    torch.nn.init.normal_(model.classifier.bias)
    model.save_pretrained(tmp_path)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
    BertTokenizerFast(vocab={word: index for index, word in enumerate(words)}).save_pretrained(tmp_path)
    return tmp_path


def test_classifier_comes_with_its_label_names_in_eval_mode(folder: Path) -> None:
    encoder = load_classifier(str(folder))
    assert encoder.label_names == ("bad", "good", "odd")
    assert not encoder.training


def test_saved_encoder_is_the_same_and_names_no_private_attention(folder: Path, tmp_path: Path) -> None:
    encoder = load_classifier(str(folder))
    saved = tmp_path / "saved"
    saved.mkdir()
    encoder.save(saved)
    again = load_classifier(str(saved))
    for ours, theirs in zip(again.parameters(), encoder.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert "potstill" not in (saved / "config.json").read_text()


def test_finished_run_folder_stands_for_its_student(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "student").symlink_to(folder, target_is_directory=True)
    assert resolve_model(str(run)) == str(run / "student")


def test_fingerprints_change_with_how_texts_are_cut(folder: Path) -> None:
    model, tokenizer = fingerprint_model(str(folder)), load_classifier(str(folder)).tokenizer
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"truncation_side": "left"}))
    assert fingerprint_model(str(folder)) != model
    assert load_classifier(str(folder)).tokenizer.fingerprint != tokenizer.fingerprint


def test_tokenizers_with_and_without_segments_do_not_pass_for_one_another(folder: Path) -> None:
    wrapped = load_classifier(str(folder)).tokenizer.wrapped
    with_segments = Tokenizer(wrapped)
    wrapped.model_input_names = ["input_ids", "attention_mask"]
    assert Tokenizer(wrapped).fingerprint != with_segments.fingerprint


def test_fingerprint_changes_with_one_weight(folder: Path) -> None:
    before = fingerprint_model(str(folder))
    assert before == fingerprint_model(str(folder))
    encoder = load_classifier(str(folder))
    with torch.no_grad():
        encoder.model.classifier.bias[0] += 1.0
    encoder.save(folder)
    assert fingerprint_model(str(folder)) != before


def test_logits_follow_the_tasks_label_order_after_reordering(folder: Path) -> None:
    ids = torch.tensor([[2, 5, 3]])
    batch = Batch(
        input_ids=ids,
        token_mask=ids > 0,
        token_type_ids=None,
        labels=None,
        example_ids=torch.zeros(1, dtype=torch.long),
    )
    encoder = load_classifier(str(folder))
    before = encoder(batch, Needs(logits=True)).logits
    places = (2, 0, 1)  # the model's bad, good, odd are the task's labels 2, 0 and 1
    after = reorder_labels(encoder, places, ("good", "odd", "bad"))(batch, Needs(logits=True)).logits
    torch.testing.assert_close(after[:, list(places)], before)
    assert encoder.model.config.id2label == {0: "good", 1: "odd", 2: "bad"}


def test_headless_encoder_is_no_teacher_but_a_base(folder: Path) -> None:
    BertForMaskedLM(BertConfig(**SIZES)).save_pretrained(folder)
    with pytest.raises(ModelError, match="no trained classification head"):
        load_classifier(str(folder))
    assert load_encoder_base(str(folder), label_names=("a", "b")).shape.num_labels == 2


def test_pickled_weights_are_not_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="only safetensors"):
        load_classifier(str(folder))


def test_model_without_tokenizer_is_refused(folder: Path) -> None:
    for path in folder.glob("*token*"):
        path.unlink()
    with pytest.raises(ModelError, match="no usable tokenizer"):
        load_classifier(str(folder))


def test_remote_code_is_never_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForSequenceClassification": "evil.Evil", "AutoConfig": "evil.EvilConfig"}
    config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("raise SystemExit('remote code ran')")
    with pytest.raises(ModelError, match="brings Python code of its own"):
        load_classifier(str(folder))


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all"])
def test_missing_folder_is_named(name: str) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        resolve_model(name)


def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        resolve_model(str(tmp_path))


@pytest.mark.parametrize("file", ["w.bin", "../outside.safetensors", "inner/w.safetensors"])
def test_an_index_that_names_another_file_is_refused(folder: Path, file: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(f'{{"metadata": {{}}, "weight_map": {{"any": "{file}"}}}}')
    with pytest.raises(ModelError, match="only safetensors files in the model's own folder are read"):
        load_classifier(str(folder))


def move_into(folder: Path, place: str) -> None:
    """Put a model's files into a folder inside its own."""
    files = list(folder.iterdir())
    (folder / place).mkdir()
    for file in files:
        file.rename(folder / place / file.name)


def test_a_trainers_folder_names_its_newest_checkpoints(folder: Path) -> None:
    move_into(folder, "checkpoint-500")
    with pytest.raises(ModelError, match=rf"of a Trainer, with checkpoints inside; give '{folder}/checkpoint-500'\."):
        resolve_model(str(folder))


def test_a_folder_of_sentence_transformers_names_its_encoder(folder: Path) -> None:
    move_into(folder, "0_Transformer")
    (folder / "modules.json").write_text("[]")
    with pytest.raises(ModelError, match=rf"of sentence-transformers, .*; give '{folder}/0_Transformer'\."):
        load_encoder_base(str(folder), label_names=("a", "b"))


def test_an_adapter_names_its_base(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "bert-base-uncased"}')
    with pytest.raises(ModelError, match=r"an adapter for 'bert-base-uncased' .* merge_and_unload"):
        load_classifier(str(tmp_path))
