"""Build a student and start it."""

from typing import Annotated, TypeAlias

from pydantic import Field

from potstill.students.bert import BertStudentConfig
from potstill.students.distilbert import DistilBertStudentConfig
from potstill.students.starts import CheckpointStart, RandomStart, TeacherLayersStart
from potstill.students.svd import SvdStart
from potstill.students.transformer import AnyStart, TransformerStudentConfig
from potstill.students.whole import WholeStudentConfig

__all__ = [
    "AnyStart",
    "AnyStudentConfig",
    "BertStudentConfig",
    "CheckpointStart",
    "DistilBertStudentConfig",
    "RandomStart",
    "SvdStart",
    "TeacherLayersStart",
    "TransformerStudentConfig",
    "WholeStudentConfig",
]

AnyStudentConfig: TypeAlias = Annotated[
    BertStudentConfig | DistilBertStudentConfig | WholeStudentConfig, Field(discriminator="kind")
]
"""Every student that a recipe can name by its `kind`."""
