"""Judges: language models that say which label a text has, on this machine or behind an endpoint."""

from potstill.judges.endpoint import Endpoint, EndpointJudge
from potstill.judges.judge import Judge, Said, calibrate
from potstill.judges.labelling import Budget, Labelled, label_texts
from potstill.judges.local import LocalJudge
from potstill.judges.question import Question, read_question

__all__ = [
    "Budget",
    "Endpoint",
    "EndpointJudge",
    "Judge",
    "Labelled",
    "LocalJudge",
    "Question",
    "Said",
    "calibrate",
    "label_texts",
    "read_question",
]
