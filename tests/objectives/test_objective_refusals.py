"""What does not fit is refused by name, before the first step."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from objective_building import build
from random_outputs import encoder_shape, make_batch

from potstill.errors import DataError, RecipeError
from potstill.objectives import RelationsConfig
from potstill.tensors import EncoderOutputs

WIDE = {
    "student": encoder_shape(layers=2, hidden=312, heads=12),
    "teacher": encoder_shape(layers=4, hidden=768, heads=12),
}
HEADS = {"student": encoder_shape(hidden=12, heads=2), "teacher": encoder_shape(hidden=12, heads=4)}
REGRESSION = {"student": encoder_shape(labels=1), "teacher": encoder_shape(labels=1)}
LABELS = {"student": encoder_shape(labels=2), "teacher": encoder_shape(labels=3)}


VOCABULARIES = {"student": encoder_shape(), "teacher": replace(encoder_shape(), vocab_size=51)}


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("vocabulary_soft_labels", VOCABULARIES, "has 50 tokens and the teacher's 51; use kind = 'masked_lm'"),
        ("vocabulary_mse", VOCABULARIES, "has 50 tokens and the teacher's 51; use kind = 'masked_lm'"),
        ("soft_labels", REGRESSION, "at least 2 labels .* has 1 .* 'logits_mse', or set when = 'classification'"),
        ("soft_labels", LABELS, "the student has 2 labels and the teacher 3"),
        ("logits_mse", LABELS, "the student has 2 labels and the teacher 3"),
        ("hidden_states", WIDE | {"projection": "none"}, "312 wide and the teacher's 768; set projection = 'shared'"),
        ("embeddings", WIDE | {"projection": "none"}, "312 wide and the teacher's 768; set projection = 'linear'"),
        ("hidden_cosine", WIDE, "312 wide and the teacher's 768; use kind = 'hidden_states'"),
        ("patience", WIDE, "312 wide and the teacher's 768; use kind = 'hidden_states'"),
        ("attention_scores", HEADS, "the student has 2 heads and the teacher 4; use kind = 'relations'"),
        ("attention_probs", HEADS, "the student has 2 heads and the teacher 4; use kind = 'relations'"),
        (
            "relations",
            HEADS,
            r"num_relation_heads: the student has 2 attention heads and the teacher 4.* divisor of 12",
        ),
        (
            "relations",
            WIDE | {"num_relation_heads": 48},
            "48 relation heads .* 312 wide, the teacher 768.* divisor of 24",
        ),
        ("relations", WIDE | {"teacher_layer": 5}, r"teacher_layer: layer 5 .* has 4 layers .*mean 4\?"),
        ("hidden_cosine", HEADS | {"student_layer": 9}, r"student_layer: layer 9 does not exist.* has 3 layers"),
        ("hidden_states", WIDE | {"layer_map": (4, 13)}, r"layer_map: teacher layer 13 does not exist"),
        ("patience", HEADS | {"layer_map": (1, 2, 3, 3)}, "names 4 layers, but the student has only 3"),
    ],
)
def test_an_objective_that_does_not_fit_is_refused(kind: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=rf"^stages\.0\.objectives\.0.*{message}"):
        build(kind, **fields)


def test_relations_without_equal_heads_work_with_relation_heads() -> None:
    build("relations", **HEADS, num_relation_heads=6)
    build("relations", **WIDE, num_relation_heads=24)


def test_a_repeated_relation_is_refused() -> None:
    with pytest.raises(RecipeError, match="each pair can stand only once; .* raise the weight"):
        RelationsConfig.parse({"pairs": ["key-key", "key-key"]})


def test_data_without_labels_is_refused_by_hard_labels() -> None:
    objective = build("hard_labels", student=encoder_shape(), teacher=None)
    with pytest.raises(DataError, match="'hard_labels' needs gold labels and this data has none"):
        objective(
            EncoderOutputs(logits=torch.zeros(1, 3)), EncoderOutputs(), make_batch(torch.ones(1, 1, dtype=torch.bool))
        )


def test_a_forgotten_output_is_a_defect_not_a_zero() -> None:
    objective = build("patience", student=encoder_shape(), teacher=encoder_shape())
    with pytest.raises(KeyError):
        objective(EncoderOutputs(), EncoderOutputs(), make_batch(torch.ones(1, 1, dtype=torch.bool)))
