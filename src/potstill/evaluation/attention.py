"""Attention maps of a few short texts, for people to look at."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from potstill.data import BatchConfig, Batches, Split, tokenise
from potstill.engines import evaluating
from potstill.hub import Encoder
from potstill.objectives import log_probs, token_scores
from potstill.results import AttentionExample, AttentionMaps, ModelAttention
from potstill.tensors import Needs

MAX_TOKENS = 24
MAX_EXAMPLES = 6
GOOD_LENGTH = 80
"""Characters of a text that is long enough to be interesting and short enough to be seen at once."""
MAX_CHARACTERS = 700_000
"""Of the encoded probabilities of all examples together, which a report carries with it."""


def draw_attention(encoders: Mapping[str, Encoder], split: Split, example_ids: Sequence[int]) -> AttentionMaps | None:
    """Compute the attention probabilities of every layer and head over a few texts.

    Args:
        encoders: Models by role, each on its device.
        split: The examples.
        example_ids: Examples to choose from. Up to 6 are taken whose length is nearest to 80 characters, fewer where
            the models are large; they are cut to 24 tokens.

    Returns:
        The maps, or None where there is no example, or no model's queries and keys can be had.
    """
    able = {role: encoder for role, encoder in encoders.items() if encoder.can_capture}
    nearest = sorted(example_ids, key=lambda index: (abs(_num_characters(split, index) - GOOD_LENGTH), index))
    examples: list[AttentionExample] = []
    for index in nearest[:MAX_EXAMPLES] if able else ():
        examples.append(_look(able, split, index))
        num_characters = [sum(len(each.probabilities) for each in example.models.values()) for example in examples]
        if sum(num_characters) + num_characters[-1] > MAX_CHARACTERS:
            break
    return AttentionMaps(examples=tuple(examples)) if examples else None


def _num_characters(split: Split, index: int) -> int:
    return len(split.texts[index]) + (0 if split.pairs is None else len(split.pairs[index]))


def _look(encoders: Mapping[str, Encoder], split: Split, index: int) -> AttentionExample:
    one = split.take(np.array([index], dtype=np.int64))
    return AttentionExample(
        id=index,
        text=one.texts[0],
        pair=None if one.pairs is None else one.pairs[0],
        models={role: _run(encoder, one) for role, encoder in encoders.items()},
    )


def _run(encoder: Encoder, one: Split) -> ModelAttention:
    """Give every map of one model: softmax(queries keys^T / sqrt(head_size)) of each layer."""
    longest = min(MAX_TOKENS, encoder.max_tokens or MAX_TOKENS)
    batches = Batches(tokenise(one, encoder.tokenizer, max_length=longest), BatchConfig(), seed=0)
    batch = batches.collate(np.zeros(1, dtype=np.int64)).to(encoder.device)
    layers = frozenset(range(1, encoder.shape.num_layers + 1))
    with evaluating(encoder), torch.inference_mode():
        outputs = encoder(batch, Needs(queries=layers, keys=layers))
    maps = torch.stack(
        [
            log_probs(token_scores(outputs.queries[layer], outputs.keys[layer]), batch.token_mask)[0].exp()
            for layer in sorted(layers)
        ]
    )
    scaled = (maps.float() * 255).round().to(torch.uint8).cpu().numpy()
    return ModelAttention(
        tokens=encoder.tokenizer.spell(batch.input_ids[0].tolist()),
        num_layers=scaled.shape[0],
        num_heads=scaled.shape[1],
        probabilities=base64.b64encode(scaled.tobytes()).decode("ascii"),
    )
