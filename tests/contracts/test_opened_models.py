"""Whatever is odd in a saved model of any family is told in one sentence when it is opened; what is right is opened."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_families import FAMILIES, VOCABULARY, make_encoder
from transformers import AutoTokenizer

from potstill.errors import PotstillError
from potstill.hub import describe_model, draft_encoder, load_classifier, load_encoder_base

LAYERS = tuple(family for family in FAMILIES if family not in ("albert", "potstill-bilstm"))
"""Those whose layers have weights of their own."""
BEHIND_PADDING = ("roberta", "xlm-roberta", "camembert")


@dataclass
class Saved:
    """A saved model, to be changed in one point."""

    folder: Path

    def config(self, **changes: object) -> None:
        file = self.folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    def weights(self, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
        file = self.folder / "model.safetensors"
        save_file({name: value.contiguous() for name, value in change(load_file(file)).items()}, file)

    def rename(self, prefix: str, old: str = "") -> None:
        """Put a prefix before the weights' names, in the place of an old one."""
        self.weights(lambda weights: {prefix + name.removeprefix(old): value for name, value in weights.items()})

    def spoil(self, number: float) -> None:
        """Put a number into the last weight of the body."""
        file = self.folder / "model.safetensors"
        weights = load_file(file)
        name = sorted(weights)[len(weights) // 2]
        weights[name].view(-1)[-1] = number
        save_file(weights, file)

    def write(self, name: str, text: str | bytes) -> None:
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def tokens(self, change: Callable[[Any], object]) -> None:
        tokenizer = AutoTokenizer.from_pretrained(self.folder)
        change(tokenizer)
        tokenizer.save_pretrained(self.folder)

    def labels(self, *labels: object, first: int = 0, **more: object) -> None:
        named = {str(number): label for number, label in enumerate(labels, start=first)}
        self.config(id2label=named, label2id={}, **more)


def half(saved: Saved) -> None:
    saved.weights(lambda weights: {name: weights[name] for name in sorted(weights)[: len(weights) // 2]})


def cut_file(saved: Saved) -> None:
    file = saved.folder / "model.safetensors"
    saved.write(file.name, file.read_bytes()[:-7])


def eight_bits(saved: Saved) -> None:
    saved.weights(lambda weights: {name: value.to(torch.int8) for name, value in weights.items()})


def more_words(saved: Saved) -> None:
    saved.tokens(lambda tokenizer: tokenizer.add_tokens([f"word{number}" for number in range(VOCABULARY)]))


def late_padding(saved: Saved) -> None:
    more_words(saved)
    saved.tokens(lambda tokenizer: tokenizer.add_special_tokens({"pad_token": "<late>"}))


def lost_shard(saved: Saved) -> None:
    (saved.folder / "model.safetensors").unlink()
    saved.write("model.safetensors.index.json", '{"weight_map": {"a": "model-1.safetensors"}}')


NO_ROW = r"pad_token_id = 40 .* rows 0 to 39|none is left for a text"
OR = "|layer_types"
"""ModernBERT says of each layer what it is."""

BODY = {
    "names of a wrapper for processes": (lambda s: s.rename("module."), r"are not in its files .*hold module\."),
    "names of a compiled model": (lambda s: s.rename("_orig_mod."), r"are not in its files .*hold _orig_mod\."),
    "names of a wrapper": (lambda s: s.rename("wrapped.encoder."), r"are not in its files .*hold wrapped\.encoder\."),
    "names of sentence-transformers": (lambda s: s.rename("0.auto_model."), r"are not in its files .*hold 0\.auto_m"),
    "half of the weights": (half, r"weights of the encoder of model '\S+' are not in its files"),
    "no weights": (lambda s: s.weights(lambda _: {}), r"weights of the encoder of model '\S+' are not in its files"),
    "a larger table of words": (
        lambda s: s.config(vocab_size=VOCABULARY + 9),
        r"do not fit the sizes .* \[49, \d+\] by",
    ),
    "a file that ends early": (cut_file, r"model.safetensors' cannot be read"),
    "an empty file": (lambda s: s.write("model.safetensors", b""), r"model.safetensors' cannot be read"),
    "a file of quantised weights": (eight_bits, r"holds \S+ as I8, and BF16, F16, F32, F64 are read"),
    "a weight that is no number": (lambda s: s.spoil(float("nan")), r"1 of [\d,]+ numbers of \S+ are not finite"),
    "an infinite weight": (lambda s: s.spoil(float("inf")), r"1 of [\d,]+ numbers of \S+ are not finite"),
    "a shard that is not there": (lost_shard, r"names 'model-1.safetensors', which is not there"),
    "no file": (lambda s: (s.folder / "model.safetensors").unlink(), r"only safetensors files are read"),
    "more tokens than rows": (more_words, r"has 46 ids and its table of words 40 rows"),
    "a late padding token": (late_padding, r"has 47 ids and its table of words 40 rows"),
    "a padding id without a row": (
        lambda s: s.config(pad_token_id=VOCABULARY),
        NO_ROW,
    ),
}
"""What no model may be like, as a classifier or as a base."""

FILES = {
    "a config that is null": (lambda s: s.write("config.json", "null"), r"holds a NoneType, not an object"),
    "a config that is nested": (lambda s: s.write("config.json", '{"a":' * 9999), r"nested too deep"),
    "a config that is not JSON": (lambda s: s.write("config.json", "{"), r"config.json' is damaged"),
    "a config that is not text": (lambda s: s.write("config.json", b"\xff\xfe{"), r"it is not UTF-8"),
    "a tokenizer's config that is a list": (lambda s: s.write("tokenizer_config.json", "[]"), r"holds a list"),
    "a broken tokenizer": (lambda s: s.write("tokenizer.json", "{}"), r"no usable tokenizer"),
    "an unknown number format": (lambda s: s.config(dtype="float99"), r"has no attribute 'float99'"),
    "a size that is no number": (lambda s: s.config(vocab_size="40"), r"vocab_size.*'?40"),
    "a size that is null": (lambda s: s.config(vocab_size=None), r"."),
    "a type that is none": (lambda s: s.config(model_type=7), r"model type `7`"),
}
"""Files that cannot be read, whatever the family."""

LAYERED = {
    "layers that are not in the file": (
        lambda s: s.config(num_hidden_layers=5),
        f"encoder .* not in its files{OR}",
    ),
    "layers that are in the file alone": (
        lambda s: s.config(num_hidden_layers=2),
        f"more layers than its config{OR}",
    ),
    "ten million layers": (lambda s: s.config(num_hidden_layers=10**7), f"from 1 to 1000 is allowed{OR}"),
    "a width that is a text": (lambda s: s.config(hidden_size="24"), r"hidden_size|dim"),
    "too wide a config": (lambda s: s.config(hidden_size=960_000), r"mend"),
    "an unknown activation": (
        lambda s: s.config(**{find_activation(s): "foo"}),
        r"no model can be made of .*foo",
    ),
}

LABELS = {
    "labels from 1": (lambda s: s.labels("a", "b", "c", first=1), r"numbers its 3 labels 1, 2, 3, and"),
    "a gap": (lambda s: s.config(id2label={"0": "a", "1": "b", "3": "c"}), r"numbers its 3 labels 0, 1, 3, and"),
    "too few labels": (lambda s: s.labels("a", "b"), r"names 2 labels: .* is \[3.*\] in its file and \[2"),
    "too many labels": (lambda s: s.labels("a", "b", "c", "d"), r"names 4 labels: .* is \[3.*\] in its file and \[4"),
    "a label twice": (lambda s: s.labels("a", "b", "a"), r"has the label 'a', twice"),
    "a label that is null": (lambda s: s.labels("a", None, "b"), r"has the label None, which is no name"),
    "labels that are a list": (lambda s: s.config(id2label=["a", "b", "c"]), r"config.json"),
    "a score of three outputs": (lambda s: s.config(problem_type="regression"), r"has 3 labels by id2label and"),
    "an unknown problem": (lambda s: s.config(problem_type="ranking"), r"problem_type = 'ranking' .* must be one of"),
}
"""What no classifier may be like; a base gets other labels."""


def find_activation(saved: Saved) -> str:
    config = json.loads((saved.folder / "config.json").read_text())
    return next(name for name in ("hidden_act", "activation", "hidden_activation") if name in config)


def as_base(name: str) -> object:
    return load_encoder_base(name, label_names=("x", "y"))


def assert_refused(open_one: Callable[[str], object], saved: Saved, sentence: str) -> None:
    with pytest.raises(PotstillError, match=f"(?s){sentence}") as refusal:
        open_one(str(saved.folder))
    told = str(refusal.value)
    assert len(told) < 1000
    assert told.endswith(".")


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    made = {}
    for model_type in FAMILIES:
        folder = tmp_path_factory.mktemp("model")
        make_encoder(model_type).save(folder)
        made[model_type] = {file.name: file.read_bytes() for file in folder.iterdir()}
    return made


@pytest.fixture
def saved(request: pytest.FixtureRequest, originals: dict[str, dict[str, bytes]], tmp_path: Path) -> Saved:
    for name, content in originals[request.param].items():
        (tmp_path / name).write_bytes(content)
    return Saved(tmp_path)


@pytest.mark.parametrize("what", BODY)
@pytest.mark.parametrize("saved", FAMILIES, indirect=True)
def test_a_model_that_contradicts_itself_is_refused(saved: Saved, what: str) -> None:
    spoil, sentence = BODY[what]
    spoil(saved)
    assert_refused(as_base if len(what) % 2 else load_classifier, saved, sentence)


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("saved", ["bert", "potstill-bilstm"], indirect=True)
def test_a_file_that_cannot_be_read_is_named(saved: Saved, what: str) -> None:
    spoil, sentence = FILES[what]
    spoil(saved)
    assert_refused(as_base if len(what) % 2 else load_classifier, saved, sentence)


@pytest.mark.parametrize("what", LAYERED)
@pytest.mark.parametrize("saved", LAYERS, indirect=True)
def test_layers_that_contradict_each_other_are_refused(saved: Saved, what: str) -> None:
    spoil, sentence = LAYERED[what]
    spoil(saved)
    assert_refused(as_base if len(what) % 2 else load_classifier, saved, sentence)


@pytest.mark.parametrize("what", LABELS)
@pytest.mark.parametrize("saved", FAMILIES, indirect=True)
def test_labels_that_contradict_the_head_are_refused(saved: Saved, what: str) -> None:
    spoil, sentence = LABELS[what]
    spoil(saved)
    assert_refused(load_classifier, saved, sentence)


@pytest.mark.parametrize("saved", FAMILIES, indirect=True)
def test_only_a_head_may_be_missing_and_only_in_a_base(saved: Saved) -> None:
    prefix = load_classifier(str(saved.folder)).model.base_model_prefix
    saved.weights(lambda weights: {name: weights[name] for name in weights if name.startswith(f"{prefix}.")})
    assert_refused(load_classifier, saved, "no trained classification head")
    whole = as_base(str(saved.folder)).model.base_model.state_dict()
    saved.rename("", old=f"{prefix}.")  # as the body alone is saved
    again = as_base(str(saved.folder)).model.base_model.state_dict()
    assert all(torch.equal(again[name], whole[name]) for name in whole if "pooler" not in name)
    assert describe_model(str(saved.folder)).label_names == ("no", "yes", "maybe")


@pytest.mark.parametrize("saved", BEHIND_PADDING, indirect=True)
def test_positions_are_counted_from_one_padding_id(saved: Saved) -> None:
    saved.config(pad_token_id=5)
    assert_refused(describe_model, saved, "which is 5 in its config.json and 0 in its tokenizer")


def test_segments_that_have_no_row_are_refused(tmp_path: Path) -> None:
    encoder = make_encoder("roberta", type_vocab_size=1)
    encoder.save(tmp_path)
    assert_refused(load_classifier, Saved(tmp_path), "its table of segments has 1 row")
    file = tmp_path / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_input_names": ["input_ids", "attention_mask"]}))
    assert not load_classifier(str(tmp_path)).tokenizer.has_types


def test_positions_that_leave_none_for_a_text_are_refused(tmp_path: Path) -> None:
    make_encoder("mpnet").save(tmp_path)
    saved = Saved(tmp_path)
    saved.config(max_position_embeddings=2)
    assert_refused(draft_encoder, saved, "of which none is left for a text")


def test_a_config_that_no_model_can_be_made_of_is_told_where_no_weight_is_read(tmp_path: Path) -> None:
    make_encoder("bert").save(tmp_path)
    saved = Saved(tmp_path)
    saved.config(num_attention_heads=5)
    assert_refused(draft_encoder, saved, "no model can be made of the config.json")
