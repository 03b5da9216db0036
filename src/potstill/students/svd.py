"""A start for a student that is narrower than its source: everything cut down by closed forms, without training."""

from typing import Literal

import torch

from potstill.config import Config
from potstill.errors import RecipeError
from potstill.hub import Encoder, find_parts
from potstill.layer_map import LayerMap
from potstill.students.narrowing import Narrowing, attend, embed
from potstill.students.reduction import find_basis
from potstill.students.starts import map_every_layer
from potstill.tensors import Batch

NUM_TEXTS = 128
NUM_TOKENS = 32


class SvdStart(Config):
    """Chosen layers of the source, cut down to the student's width, heads and feed-forward size.

    The residual stream is projected on one basis, attention products are truncated by singular values, neurons are
    chosen, and each part is fitted by least squares to what the parts below it give on some texts. With all of the
    source's sizes the student computes what the source computes. The method is ours; the steps are told in
    `reduction.py` and `narrowing.py`.
    """

    kind: Literal["svd"] = "svd"
    """Marks a start from a narrowed source."""
    layers: LayerMap = "uniform"
    """Which layer of the source each student layer is cut from, 1-based: a strategy or a list, one for each."""

    def tell(self, source: str) -> str:
        """Say what the first weights are, in a sentence about the student."""
        return f"starts from layers of {source}, cut down to its sizes"

    @torch.no_grad()
    def fill(self, student: Encoder, source: Encoder, calibration: Batch | None) -> None:
        """Cut the source down into the student."""
        _check_narrower(student, source)
        numbers = map_every_layer(self.layers, student, source)
        theirs = find_parts(source)
        batch = (draw_random_texts(source, theirs.num_positions) if calibration is None else calibration).to(
            source.device
        )
        states = _run(source, batch)
        home = student.device
        student.to(source.device)
        narrowing = Narrowing(
            student=find_parts(student),
            source=theirs,
            basis=find_basis([layer[batch.token_mask] for layer in states], width=student.shape.hidden_size),
            batch=batch,
            student_heads=student.shape.num_heads,
            source_heads=source.shape.num_heads,
        )
        cut = narrowing.cut_embeddings(states[0])
        for layer, number in zip(narrowing.student.layers, numbers, strict=True):
            cut = narrowing.cut_layer(layer, theirs.layers[number - 1], cut, states[number - 1])
        narrowing.cut_head(cut, states[numbers[-1]])
        student.to(home)


def draw_random_texts(source: Encoder, num_positions: int) -> Batch:
    """Draw token ids from the whole vocabulary, between the special tokens that frame a text."""
    num_tokens = min(NUM_TOKENS, num_positions)
    special = source.tokenizer.special_ids
    ordinary = torch.tensor([token for token in range(source.shape.vocab_size) if token not in special])
    ids = ordinary[torch.randint(len(ordinary), (NUM_TEXTS, num_tokens))]
    frame = source.tokenizer.encode([""], None, max_length=num_tokens).ids
    ids[:, 0], ids[:, -1] = int(frame[0]), int(frame[-1])
    return Batch(
        input_ids=ids,
        token_mask=torch.ones_like(ids, dtype=torch.bool),
        token_type_ids=None,
        labels=None,
        example_ids=torch.arange(NUM_TEXTS),
    )


def _run(source: Encoder, batch: Batch) -> list[torch.Tensor]:
    """Give the source's hidden states 0 .. N, without dropout whatever mode it is in."""
    parts = find_parts(source)
    states = [parts.embedding_norm(embed(parts, batch))]
    for layer in parts.layers:
        context = attend(layer, states[-1], batch, num_heads=source.shape.num_heads)
        middle = layer.attention_norm(states[-1] + layer.attention_output(context))
        neurons = parts.activation(layer.feed_forward_in(middle))
        states.append(layer.feed_forward_norm(middle + layer.feed_forward_out(neurons)))
    return states


def _check_narrower(student: Encoder, source: Encoder) -> None:
    ours, theirs = student.shape, source.shape
    for name in ("hidden_size", "feed_forward_size", "num_heads"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        if mine > other:
            raise RecipeError(
                f"student.init.kind: 'svd' cuts the source down, but student.{name} is {mine} and the source's only "
                f"{other}; make it at most {other}, or start with init.kind = 'random'."
            )
