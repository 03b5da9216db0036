"""Build a student and start it."""

from typing import Annotated, TypeAlias

from potstill.kinds import AnyKind
from potstill.students.bert import BertStudentConfig
from potstill.students.bilstm import BiLstmStudentConfig
from potstill.students.distilbert import DistilBertStudentConfig
from potstill.students.starts import CheckpointStart, RandomStart, TeacherLayersStart
from potstill.students.student import StudentConfig
from potstill.students.svd import SvdStart
from potstill.students.transformer import AnyStart, TransformerStudentConfig
from potstill.students.vectors import AnyVectors, FileVectors, RandomVectors, TeacherVectors
from potstill.students.vocabulary import AnyVocabulary, TeacherVocabulary, WordVocabulary
from potstill.students.whole import WholeStudentConfig

__all__ = [
    "AnyStart",
    "AnyStudentConfig",
    "AnyVectors",
    "AnyVocabulary",
    "BertStudentConfig",
    "BiLstmStudentConfig",
    "CheckpointStart",
    "DistilBertStudentConfig",
    "FileVectors",
    "RandomStart",
    "RandomVectors",
    "StudentConfig",
    "SvdStart",
    "TeacherLayersStart",
    "TeacherVectors",
    "TeacherVocabulary",
    "TransformerStudentConfig",
    "WholeStudentConfig",
    "WordVocabulary",
]

AnyStudentConfig: TypeAlias = Annotated[StudentConfig, AnyKind()]
"""Every student that a recipe can name by its `kind`: those of this room, and those of plug-ins."""
