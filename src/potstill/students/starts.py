"""How a student starts: at random, from chosen layers of its source, or from a checkpoint of its own sizes."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from potstill.config import Config
from potstill.errors import ModelError, RecipeError
from potstill.hub import Encoder, EncoderParts, find_parts, load_encoder_base
from potstill.layer_map import LayerMap, resolve_layer_map
from potstill.tensors import Batch


class RandomStart(Config):
    """Weights drawn from N(0, 0.02), biases 0, LayerNorm 1 and 0, as BERT is initialised."""

    kind: Literal["random"] = "random"
    """Marks a random start."""

    def tell(self, source: str) -> str:
        """Say what the first weights are, in a sentence about the student."""
        return f"starts at random, with the vocabulary of {source}"

    def fill(self, student: Encoder, source: Encoder, calibration: Batch | None) -> None:
        """Leave the student as it was built, which is at random."""


class TeacherLayersStart(Config):
    """Embeddings, chosen layers, pooler and classifier copied from the source, bit for bit.

    A head of another make stays random, such as DistilBERT's beside BERT's. What DistilBERT has no table for, the first
    segment of BERT, is added to the positions, so that its states on single texts are those of the source's layers.

    Paper:
        Sun et al. 2019, section 4.2, arXiv:1908.09355 (the first k layers); Sanh et al. 2019, section 3,
        arXiv:1910.01108 (one layer out of two).
    """

    kind: Literal["teacher_layers"] = "teacher_layers"
    """Marks a start from layers of the source."""
    layers: LayerMap = "uniform"
    """Which layer of the source each student layer copies, 1-based: a strategy or a list as long as the student."""
    vocabulary_transform: bool = False
    """In stages that predict tokens: copy dense layer and norm of the source's masked-LM head too; its bias is copied
    in any case. DistilBERT's did not."""

    def tell(self, source: str) -> str:
        """Say what the first weights are, in a sentence about the student."""
        return f"starts from layers of {source}"

    def fill(self, student: Encoder, source: Encoder, calibration: Batch | None) -> None:
        """Copy the source's weights into the student."""
        _check_widths(student, source)
        copy_parts(find_parts(student), find_parts(source), map_every_layer(self.layers, student, source))


class CheckpointStart(Config):
    """Weights of a saved student of the same sizes, such as one from general distillation."""

    kind: Literal["checkpoint"] = "checkpoint"
    """Marks a start from a saved student."""
    path: str
    """Folder written by save_pretrained, finished run folder or hub name."""

    def tell(self, source: str) -> str:
        """Say what the first weights are, in a sentence about the student."""
        return f"starts from the saved student '{self.path}'"

    def fill(self, student: Encoder, source: Encoder, calibration: Batch | None) -> None:
        """Copy the saved weights into the student; a head of another width or make stays random.

        Args:
            student: As built; changed in place.
            source: Not used but for its tokenizer.
            calibration: Not used.

        Raises:
            RecipeError: The saved student has other sizes.
            ModelError: It has another tokenizer, or cannot be loaded.
        """
        saved = load_encoder_base(self.path, label_names=student.label_names, head=student.head)
        ours, theirs = find_parts(student), find_parts(saved)
        mine, other = _sizes(student, ours), _sizes(saved, theirs)
        differing = [name for name in mine if mine[name] != other[name]]
        if differing:
            raise RecipeError(
                f"student.init.path: '{self.path}' has {', '.join(f'{name} {other[name]}' for name in differing)}, the "
                f"student {', '.join(str(mine[name]) for name in differing)}; give the student its checkpoint's sizes."
            )
        if saved.tokenizer.fingerprint != source.tokenizer.fingerprint:
            raise ModelError(
                f"student.init.path: '{self.path}' has another tokenizer than what the student is started from; to "
                "keep its own, set teacher.base to it, start_from = 'base' and init.kind = 'teacher_layers'."
            )
        copy_parts(ours, theirs, range(1, saved.shape.num_layers + 1))


def map_every_layer(layers: LayerMap, student: Encoder, source: Encoder) -> tuple[int, ...]:
    """Resolve a map that must name a layer of the source for every layer of the student."""
    num_layers = student.shape.num_layers
    path = "student.init.layers"
    resolved = resolve_layer_map(layers, student_layers=num_layers, teacher_layers=source.shape.num_layers, path=path)
    if len(resolved) < num_layers:
        raise RecipeError(f"{path}: {layers} names {len(resolved)} of the student's {num_layers} layers; name all.")
    return resolved


@torch.no_grad()
def copy_parts(ours: EncoderParts, theirs: EncoderParts, numbers: Iterable[int]) -> None:
    """Copy embeddings, layers, and a pooler and a classifier of the same make and width."""
    _copy(ours.words, theirs.words)
    ours.positions.weight[ours.first_position :] = used_positions(theirs, without_types=ours.types is None)
    if ours.types is not None:
        ours.types.weight.zero_()
        if theirs.types is not None:
            rows = min(len(ours.types.weight), len(theirs.types.weight))
            ours.types.weight[:rows] = theirs.types.weight[:rows]
    _copy(ours.embedding_norm, theirs.embedding_norm)
    for layer, number in zip(ours.layers, numbers, strict=True):
        their_layer = theirs.layers[number - 1]
        for field in fields(layer):
            _copy(getattr(layer, field.name), getattr(their_layer, field.name))
    if not ours.has_head_like(theirs):
        return
    for to, origin in ((ours.pooler, theirs.pooler), (ours.classifier, theirs.classifier)):
        if to is not None and origin is not None and to.out_features == origin.out_features:
            _copy(to, origin)


def used_positions(parts: EncoderParts, *, without_types: bool) -> Float[Tensor, "positions hidden"]:
    """Give the rows of the position table that tokens use."""
    rows: Tensor = parts.positions.weight[parts.first_position :]
    return rows + parts.types.weight[0] if without_types and parts.types is not None else rows


@torch.no_grad()
def _copy(to: nn.Module, origin: nn.Module) -> None:
    to.load_state_dict(origin.state_dict())


def _check_widths(student: Encoder, source: Encoder) -> None:
    ours, theirs = student.shape, source.shape
    for name in ("hidden_size", "feed_forward_size", "num_heads", "vocab_size"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        if mine != other:
            raise RecipeError(
                f"student.init.kind: 'teacher_layers' copies whole layers, but student.{name} is {mine} and the "
                f"source's {other}; make them equal, or start a narrower student with init.kind = 'svd'."
            )


def _sizes(encoder: Encoder, parts: EncoderParts) -> dict[str, int | str]:
    sizes: dict[str, int | str] = asdict(encoder.shape)
    return {**sizes, "num_positions": parts.num_positions, "activation": type(parts.activation).__name__}
