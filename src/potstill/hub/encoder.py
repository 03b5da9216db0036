"""An encoder with its tokenizer and its label names: the only form in which models travel inside Potstill."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from potstill.errors import ModelError
from potstill.hub.capture import ATTENTION_NAME, AttentionRecorder
from potstill.hub.depth import first_layers
from potstill.hub.dropout import quicken_dropout
from potstill.hub.families import count_positions, find_family, find_first_position
from potstill.hub.family import Family, HeadNames
from potstill.hub.heads import Head, find_head
from potstill.hub.quiet import quiet
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.vocabulary import find_vocabulary_head
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Needs, VocabularyOutputs


class Encoder(nn.Module):
    """A sequence classifier, a regressor or a masked language model that returns exactly what is asked for.

    Attributes:
        model: The transformers model.
        tokenizer: Its tokenizer.
        label_names: Names of the labels in the order of the logits; empty for scores and for a masked LM.
        takes_types: Whether the model reads segment ids.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: Tokenizer, *, label_names: Sequence[str]) -> None:
        """Join a model, its tokenizer and the names of its labels."""
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.label_names = tuple(label_names)
        quicken_dropout(model)
        self.takes_types = "token_type_ids" in inspect.signature(model.forward).parameters

    @property
    def family(self) -> Family:
        """What is known of its model type."""
        return find_family(self.model.config)

    @property
    def shape(self) -> EncoderShape:
        """The sizes of the encoder."""
        config = self.model.config
        return EncoderShape(
            num_layers=_size(config, "num_hidden_layers"),
            hidden_size=_size(config, "hidden_size"),
            feed_forward_size=_size(config, self.family.inner_size_field),
            num_heads=_size(config, "num_attention_heads"),
            vocab_size=_size(config, "vocab_size"),
            num_labels=int(config.num_labels),
        )

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return torch.device(self.model.device)

    @property
    def max_tokens(self) -> int | None:
        """Tokens of the longest text that it can read; None where its positions have no table."""
        return count_positions(self.model.config)

    @property
    def first_position(self) -> int:
        """The row of its table of positions for the first token of a text; 0 where there is no table."""
        return find_first_position(self.model.config) or 0

    @property
    def word_embeddings(self) -> nn.Embedding:
        """The table of its tokens' vectors."""
        table = self.model.get_input_embeddings()
        assert isinstance(table, nn.Embedding), type(table)
        return table

    @property
    def has_layers(self) -> bool:
        """Whether it has transformer layers, whose states and attention can be had."""
        return self.family.architecture == "transformer"

    @property
    def head(self) -> Head:
        """What it says something about."""
        return find_head(type(self.model).__name__)

    @property
    def head_names(self) -> HeadNames | None:
        """Where its classification head lies; None where that is not known."""
        names = self.family.head
        return HeadNames(last="classifier") if names is not None and self.head == "word" else names

    @property
    def config_words(self) -> dict[str, str]:
        """The fields of its config that are words, from which its kind of answer is told."""
        return read_words(self.model.config, head=self.head)

    @property
    def needs_pairs(self) -> bool:
        """Whether it compares two texts and makes no sense of one."""
        return bool(getattr(self.model.config, "is_pair", False))

    @property
    def can_capture(self) -> bool:
        """Whether queries, keys and values of every layer can be had."""
        return bool(self.model.config._attn_implementation == ATTENTION_NAME)

    @property
    def has_vocabulary_head(self) -> bool:
        """Whether it predicts masked tokens instead of labels."""
        return find_vocabulary_head(self.model) is not None

    def forward(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Run the encoder on a batch, as deep as the deepest need.

        Args:
            batch: Tokenised examples on the encoder's device.
            needs: What to return.

        Returns:
            The needed outputs; logits in float32.

        Raises:
            ModelError: Queries, keys or values are asked of an encoder whose attention cannot be captured, or the
                vocabulary of one that has no masked-LM head.
        """
        recorder = AttentionRecorder(needs.attention_layers) if needs.attention_layers else None
        if recorder is not None:
            self.check_capture()
        run = self.model if needs.logits else self.model.base_model  # the head is run only where it is asked for
        with first_layers(self.model, self._depth(needs)):
            outputs = run(**self._inputs(batch, needs, recorder), return_dict=True)
        states: Sequence[Tensor] = outputs.hidden_states if needs.hidden_states else ()
        return EncoderOutputs(
            logits=batch.read(outputs.logits).float() if needs.logits else None,
            hidden_states={index: states[index] for index in needs.hidden_states},
            queries={layer: recorder.queries[layer] for layer in needs.queries} if recorder else {},
            keys={layer: recorder.keys[layer] for layer in needs.keys} if recorder else {},
            values={layer: recorder.values[layer] for layer in needs.values} if recorder else {},
            vocabulary=self._vocabulary(outputs[0]) if needs.vocabulary else None,
        )

    def attention_mask(self, batch: Batch) -> Tensor | None:
        """Say which tokens are real, in a form that the model takes without asking the device what it holds.

        Args:
            batch: Tokenised examples.

        Returns:
            What the model takes under this name; None where it takes that for all of them.
        """
        adds = self.family.mask == "added"
        if (self.can_capture or adds) and not batch.has_padding:
            return None
        if not adds:
            return batch.token_mask
        padding, dtype = ~batch.token_mask[:, None, None, :], self.model.dtype
        return torch.zeros_like(padding, dtype=dtype).masked_fill(padding, torch.finfo(dtype).min)

    def check_capture(self) -> None:
        """Refuse an encoder whose queries, keys and values cannot be had.

        Raises:
            ModelError: The encoder does not use transformers' attention interface.
        """
        if not self.can_capture:
            raise ModelError(
                f"the attention of {type(self.model).__name__} cannot be captured, because it does not use "
                "transformers' attention interface; use objectives that need no queries, keys or values, such as "
                "hidden_states."
            )

    def check_vocabulary(self) -> None:
        """Refuse an encoder that cannot predict masked tokens.

        Raises:
            ModelError: It has no masked-LM head.
        """
        if not self.has_vocabulary_head:
            raise ModelError(
                f"{type(self.model).__name__} has no masked-LM head, so it cannot predict masked tokens; "
                "'potstill pretrain' makes a model that has one."
            )

    def save(self, folder: Path, *, has_head: bool = True) -> None:
        """Write a `save_pretrained` folder: config, safetensors and tokenizer.

        Args:
            folder: An existing, empty folder.
            has_head: Whether the head is written too; one that was not trained should not be taken for one that was.
        """
        with quiet():
            (self.model if has_head else self.model.base_model).save_pretrained(folder)
            self.tokenizer.wrapped.save_pretrained(folder)

    def _depth(self, needs: Needs) -> int:
        """Say how many layers must be run."""
        if needs.logits or needs.vocabulary:
            return self.shape.num_layers
        return max((1, *needs.hidden_states, *needs.attention_layers))

    def _vocabulary(self, states: Tensor) -> VocabularyOutputs:
        self.check_vocabulary()
        head = find_vocabulary_head(self.model)
        assert head is not None
        features = head.transform(states)
        if torch.is_autocast_enabled(features.device.type):  # as the decoder would be run here
            features = features.to(torch.get_autocast_dtype(features.device.type))
        return VocabularyOutputs(features=features, weight=head.decoder.weight, bias=head.bias)

    def _inputs(self, batch: Batch, needs: Needs, recorder: AttentionRecorder | None) -> dict[str, Any]:
        inputs: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": self.attention_mask(batch)}
        if batch.token_type_ids is not None and self.takes_types:
            inputs["token_type_ids"] = batch.token_type_ids
        if (host := batch.host) is not None and self.family.architecture == "bilstm":
            inputs["num_words"] = self.model.count_words(host.input_ids, host.token_mask, host.token_type_ids)
        if needs.hidden_states:
            inputs["output_hidden_states"] = True
        if recorder is not None:
            inputs["attention_recorder"] = recorder
        return inputs


def read_words(config: PretrainedConfig, *, head: Head) -> dict[str, str]:
    """Give the fields of a config that are words, and what its model answers for."""
    words = {name: value for name, value in config.to_dict().items() if isinstance(value, str)}
    return {**words, "answers_per": head}


def _size(config: PretrainedConfig, name: str) -> int:
    if isinstance(value := getattr(config, name, None), int):
        return value
    raise ModelError(
        f"the model's config ({type(config).__name__}) has no field {name}; Potstill works with encoders of the BERT "
        "family."
    )
