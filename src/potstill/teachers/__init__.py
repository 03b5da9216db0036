"""From a batch to the teacher's outputs: online, or stored once and looked up."""

from potstill.teachers.config import TeacherConfig
from potstill.teachers.online import OnlineTeacher, Teacher
from potstill.teachers.stored import StoredTeacher, store_logits

__all__ = ["OnlineTeacher", "StoredTeacher", "Teacher", "TeacherConfig", "store_logits"]
