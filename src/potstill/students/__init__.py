"""Build a student and start it."""

from typing import Annotated, TypeAlias

from pydantic import Field

from potstill.students.bert import BertStudentConfig
from potstill.students.whole import WholeStudentConfig

__all__ = ["AnyStudentConfig", "BertStudentConfig", "WholeStudentConfig"]

AnyStudentConfig: TypeAlias = Annotated[BertStudentConfig | WholeStudentConfig, Field(discriminator="kind")]
"""Every student that a recipe can name by its `kind`."""
