"""Relations: attention-like distributions among queries, keys and values of one layer."""

import math
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor

from potstill.errors import RecipeError
from potstill.objectives.attention import QueriesAndKeys, over_query_blocks, row_divergence
from potstill.objectives.fitting import pick_layer, require_teacher
from potstill.objectives.masked_means import Reduction, mean_over_rows
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, HeadStates, Loss, Needs, TokenMask

RelationPair = Literal["query-key", "query-query", "key-key", "value-value"]


class RelationsConfig(ObjectiveConfig):
    """Divergence between relations among the tokens of one student layer and one teacher layer, added up over pairs.

        R(X, Y) = softmax(X Y^T / sqrt(size of a relation head)), one row for each real token
        loss = sum over pairs of mean over batch of (1 / (A |x|)) * sum over A heads and |x| real tokens of
               KL(R of the teacher || R of the student)

    Widths and head sizes may differ. MiniLM: pairs query-key and value-value with the encoders' own heads (equal in
    number). MiniLMv2: pairs query-query, key-key and value-value with a free number of relation heads.

    Paper:
        MiniLM: Wang et al. 2020, equations 5 to 10, arXiv:2002.10957; MiniLMv2: Wang et al. 2021, section 3,
        arXiv:2012.15828.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["relations"] = "relations"
    pairs: tuple[RelationPair, ...] = Field(default=("query-query", "key-key", "value-value"), min_length=1)
    """Which relations are compared, each at most once, all with equal weight."""
    num_relation_heads: int | None = Field(default=None, ge=1)
    """Heads after joining and splitting anew; must divide both widths. None = the encoders' own heads."""
    student_layer: int | None = Field(default=None, ge=1)
    """Student layer (1-based); none = the last."""
    teacher_layer: int | None = Field(default=None, ge=1)
    """Teacher layer (1-based); none = the last. MiniLMv2 takes an upper middle layer of large teachers."""
    reduction: Reduction = "mean"
    """mean = as above; reference = sum over all rows, padded queries too, divided by heads, padded length and
    batch, as in public scripts (the authors published no code)."""

    @field_validator("pairs")
    @classmethod
    def _refuse_repeats(cls, pairs: tuple[RelationPair, ...]) -> tuple[RelationPair, ...]:
        if len(set(pairs)) < len(pairs):
            raise ValueError("each pair can stand only once; to make relations count more, raise the weight")
        return pairs

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "Relations":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        return Relations(
            self,
            num_heads=_relation_heads(self.num_relation_heads, student, teacher, path=f"{path}.num_relation_heads"),
            student_layer=pick_layer(self.student_layer, num_layers=student.num_layers, path=f"{path}.student_layer"),
            teacher_layer=pick_layer(self.teacher_layer, num_layers=teacher.num_layers, path=f"{path}.teacher_layer"),
        )


class Relations(Objective):
    """The objective that `RelationsConfig` builds.

    Attributes:
        layer_pairs: The one pair (student layer, teacher layer).
        num_heads: Relation heads.
    """

    def __init__(self, config: RelationsConfig, *, num_heads: int, student_layer: int, teacher_layer: int) -> None:
        """Keep the settings."""
        super().__init__(
            student_needs=_needs(config.pairs, student_layer), teacher_needs=_needs(config.pairs, teacher_layer)
        )
        self.config = config
        self.reads_padding = config.reduction == "reference"
        self.num_heads = num_heads
        self.layer_pairs = ((student_layer, teacher_layer),)

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        ((student_layer, teacher_layer),) = self.layer_pairs
        terms = [
            relation_divergence(
                self._relate(student, pair, student_layer),
                self._relate(teacher, pair, teacher_layer),
                batch.token_mask,
                reduction=self.config.reduction,
            )
            for pair in self.config.pairs
        ]
        return torch.stack(terms).sum()

    def _relate(self, outputs: EncoderOutputs, pair: RelationPair, layer: int) -> QueriesAndKeys:
        states = {"query": outputs.queries, "key": outputs.keys, "value": outputs.values}
        left, right = (split_heads(states[name][layer], num_heads=self.num_heads) for name in pair.split("-"))
        return left, right


def split_heads(states: HeadStates, *, num_heads: int) -> Float[Tensor, "batch new_heads tokens new_head_size"]:
    """Join the heads of a layer and split its width anew."""
    batch, _, tokens, _ = states.shape
    return states.transpose(1, 2).reshape(batch, tokens, num_heads, -1).transpose(1, 2)


def relation_divergence(
    student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask, *, reduction: Reduction
) -> Loss:
    """Measure how far one relation of the student is from the teacher's."""
    rows = over_query_blocks(lambda ours, theirs: row_divergence(ours, theirs, token_mask), student, teacher)
    return rows.mean() if reduction == "reference" else mean_over_rows(rows, token_mask)


def _needs(pairs: tuple[RelationPair, ...], layer: int) -> Needs:
    named = {name for pair in pairs for name in pair.split("-")}
    only, none = frozenset({layer}), frozenset[int]()
    return Needs(
        queries=only if "query" in named else none,
        keys=only if "key" in named else none,
        values=only if "value" in named else none,
    )


def _relation_heads(num_heads: int | None, student: EncoderShape, teacher: EncoderShape, *, path: str) -> int:
    """Say how many relation heads there are, and refuse a number that does not fit."""
    widths = f"the student is {student.hidden_size} wide, the teacher {teacher.hidden_size}"
    shared = math.gcd(student.hidden_size, teacher.hidden_size)
    if num_heads is None:
        if student.num_heads == teacher.num_heads:
            return student.num_heads
        raise RecipeError(
            f"{path}: the student has {student.num_heads} attention heads and the teacher {teacher.num_heads}, so "
            f"their own heads cannot be compared; set num_relation_heads to a divisor of {shared} ({widths})."
        )
    if shared % num_heads:
        raise RecipeError(
            f"{path}: {num_heads} relation heads do not divide both widths ({widths}); "
            f"set num_relation_heads to a divisor of {shared}."
        )
    return num_heads
