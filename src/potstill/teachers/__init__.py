"""From a batch to the teacher's outputs: online, or stored once and looked up; one teacher, or several."""

from potstill.teachers.alignment import OwnTokens, TokenAlignment, align_tokens
from potstill.teachers.config import TeacherConfig
from potstill.teachers.ensemble import EnsembleTeacher, combine_logits
from potstill.teachers.online import OnlineTeacher, Teacher
from potstill.teachers.states import StateStore, example_keys
from potstill.teachers.stored import JoinedTeacher, StoredTeacher, store_logits
from potstill.teachers.stored_states import StoredStates
from potstill.teachers.trial import StatesTrial, try_states

__all__ = [
    "EnsembleTeacher",
    "JoinedTeacher",
    "OnlineTeacher",
    "OwnTokens",
    "StateStore",
    "StatesTrial",
    "StoredStates",
    "StoredTeacher",
    "Teacher",
    "TeacherConfig",
    "TokenAlignment",
    "align_tokens",
    "combine_logits",
    "example_keys",
    "store_logits",
    "try_states",
]
