"""Build a student and start it."""

from typing import Annotated, TypeAlias

from potstill.kinds import AnyKind
from potstill.students.bert import BertStudentConfig
from potstill.students.bilstm import BiLstmStudentConfig
from potstill.students.distilbert import DistilBertStudentConfig
from potstill.students.starts import CheckpointStart, RandomStart
from potstill.students.student import StudentConfig
from potstill.students.whole import WholeStudentConfig

__all__ = [
    "AnyStudentConfig",
    "BertStudentConfig",
    "BiLstmStudentConfig",
    "CheckpointStart",
    "DistilBertStudentConfig",
    "RandomStart",
    "StudentConfig",
    "WholeStudentConfig",
]

AnyStudentConfig: TypeAlias = Annotated[StudentConfig, AnyKind()]
"""Every student that a recipe can name by its `kind`: those of this room, and those of plug-ins."""
