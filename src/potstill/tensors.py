"""Axis names, shape types, and the records that travel: `TokenBlock`, `Batch` and `EncoderOutputs`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Num
from numpy.typing import NDArray
from torch import Tensor

TokenIds: TypeAlias = Int[Tensor, "batch tokens"]
TokenMask: TypeAlias = Bool[Tensor, "batch tokens"]
"""True = a real token, False = padding."""
Labels: TypeAlias = Num[Tensor, "rows ..."]
"""Class indices (int64) or scores (float32), [rows]; of several labels 1.0 for those there are, [rows, labels]."""
Logits: TypeAlias = Float[Tensor, "rows labels"]
HiddenStates: TypeAlias = Float[Tensor, "batch tokens hidden"]
HeadStates: TypeAlias = Float[Tensor, "batch heads tokens head_size"]
"""Queries, keys or values of one layer, split into heads."""
Loss: TypeAlias = Float[Tensor, ""]


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to a device while host and device go on with their work.

    Args:
        tensor: On any device.
        device: Where it is wanted.

    Returns:
        The copy, or the tensor itself where it is there already.
    """
    is_fetched = device.type == "cuda" and tensor.device.type == "cpu"  # from memory that is not pinned, CUDA waits
    return (tensor.pin_memory() if is_fetched else tensor).to(device, non_blocking=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordTokens:
    """Which token stands for each word, where a row of logits is about a word.

    Attributes:
        places: Position in its example of the first token of each word.
        offsets: Example i has the words `offsets[i]:offsets[i + 1]`; int64, shape [examples + 1].
        texts: The text of each example: a long one is read in several, one behind the other, each of its words in one.
    """

    places: NDArray[np.int64]
    offsets: NDArray[np.int64]
    texts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBlock:
    """Token ids of many examples, one after another without padding.

    Attributes:
        ids: All token ids, int32, shape [sum of lengths].
        type_ids: Segment ids, uint8, same shape; None where the tokenizer has no segments.
        offsets: Example i is `ids[offsets[i]:offsets[i + 1]]`; int64, shape [examples + 1].
        padding_id: The id that fills padding.
        num_cut: Texts that were longer.
        words: Which tokens are read; None where an example is one row.
    """

    ids: NDArray[np.int32]
    type_ids: NDArray[np.uint8] | None
    offsets: NDArray[np.int64]
    padding_id: int
    num_cut: int = 0
    words: WordTokens | None = None

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example, special tokens included."""
        return np.diff(self.offsets)

    @property
    def row_offsets(self) -> NDArray[np.int64]:
        """Example i has the rows of logits `[i]:[i + 1]`."""
        return np.arange(len(self) + 1, dtype=np.int64) if self.words is None else self.words.offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRows:
    """The rows of a batch, where they are about words.

    Attributes:
        examples: The example of each row, by its place in the batch.
        tokens: Which token of it is read.
        row_ids: Place of each row among those of its split.
    """

    examples: Int[Tensor, " rows"]
    tokens: Int[Tensor, " rows"]
    row_ids: Int[Tensor, " rows"]

    def map(self, change: Callable[[Tensor], Tensor]) -> "WordRows":
        """Change every tensor."""
        return WordRows(examples=change(self.examples), tokens=change(self.tokens), row_ids=change(self.row_ids))

    def find(self, places: Int[Tensor, " chosen"]) -> Int[Tensor, " chosen_rows"]:
        """Find the rows of some examples of the batch, on the CPU."""
        found = [(self.examples == place).nonzero()[:, 0] for place in places]
        return torch.cat([torch.zeros(0, dtype=torch.int64), *found])


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tokenised examples, padded to the longest of them.

    Attributes:
        input_ids: Token ids; padding holds the tokenizer's padding id.
        token_mask: True where a token is real.
        token_type_ids: Segment ids, or None where the tokenizer has none.
        labels: Gold labels, or None where there are none: class indices or scores, [rows]; where a row may have
            several labels, 1 for those that it has and else 0, [rows, labels]. A text is one row, or several.
        example_ids: Position of each example in its split, the key that ties stored outputs to it.
        label_mask: True where an example has a gold label, what `labels` says of the others is no label; None where all
            have one, or none has.
        answer_mask: True where the teacher's answer is known; None where all are.
        target_ids: For masked language modelling: the token to predict where one was masked, -100 elsewhere; None
            where nothing was masked.
        shared: By the number of a teacher with another tokenizer: True where it has tokens under a real one.
        words: The rows of the batch, where they are about words; None where an example is one row.
        host: The batch on the CPU of which this one is a copy on another device; None for one that has no such origin.
    """

    input_ids: Int[Tensor, "batch tokens"]
    token_mask: Bool[Tensor, "batch tokens"]
    token_type_ids: Int[Tensor, "batch tokens"] | None
    labels: Labels | None
    example_ids: Int[Tensor, " batch"]
    label_mask: Bool[Tensor, " batch"] | None = None
    answer_mask: Bool[Tensor, " batch"] | None = None
    target_ids: Int[Tensor, "batch tokens"] | None = None
    shared: Mapping[int | None, Bool[Tensor, "batch tokens"]] = field(default_factory=dict)
    words: WordRows | None = None
    host: "Batch | None" = None

    def __post_init__(self) -> None:
        """Check that every field has the same examples and tokens."""
        grid = self.input_ids.shape
        rows = grid[:1]
        assert self.token_mask.shape == grid, (self.token_mask.shape, grid)
        assert self.token_type_ids is None or self.token_type_ids.shape == grid
        assert self.example_ids.shape == rows, (self.example_ids.shape, rows)
        assert self.labels is None or len(self.labels) == self.num_rows, (self.labels, rows)
        assert self.label_mask is None or self.label_mask.shape == rows, (self.label_mask, rows)
        assert self.answer_mask is None or self.answer_mask.shape == rows, (self.answer_mask, rows)
        assert self.target_ids is None or self.target_ids.shape == grid
        assert all(mask.shape == grid for mask in self.shared.values())
        assert self.host is None or self.host.input_ids.shape == grid

    def __len__(self) -> int:
        """Count the examples."""
        return self.input_ids.shape[0]

    @property
    def on_host(self) -> "Batch":
        """The batch where its numbers can be read without a wait for the device; itself where there is no such."""
        return self if self.host is None else self.host

    @property
    def num_rows(self) -> int:
        """Count the rows of logits and labels."""
        return len(self) if self.words is None else len(self.words.examples)

    def count_rows(self) -> Int[Tensor, " batch"]:
        """Count the rows of each example."""
        if self.words is None:
            return torch.ones_like(self.example_ids)
        return torch.bincount(self.words.examples, minlength=len(self))

    @property
    def row_ids(self) -> Int[Tensor, " rows"]:
        """The place of each row among those of its split."""
        return self.example_ids if self.words is None else self.words.row_ids

    def read(self, outputs: Float[Tensor, "batch *tokens labels"]) -> Float[Tensor, "rows labels"]:
        """Pick the rows of a head's outputs: those of words, of all real tokens where none are told, or all."""
        if outputs.ndim == 2:
            return outputs
        return outputs[self.token_mask] if self.words is None else outputs[self.words.examples, self.words.tokens]

    @property
    def has_padding(self) -> bool:
        """Whether any token is padding."""
        return not self.on_host.token_mask.all()

    def to(self, device: torch.device) -> "Batch":
        """Copy the batch to a device, without waiting for it."""
        copy = self.map(lambda tensor: send(tensor, device))
        return copy if device.type == "cpu" else replace(copy, host=self.on_host)

    def pin_memory(self) -> "Batch":
        """Copy the batch to memory from which a GPU can fetch it while it computes."""
        return self.map(Tensor.pin_memory)

    def find_rows(self, places: Int[Tensor, " chosen"]) -> Int[Tensor, " chosen_rows"]:
        """Find the rows of some examples, whose places are told on the CPU; the result lies on the batch's device."""
        host = self.on_host
        found = places if host.words is None else host.words.find(places)
        return send(found, self.token_mask.device)

    def take(self, places: Int[Tensor, " chosen"]) -> "Batch":
        """Pick examples by their places in the batch, which are told on the CPU."""
        chosen, rows = send(places, self.token_mask.device), self.find_rows(places)
        words = self.words
        if words is not None:
            numbers = torch.zeros(len(self), dtype=torch.int64, device=rows.device)
            numbers[chosen] = torch.arange(len(chosen), device=rows.device)
            words = words.map(lambda tensor: tensor[rows])
            words = replace(words, examples=numbers[words.examples])
        picked = replace(self, labels=None, words=None, host=None).map(lambda tensor: tensor[chosen])
        return replace(picked, labels=None if self.labels is None else self.labels[rows], words=words)

    def map(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """Change every tensor of the batch."""
        return Batch(
            input_ids=change(self.input_ids),
            token_mask=change(self.token_mask),
            token_type_ids=None if self.token_type_ids is None else change(self.token_type_ids),
            labels=None if self.labels is None else change(self.labels),
            example_ids=change(self.example_ids),
            label_mask=None if self.label_mask is None else change(self.label_mask),
            answer_mask=None if self.answer_mask is None else change(self.answer_mask),
            target_ids=None if self.target_ids is None else change(self.target_ids),
            shared={number: change(mask) for number, mask in self.shared.items()},
            words=None if self.words is None else self.words.map(change),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderShape:
    """The sizes of an encoder that objectives, layer maps and initialisation ask for.

    Attributes:
        num_layers: Transformer layers; hidden state 0 is the embedding output, `num_layers` the last.
        hidden_size: Width of the hidden states.
        feed_forward_size: Inner width of the feed-forward block.
        num_heads: Attention heads of a layer.
        vocab_size: Rows of the word embedding table.
        num_labels: Width of the logits; 1 for scores.
    """

    num_layers: int
    hidden_size: int
    feed_forward_size: int
    num_heads: int
    vocab_size: int
    num_labels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an objective asks of one encoder; what nobody asks for is not kept.

    Attributes:
        logits: Whether the output of the head is needed.
        hidden_states: Indices of hidden states: 0 = embedding output, i = output of layer i.
        queries: Layers (1-based) whose queries are needed.
        keys: Layers (1-based) whose keys are needed.
        values: Layers (1-based) whose values are needed.
        vocabulary: Whether the masked-LM head's scores of the vocabulary are needed.
    """

    logits: bool = False
    hidden_states: frozenset[int] = frozenset()
    queries: frozenset[int] = frozenset()
    keys: frozenset[int] = frozenset()
    values: frozenset[int] = frozenset()
    vocabulary: bool = False

    def __or__(self, other: "Needs") -> "Needs":
        """Join two needs."""
        return Needs(
            logits=self.logits or other.logits,
            hidden_states=self.hidden_states | other.hidden_states,
            queries=self.queries | other.queries,
            keys=self.keys | other.keys,
            values=self.values | other.values,
            vocabulary=self.vocabulary or other.vocabulary,
        )

    @property
    def attention_layers(self) -> frozenset[int]:
        """Layers of which queries, keys or values are needed."""
        return self.queries | self.keys | self.values

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that the encoder need not run."""
        return not (self.logits or self.hidden_states or self.attention_layers or self.vocabulary)

    @property
    def is_logits_only(self) -> bool:
        """Whether the logits are all that is asked for."""
        return self.logits and not (self.hidden_states or self.attention_layers or self.vocabulary)


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyOutputs:
    """Scores of the whole vocabulary at every position, not multiplied out.

        logits[b, t] = weight @ features[b, t] + bias

    A block [batch, tokens, vocab] is often larger than all else of a step together, and a loss needs few of its rows.

    Attributes:
        features: What the masked-LM head makes of the last hidden states, before its decoder.
        weight: The decoder, mostly the word embeddings themselves.
        bias: The decoder's bias.
    """

    features: Float[Tensor, "batch tokens width"]
    weight: Float[Tensor, "vocab width"]
    bias: Float[Tensor, " vocab"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOutputs:
    """What an encoder gave for a batch: exactly the needed parts, the rest is absent.

    Attributes:
        logits: Output of the head, float32.
        told: Of a teacher of which only answers are known: for which labels of each example they are; None = for all.
        hidden_states: By index: 0 = embedding output, i = output of layer i.
        queries: By layer (1-based).
        keys: By layer (1-based).
        values: By layer (1-based).
        vocabulary: Scores of the vocabulary, as features and decoder.
    """

    logits: Float[Tensor, "rows labels"] | None = None
    told: Bool[Tensor, "rows labels"] | None = None
    hidden_states: Mapping[int, Float[Tensor, "batch tokens hidden"]] = field(default_factory=dict)
    queries: Mapping[int, Float[Tensor, "batch heads tokens head_size"]] = field(default_factory=dict)
    keys: Mapping[int, Float[Tensor, "batch heads tokens head_size"]] = field(default_factory=dict)
    values: Mapping[int, Float[Tensor, "batch heads tokens head_size"]] = field(default_factory=dict)
    vocabulary: VocabularyOutputs | None = None

    def take(self, places: Int[Tensor, " chosen"], rows: Int[Tensor, " chosen_rows"] | None = None) -> "EncoderOutputs":
        """Pick examples by their places in the batch, and their rows of logits; left out: an example is one."""
        rows = places if rows is None else rows

        def pick(states: Mapping[int, Tensor]) -> dict[int, Tensor]:
            return {index: each[places] for index, each in states.items()}

        vocabulary = self.vocabulary
        return EncoderOutputs(
            logits=None if self.logits is None else self.logits[rows],
            told=None if self.told is None else self.told[rows],
            hidden_states=pick(self.hidden_states),
            queries=pick(self.queries),
            keys=pick(self.keys),
            values=pick(self.values),
            vocabulary=None if vocabulary is None else replace(vocabulary, features=vocabulary.features[places]),
        )
