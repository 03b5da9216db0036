"""From a batch to the teacher's outputs: online, or stored once and looked up; one teacher, or several."""

from potstill.teachers.config import TeacherConfig
from potstill.teachers.ensemble import Combination, EnsembleTeacher, combine_logits
from potstill.teachers.online import OnlineTeacher, Teacher
from potstill.teachers.stored import StoredTeacher, store_logits

__all__ = [
    "Combination",
    "EnsembleTeacher",
    "OnlineTeacher",
    "StoredTeacher",
    "Teacher",
    "TeacherConfig",
    "combine_logits",
    "store_logits",
]
