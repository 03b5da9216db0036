"""One recipe entry or more for every objective, and another value for each of its fields."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from random_outputs import encoder_shape

from potstill.objectives import AnyObjectiveConfig, Objective, ObjectiveConfig, objective_kinds
from potstill.plugins import load_plugins
from potstill.tensors import EncoderShape

ADAPTER: TypeAdapter[ObjectiveConfig] = TypeAdapter(AnyObjectiveConfig)
load_plugins([str(Path(__file__).parents[1] / "plugins" / "pair_distances.py")])
OWN = "pair_distances"
"""An objective of a plug-in, which keeps the same contracts; its loss mixes the examples of a batch."""
KINDS = {
    kind: member
    for kind, member in objective_kinds().items()
    if member.__module__.startswith("potstill.") or kind == OWN
}
STUDENT = encoder_shape(layers=3, hidden=12, heads=2, labels=3)
TEACHER = encoder_shape(layers=6, hidden=12, heads=2, labels=3)
WIDE_TEACHER = encoder_shape(layers=6, hidden=20, heads=2, labels=3)


@dataclass(frozen=True)
class Sample:
    """An objective as a recipe would have it, and the teacher it follows."""

    values: dict[str, Any]
    teacher: EncoderShape = TEACHER
    student: EncoderShape = STUDENT
    note: str = ""

    @property
    def config(self) -> ObjectiveConfig:
        return ADAPTER.validate_python(self.values)

    def build(self, **changed: Any) -> Objective:
        config = ADAPTER.validate_python(self.values | changed)
        objective = config.build(student=self.student, teacher=self.teacher, path="here")
        for name, parameter in objective.named_parameters():
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator))
        return objective

    def __str__(self) -> str:
        return self.values["kind"] + self.note


REGRESSION = {"student": encoder_shape(labels=1), "teacher": encoder_shape(layers=6, labels=1)}
SAMPLES = [
    Sample({"kind": "soft_labels", "temperature": 2.0}),
    Sample({"kind": "soft_labels", "divergence": "cross_entropy"}, note="-cross-entropy"),
    Sample({"kind": "soft_labels", "temperature": 2.0, "independent": True}, note="-independent"),
    Sample({"kind": "logits_mse"}),
    Sample({"kind": "logits_mse"}, **REGRESSION, note="-regression"),
    Sample({"kind": "hard_labels"}),
    Sample({"kind": "hard_labels"}, **REGRESSION, note="-regression"),
    Sample({"kind": "hidden_states"}),
    Sample({"kind": "hidden_states", "projection": "per_layer"}, teacher=WIDE_TEACHER, note="-wide"),
    Sample({"kind": "hidden_states", "projection": "none", "include_embeddings": False}, note="-unprojected"),
    Sample({"kind": "hidden_states", "projection_init": "fitted"}, note="-fitted"),
    Sample({"kind": "embeddings"}),
    Sample({"kind": "embeddings", "projection_bias": False}, teacher=WIDE_TEACHER, note="-wide"),
    Sample({"kind": "hidden_cosine"}),
    Sample({"kind": "patience"}),
    Sample({"kind": "patience", "normalise": False}, note="-raw"),
    Sample({"kind": "attention_scores"}),
    Sample({"kind": "attention_scores"}, teacher=WIDE_TEACHER, note="-wide"),
    Sample({"kind": "attention_probs"}),
    Sample({"kind": "attention_probs", "divergence": "kl"}, teacher=WIDE_TEACHER, note="-kl"),
    Sample({"kind": "relations"}, teacher=WIDE_TEACHER, note="-v1"),
    Sample({"kind": "relations", "pairs": ["query-key"], "num_relation_heads": 4}, teacher=WIDE_TEACHER, note="-4"),
    Sample({"kind": "masked_lm"}),
    Sample({"kind": "vocabulary_soft_labels"}),
    Sample({"kind": "vocabulary_soft_labels", "positions": "targets"}, teacher=WIDE_TEACHER, note="-targets"),
    Sample({"kind": "vocabulary_mse"}, teacher=WIDE_TEACHER),
    Sample({"kind": OWN}),
]
"""At least one for each kind; the first one's fields are changed one by one."""

ALTERNATIVES: dict[str, dict[str, Any]] = {
    "soft_labels": {
        "temperature": 3.0,
        "divergence": "cross_entropy",
        "temperature_squared": False,
        "reduction": "reference",
        "independent": True,
    },
    "logits_mse": {"sum_labels": True},
    "hard_labels": {},
    "hidden_states": {
        "layer_map": "top",
        "include_embeddings": False,
        "projection": "per_layer",
        "projection_bias": False,
        "projection_init": "fitted",
        "reduction": "reference",
    },
    "embeddings": {
        "projection": "none",
        "projection_bias": False,
        "projection_init": "fitted",
        "reduction": "reference",
    },
    "hidden_cosine": {"student_layer": 2, "teacher_layer": 5},
    "patience": {"layer_map": "last", "normalise": False, "reduction": "reference"},
    "attention_scores": {"layer_map": "bottom", "reduction": "reference"},
    "attention_probs": {"layer_map": (6, 1), "divergence": "kl"},
    "relations": {
        "pairs": ("query-query", "key-key"),
        "num_relation_heads": 4,
        "student_layer": 1,
        "teacher_layer": 4,
        "reduction": "reference",
    },
    "masked_lm": {},
    "vocabulary_soft_labels": {"temperature": 3.0, "positions": "targets"},
    "vocabulary_mse": {"positions": "targets"},
    OWN: {"threshold": 0.1},
}
READ_BY_OTHERS = {"kind", "weight", "when", "teacher", "optional"}

ZERO_WHERE_EQUAL: dict[str, dict[str, Any] | None] = {
    "soft_labels": {},
    "logits_mse": {},
    "hard_labels": None,
    "hidden_states": {"projection": "none"},
    "embeddings": {"projection": "none"},
    "hidden_cosine": {},
    "patience": {},
    "attention_scores": {},
    "attention_probs": {},
    "relations": {},
    "masked_lm": None,
    "vocabulary_soft_labels": {},
    "vocabulary_mse": {},
    OWN: {},
}
"""Fields under which a student equal to its teacher has no loss; None where there is none such."""
