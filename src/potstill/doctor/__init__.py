"""What may be wrong before an hour is spent: a function for each thing, and the list of them."""

from potstill.doctor import of_data, of_student, of_teacher
from potstill.doctor.case import BuiltCase, Case, MachineCase, Reading, TaughtCase
from potstill.doctor.finding import Check, Finding, State

CHECKS: tuple[Check, ...] = (
    Check(name="texts with two labels", look=of_data.find_other_labels, reads=("data",)),
    Check(name="texts in two splits", look=of_data.find_shared_texts, reads=("data",)),
    Check(name="repeated texts", look=of_data.find_repeats, reads=("data",)),
    Check(name="unlabelled texts", look=of_data.find_unlabelled, reads=("data", "unlabelled")),
    Check(name="rare classes", look=of_data.find_rare_classes, reads=("data",)),
    Check(name="missing classes", look=of_data.find_missing_classes, reads=("data",)),
    Check(name="one class only", look=of_data.find_skew, reads=("data",)),
    Check(name="shares of classes", look=of_data.find_drift, reads=("data",)),
    Check(name="number of examples", look=of_data.find_few, reads=("data",)),
    Check(name="letters", look=of_data.find_broken_letters, reads=("data",)),
    Check(name="words", look=of_data.find_no_words, reads=("data",)),
    Check(name="labels within texts", look=of_data.find_told_labels, reads=("data",)),
    Check(name="texts of a pair", look=of_data.find_twin_texts, reads=("data",)),
    Check(name="gold labels", look=of_data.find_no_gold, reads=("data",)),
    Check(name="what the teacher knows", look=of_teacher.find_ignorance, is_fault=True, reads=("data", "taught")),
    Check(name="order of labels", look=of_teacher.find_other_order, is_fault=True, reads=("data", "taught")),
    Check(name="bag of words", look=of_teacher.find_words, is_slow=True, reads=("data", "taught")),
    Check(name="end of the teacher's training", look=of_teacher.find_rise, reads=("data", "taught")),
    Check(name="classes never found", look=of_teacher.find_blindness, reads=("data", "taught")),
    Check(name="labels of train", look=of_teacher.find_wrong_labels, reads=("data", "taught")),
    Check(name="texts cut", look=of_student.find_cut_texts),
    Check(name="unknown words", look=of_student.find_unknown_words),
    Check(
        name="size of the student", look=of_student.find_large_student, tell=of_student.tell_student, reads=("built",)
    ),
    Check(name="stages left out", look=of_student.find_left_out, reads=("built",)),
    Check(name="number of steps", look=of_student.find_short_training, reads=("built",)),
    Check(name="trial", look=of_student.find_failed_trial, is_fault=True, tell=of_student.tell_trial, reads=("built",)),
    Check(name="hours", look=of_student.find_long_run, tell=of_student.tell_hours, reads=("machine",)),
    Check(
        name="memory",
        look=of_student.find_little_memory,
        is_fault=True,
        tell=of_student.tell_memory,
        reads=("machine",),
    ),
    Check(name="disk", look=of_student.find_little_disk, is_fault=True, tell=of_student.tell_disk, reads=("machine",)),
    Check(name="store", look=of_student.find_stale_store, reads=("machine",)),
)
"""All that is looked at; a new check is a function and a line here."""

__all__ = ["BuiltCase", "CHECKS", "Case", "Check", "Finding", "MachineCase", "Reading", "State", "TaughtCase"]
