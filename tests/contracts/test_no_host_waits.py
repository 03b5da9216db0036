"""No training step waits for the device: the host asks it for no number, and what it sends there it does not wait for.

Tensors on torch's meta device have shapes but no numbers. Whatever would make the host wait for a GPU fails on them:
a number that is read, a choice by a mask, a test of what a tensor holds. Copies are watched in addition.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from objective_samples import SAMPLES, Sample
from random_outputs import encoder_shape, everything, random_outputs
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import (
    AlbertConfig,
    BertConfig,
    BertTokenizerFast,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from potstill.answers import LabelRows
from potstill.architectures import BiLstmConfig
from potstill.data import BatchConfig, Batches, TokenisedSplit
from potstill.hub import Encoder, Head, Tokenizer, add_vocabulary_head, build_encoder
from potstill.objectives import count_units
from potstill.teachers import (
    EnsembleTeacher,
    JoinedTeacher,
    OnlineTeacher,
    OwnTokens,
    StateStore,
    StoredStates,
    StoredTeacher,
    Teacher,
    TokenAlignment,
    example_keys,
)
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Needs, TokenBlock, WordTokens
from potstill.training import Distiller, Masker
from potstill.training.clipping import clip_each_tensor
from potstill.training.masking import MaskingConfig

META = torch.device("meta")
SPECIAL = frozenset(range(5))
LENGTHS = {"padded": (6, 4, 3), "full": (5, 5), "long": (300, 20)}
"""Texts of one batch; losses on attention take other paths where they are long."""
NUM_LAYERS, NUM_LABELS = 3, 3

REFERENCES = [
    Sample(sample.values | {"reduction": "reference"}, teacher=sample.teacher, note="-reference")
    for sample in SAMPLES
    if not sample.note and "reduction" in type(sample.config).model_fields
]
CASES = [(sample, "padded") for sample in [*SAMPLES, *REFERENCES]]
CASES += [(sample, "long") for sample in SAMPLES if "attention" in str(sample) or "relations" in str(sample)]


class Copies(TorchFunctionMode):
    """Fails where a copy from host to device is waited for, which one from unpinned memory always is."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        result = func(*args, **options)
        if isinstance(result, Tensor) and result.is_meta:
            assert func not in (torch.tensor, torch.as_tensor, Tensor.new_tensor), f"{func.__name__} copies and waits"
            is_sent = func in (Tensor.to, Tensor.type_as) and not args[0].is_meta
            assert not is_sent or options.get("non_blocking"), "a copy to the device is waited for"
        return result


@pytest.fixture(autouse=True)
def _no_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch knows no autocast for its meta device."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *_: False)


def make_batches(lengths: Sequence[int], *, labels: Any = None) -> Batches:
    """Give texts between [CLS] (2) and [SEP] (3), as one batch in any order."""
    random = np.random.default_rng(0)
    texts = [[2, *random.integers(5, 50, length - 2), 3] for length in lengths]
    tokens = TokenBlock(
        ids=np.concatenate(texts).astype(np.int32),
        type_ids=np.concatenate([np.arange(length) > length // 2 for length in lengths]).astype(np.uint8),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        padding_id=0,
    )
    rows = None if labels is None else LabelRows.one_each(labels)
    return Batches(TokenisedSplit(tokens=tokens, labels=rows), BatchConfig(), seed=0)


def make_batch(length: str, *, num_labels: int = NUM_LABELS) -> Batch:
    """Collate a batch and hide tokens, as a stage does before it sends the batch to the device."""
    lengths = LENGTHS[length]
    labels = np.zeros(len(lengths), dtype=np.float32 if num_labels == 1 else np.int64)
    masker = Masker(MaskingConfig(), mask_id=4, special_ids=SPECIAL, token_counts=np.ones(50, dtype=np.int64))
    return masker.mask(make_batches(lengths, labels=labels).collate(np.arange(len(lengths))))


def make_encoder(config: PreTrainedConfig, *, num_labels: int = NUM_LABELS, head: Head = "text") -> Encoder:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
    tokenizer = Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}))
    names = [f"label {n}" for n in range(num_labels)][num_labels == 1 :]
    return build_encoder(config, tokenizer, label_names=names, head=head)


def make_bert(shape: EncoderShape, *, reads_vocabulary: bool = False) -> Encoder:
    config = BertConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.num_heads,
        intermediate_size=shape.feed_forward_size,
    )
    with META:
        encoder = make_encoder(config, num_labels=shape.num_labels)
        return add_vocabulary_head(encoder) if reads_vocabulary else encoder


@pytest.mark.parametrize(("sample", "length"), CASES, ids=str)
def test_no_objective_waits(sample: Sample, length: str) -> None:
    config = sample.config
    student, guide = (
        make_bert(shape, reads_vocabulary=config.reads_vocabulary) for shape in (sample.student, sample.teacher)
    )
    distiller = Distiller(student, [guide.shape], [config], path="here").to(META).train()
    teacher, collated = OnlineTeacher(guide), make_batch(length, num_labels=sample.student.num_labels)
    some = torch.arange(len(collated)) > 0
    collated = replace(collated, label_mask=some, answer_mask=~some | some.roll(1))
    with Copies():
        batch = collated.to(META)
        targets = {number: teacher.outputs(batch, needs) for number, needs in distiller.teacher_needs.items()}
        loss, _ = distiller(batch, targets, distiller.count_units(batch))
        loss.backward()
        clip_each_tensor(distiller.parameters(), 1.0)
        torch.nn.utils.clip_grad_norm_(distiller.parameters(), 1.0)
    assert any(parameter.grad is not None for parameter in student.parameters())


def test_no_loss_on_words_waits() -> None:
    kinds = ("hard_labels", "soft_labels", "hidden_states")
    configs = [next(sample.config for sample in SAMPLES if sample.values["kind"] == kind) for kind in kinds]
    whole = make_batches(LENGTHS["padded"]).tokenised
    words = WordTokens(places=np.array([1, 3, 1, 1, 1]), offsets=np.array([0, 2, 4, 5]), texts=np.arange(3))
    gold = LabelRows(values=np.zeros(3, dtype=np.int64), offsets=np.array([0, 2, 2, 3]))
    tokenised = replace(whole, tokens=replace(whole.tokens, words=words), labels=gold)
    with META:
        student = make_encoder(BertConfig(**SIZES), head="word")
    distiller = Distiller(student, [student.shape], configs, path="here").to(META).train()
    teacher = OnlineTeacher(copy.deepcopy(student))
    collated = Batches(tokenised, BatchConfig(), seed=0).collate(np.array([2, 1, 0]))
    with Copies():
        batch = collated.to(META)
        targets = {number: teacher.outputs(batch, needs) for number, needs in distiller.teacher_needs.items()}
        loss, _ = distiller(batch, targets, distiller.count_units(batch))
        loss.backward()
    assert targets[None].logits.shape == (5, NUM_LABELS)
    assert [count_units(part, "rows").item() for part in (collated, collated.take(torch.tensor([0, 2])))] == [5, 3]


SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 12,
    "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
FAMILIES: dict[str, PreTrainedConfig] = {
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES, pad_token_id=0),
    "xlm-roberta": XLMRobertaConfig(**SIZES, pad_token_id=0),
    "camembert": CamembertConfig(**SIZES, pad_token_id=0),
    "electra": ElectraConfig(**SIZES, embedding_size=12),
    "distilbert": DistilBertConfig(vocab_size=50, dim=12, n_layers=NUM_LAYERS, n_heads=2, hidden_dim=24),
    "albert": AlbertConfig(**SIZES, embedding_size=12),
    "modernbert": ModernBertConfig(
        **SIZES, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3, pad_token_id=0, local_attention=8
    ),
    "mpnet": MPNetConfig(**SIZES),
    "deberta-v2": DebertaV2Config(**SIZES),
    "deberta-v3": DebertaV2Config(
        **SIZES, relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=8, share_att_key=True
    ),
    "bilstm": BiLstmConfig(vocab_size=50, embedding_size=6, lstm_size=5, head_size=7, pad_token_id=0),
    "bilstm-pair": BiLstmConfig(
        vocab_size=50, embedding_size=6, lstm_size=5, head_size=7, pad_token_id=0, is_pair=True
    ),
}


BUCKETS = pytest.mark.xfail(reason="transformers itself sends a number for its buckets of positions", strict=True)


@pytest.mark.parametrize("length", ["padded", "full"])
@pytest.mark.parametrize("family", [pytest.param(name, marks=[BUCKETS] * (name == "deberta-v3")) for name in FAMILIES])
def test_no_family_waits(family: str, length: str) -> None:
    with META:
        encoder = make_encoder(FAMILIES[family]).train()
    layers = frozenset(range(NUM_LAYERS + 1)) if encoder.has_layers else frozenset[int]()
    attention = layers - {0} if encoder.can_capture else frozenset[int]()
    collated = make_batch(length)
    with Copies():
        outputs = encoder(collated.to(META), Needs(logits=True, hidden_states=layers, queries=attention))
        states = [*outputs.hidden_states.values(), *outputs.queries.values()]
        torch.stack([outputs.logits.sum(), *(state.sum() for state in states)]).sum().backward()
    assert all(parameter.grad is not None for name, parameter in encoder.named_parameters() if "classifier" in name)


SHAPE = encoder_shape(layers=NUM_LAYERS, labels=NUM_LABELS)
STATES = Needs(hidden_states=frozenset({0, 2}), queries=frozenset({1}), keys=frozenset({1}), values=frozenset({2}))


class Oracle:
    """Gives random states on the host, to be stored."""

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        return random_outputs(SHAPE, batch.token_mask, seed=0, needs=everything(SHAPE))


def stored_states(folder: Path, batches: Batches) -> Teacher:
    store, keys = StateStore(folder, STATES, "bf16"), example_keys(batches.tokenised.tokens)
    sum(store.fill(Oracle(), STATES, batches.ordered(), keys))
    return StoredStates(store, keys, num_heads=SHAPE.num_heads)


def test_a_batch_on_a_device_knows_what_it_was_on_the_host() -> None:
    padded, full = make_batch("padded"), make_batch("full")
    assert padded.to(META).on_host is padded
    assert padded.to(META).to(META).on_host is padded
    assert padded.to(torch.device("cpu")).host is None
    assert [batch.to(META).has_padding for batch in (padded, full)] == [True, False]
    with pytest.raises(AssertionError):
        replace(padded, host=full)


def test_no_teacher_that_reads_its_own_tokens_waits() -> None:
    theirs, ours = make_batches((7, 3, 5)), make_batches(LENGTHS["padded"])
    offsets = ours.tokenised.tokens.offsets
    alignment = TokenAlignment(
        begins=np.concatenate([[0], 2 * np.arange(1, offsets[-1] + 1)]),
        places=np.tile(np.array([0, 2], dtype=np.int32), offsets[-1]),
        offsets=offsets,
    )
    teacher = OnlineTeacher(make_bert(SHAPE), OwnTokens(batches=theirs, alignment=alignment))
    config = next(sample.config for sample in SAMPLES if sample.values["kind"] == "hidden_states")
    distiller = Distiller(make_bert(SHAPE), [SHAPE], [config], path="here").to(META).train()
    collated = ours.with_shared({None: alignment.is_shared}).collate(np.array([2, 0]))
    with Copies():
        batch = collated.to(META)
        targets = {number: teacher.outputs(batch, needs) for number, needs in distiller.teacher_needs.items()}
        loss, _ = distiller(batch, targets, distiller.count_units(batch))
        loss.backward()
    assert all(states.shape == (2, 6, SHAPE.hidden_size) for states in targets[None].hidden_states.values())


@pytest.mark.parametrize("combine", ["logits", "probabilities"])
def test_no_ensemble_waits(combine: Any) -> None:
    members = [OnlineTeacher(make_bert(SHAPE)) for _ in range(2)]
    teacher = EnsembleTeacher(members, combine=combine, weights=[3.0, 1.0])
    collated = make_batch("padded")
    with Copies():
        outputs = teacher.outputs(collated.to(META), Needs(logits=True))
    assert outputs.logits is not None
    assert outputs.logits.is_meta


def test_no_look_up_of_what_was_stored_waits(tmp_path: Path) -> None:
    batches = make_batches(LENGTHS["padded"])
    logits = StoredTeacher(torch.zeros(3, NUM_LABELS, device=META))
    teacher = JoinedTeacher(logits, stored_states(tmp_path, batches))
    collated = batches.collate(np.array([2, 0]))
    with Copies():
        outputs = teacher.outputs(collated.to(META), STATES | Needs(logits=True))
    states = [outputs.logits, *outputs.hidden_states.values(), *outputs.queries.values(), *outputs.values.values()]
    assert all(state is not None and state.is_meta and len(state) == 2 for state in states)
