"""What a task asks of a text, one class for each kind of answer; no torch."""

from potstill.answers.answer import Answer
from potstill.answers.choosing import (
    AnswerKind,
    AnswerKindOrAuto,
    When,
    answer_of_labels,
    answer_of_model,
    check_model,
    choose_answer,
    find_answer,
    known_metrics,
)
from potstill.answers.class_answer import ClassAnswer
from potstill.answers.column import LabelColumn
from potstill.answers.intervals import wilson
from potstill.answers.metric import Metric, own_metrics
from potstill.answers.names import SHOWN, are_numbers, find_doubts, list_names, read_index, show
from potstill.answers.one_class import OneClass
from potstill.answers.prediction import Prediction, Span
from potstill.answers.rows import LabelArray, LabelRows, find_places
from potstill.answers.score import Score
from potstill.answers.several_labels import SeveralLabels
from potstill.answers.suspects import Suspects, find_suspects
from potstill.answers.tags import Tags
from potstill.answers.told_answers import FORMS, Form, ToldAnswers
from potstill.answers.told_words import recut_rows
from potstill.answers.trust import find_promise, measure_trust
from potstill.answers.words import TAG_COLUMNS, WORD_COLUMNS, Piece, WordSpans, find_given_words, join_words

ANSWERS: tuple[type[Answer], ...] = (OneClass, Tags, SeveralLabels, Score)
"""Every kind of answer; the first is taken where nothing says which."""

__all__ = [
    "ANSWERS",
    "Answer",
    "AnswerKind",
    "AnswerKindOrAuto",
    "ClassAnswer",
    "FORMS",
    "Form",
    "LabelArray",
    "LabelColumn",
    "LabelRows",
    "Metric",
    "OneClass",
    "Piece",
    "Prediction",
    "SHOWN",
    "Span",
    "Suspects",
    "TAG_COLUMNS",
    "Tags",
    "ToldAnswers",
    "WORD_COLUMNS",
    "When",
    "WordSpans",
    "answer_of_labels",
    "answer_of_model",
    "are_numbers",
    "check_model",
    "choose_answer",
    "find_answer",
    "find_doubts",
    "find_given_words",
    "find_places",
    "find_promise",
    "find_suspects",
    "join_words",
    "known_metrics",
    "list_names",
    "measure_trust",
    "own_metrics",
    "read_index",
    "recut_rows",
    "show",
    "wilson",
]
