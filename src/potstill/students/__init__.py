"""Build a student and start it."""

from typing import Annotated, TypeAlias

from pydantic import Field

from potstill.students.bert import AnyStart, BertStudentConfig
from potstill.students.starts import CheckpointStart, RandomStart, TeacherLayersStart
from potstill.students.svd import SvdStart
from potstill.students.whole import WholeStudentConfig

__all__ = [
    "AnyStart",
    "AnyStudentConfig",
    "BertStudentConfig",
    "CheckpointStart",
    "RandomStart",
    "SvdStart",
    "TeacherLayersStart",
    "WholeStudentConfig",
]

AnyStudentConfig: TypeAlias = Annotated[BertStudentConfig | WholeStudentConfig, Field(discriminator="kind")]
"""Every student that a recipe can name by its `kind`."""
