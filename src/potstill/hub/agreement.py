"""What must agree when a model is opened: sizes, labels, tokenizer, weights; each contradiction is one sentence."""

import re
from collections.abc import Collection

import torch
from torch import nn
from transformers import PretrainedConfig

from potstill.answers import ANSWERS
from potstill.errors import ModelError, tell_reason
from potstill.hub.encoder import Encoder
from potstill.hub.families import count_positions, find_family
from potstill.hub.tokenizing import Tokenizer
from potstill.tensors import Batch, Needs

_LARGEST = {
    "num_hidden_layers": 1_000,
    "num_attention_heads": 10_000,
    "hidden_size": 1_000_000,
    "vocab_size": 100_000_000,
}
"""Sizes of a config, each from 1 to what no encoder comes near."""
_OF_LAYERS = ("num_hidden_layers", "num_attention_heads")
"""Those that say nothing of a model without layers."""

_OF_TEXTS = [answer for answer in ANSWERS if "problem_type" in answer.config_fields]
_OF_SCORES = {answer.config_fields["problem_type"] for answer in _OF_TEXTS if not answer.has_names}
_PROBLEMS = tuple(answer.config_fields["problem_type"] for answer in _OF_TEXTS)
"""What `problem_type` may be in a config."""

_SHOWN = 3
"""Names that a message gives as examples."""


def check_sizes(name: str, config: PretrainedConfig) -> None:
    """Refuse sizes that no model can have."""
    has_layers = find_family(config).architecture == "transformer"
    for field, largest in _LARGEST.items():
        value = getattr(config, field, None)
        is_size = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= largest
        if value is not None and not is_size and (has_layers or field not in _OF_LAYERS):
            raise ModelError(
                f"model '{name}' has {field} = {str(value)[:60]} in its config.json, and a whole number from 1 to "
                f"{largest} is allowed; mend it."
            )
    if (limit := count_positions(config)) is not None and limit < 1:
        raise ModelError(
            f"model '{name}' has max_position_embeddings = {config.max_position_embeddings} in its config.json, of "
            f"which none is left for a text of a model of type '{config.model_type}'; mend it."
        )


def check_labels(name: str, config: PretrainedConfig) -> tuple[str, ...]:
    """Refuse names that are not one for each logit, and a kind of answer that the logits cannot give."""
    problem, count = getattr(config, "problem_type", None), config.num_labels
    if problem is not None and problem not in _PROBLEMS:
        raise ModelError(
            f"model '{name}' has problem_type = {problem!r:.60} in its config.json, which must be one of "
            f"{', '.join(_PROBLEMS)} or left out; mend it."
        )
    if problem is not None and (problem in _OF_SCORES) != (count == 1):
        outputs = "1 output" if count == 1 else f"{count} labels"
        raise ModelError(
            f"model '{name}' has {outputs} by id2label and problem_type = '{problem}' in its config.json: a score is "
            "one output, and classes are two or more; mend the one that is wrong."
        )
    if count == 1:
        return ()
    numbers = sorted(config.id2label)
    if numbers != list(range(count)):
        raise ModelError(
            f"model '{name}' numbers its {len(numbers)} labels {', '.join(map(str, numbers))[:60]}, and "
            "logits are counted from 0 without a gap; mend id2label in its config.json."
        )
    names = [str(config.id2label[number]).strip() for number in numbers]
    for number, label in enumerate(names):
        if not label or not isinstance(config.id2label[number], str | int | float) or label in names[:number]:
            what = "twice" if label in names[:number] else "which is no name"
            raise ModelError(
                f"model '{name}' has the label {config.id2label[number]!r:.60}, {what}; give each of its {count} "
                "labels a name of its own in id2label of its config.json."
            )
    return tuple(names)


def check_tokenizer(name: str, config: PretrainedConfig, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that writes ids for which the model has no row, or pads otherwise than the model counts."""
    rows = getattr(config, "vocab_size", None)
    if isinstance(rows, int) and tokenizer.vocab_size > rows:
        raise ModelError(
            f"the tokenizer of model '{name}' has {tokenizer.vocab_size} ids and its table of words {rows} rows; call "
            "resize_token_embeddings on the model, or put the tokenizer beside it that it was trained with."
        )
    padding = getattr(config, "pad_token_id", None)
    if isinstance(padding, int) and isinstance(rows, int) and not 0 <= padding < rows:
        raise ModelError(
            f"model '{name}' has pad_token_id = {padding} in its config.json, and its table of words has the rows 0 to "
            f"{rows - 1}; set it to {tokenizer.padding_id}, as its tokenizer pads."
        )
    if find_family(config).first_position == "behind padding" and (padding or 0) != tokenizer.padding_id:
        raise ModelError(
            f"model '{name}' counts positions from its padding id, which is {padding} in its config.json and "
            f"{tokenizer.padding_id} in its tokenizer; mend the one that is wrong."
        )
    segments = getattr(config, "type_vocab_size", None)
    if isinstance(segments, int) and 0 < segments < tokenizer.num_segments:
        raise ModelError(
            f"the tokenizer of model '{name}' numbers the two texts of a pair 0 to {tokenizer.num_segments - 1}, and "
            f'its table of segments has {segments} row (type_vocab_size); set model_input_names to ["input_ids", '
            '"attention_mask"] in its tokenizer_config.json, or put the tokenizer beside it that it was trained with.'
        )


def check_body(name: str, model: nn.Module, missing: Collection[str], unexpected: Collection[str]) -> None:
    """Refuse a model of which anything but head and pooler is not in its files."""
    body = [weight for weight in missing if not is_of_head(model, weight)]
    own = {_pattern(weight) for weight, _ in model.named_parameters()}
    surplus = sorted(weight for weight in unexpected if _pattern(weight) in own)
    if body:
        total = sum(not is_of_head(model, weight) for weight, _ in model.named_parameters())
        found = f"which hold {_some(unexpected)} instead" if unexpected else "which hold nothing in their place"
        raise ModelError(
            f"{len(body)} of the {total} weights of the encoder of model '{name}' are not in its files "
            f"({_some(body)}), {found}; save the bare model with save_pretrained, or mend the sizes in its config.json."
        )
    if surplus:
        raise ModelError(
            f"the files of model '{name}' hold more layers than its config.json says ({_some(surplus)}); mend the "
            "config."
        )


def check_values(name: str, model: nn.Module) -> None:
    """Refuse weights that are not finite."""
    for weight, values in model.named_parameters():
        if not torch.isfinite(values).all():
            count = int((~torch.isfinite(values)).sum())
            raise ModelError(
                f"the weights of model '{name}' are damaged: {count:,} of {values.numel():,} numbers of {weight} are "
                "not finite; take an earlier copy of it, as training it has failed."
            )


@torch.no_grad()
def check_runs(name: str, encoder: Encoder) -> None:
    """Refuse a model that cannot answer two short texts of different lengths."""
    texts = ["a", "a a a"]
    tokens = encoder.tokenizer.encode(texts, texts if encoder.needs_pairs else None, max_length=8)
    width = int(tokens.lengths.max())
    ids = torch.full((len(texts), width), encoder.tokenizer.padding_id)
    for row, (start, stop) in enumerate(zip(tokens.offsets, tokens.offsets[1:], strict=False)):
        ids[row, : stop - start] = torch.from_numpy(tokens.ids[start:stop].astype("int64"))
    batch = Batch(
        input_ids=ids,
        token_mask=torch.arange(width) < torch.from_numpy(tokens.lengths)[:, None],
        token_type_ids=None,
        labels=None,
        example_ids=torch.arange(len(texts)),
    )
    needs = Needs(hidden_states=frozenset({0})) if encoder.has_vocabulary_head else Needs(logits=True)
    try:
        encoder(batch, needs)
    except Exception as error:  # as odd as the config is, so odd is what its model raises
        raise ModelError(
            f"model '{name}' cannot answer two short texts ({tell_reason(error)}); mend its config.json."
        ) from None


def is_of_head(model: nn.Module, weight: str) -> bool:
    """Tell whether a weight belongs to the head or the pooler, which may be made anew."""
    prefix = f"{model.base_model_prefix}."
    return not weight.startswith(prefix) or "pooler" in weight.split(".")


def _pattern(weight: str) -> str:
    """Give a weight's name without the number of its layer."""
    return re.sub(r"\.\d+\.", ".#.", weight)


def _some(names: Collection[str]) -> str:
    shown = ", ".join(name[:80] for name in sorted(names)[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown
