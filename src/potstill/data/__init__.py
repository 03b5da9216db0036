"""Tasks, where their examples come from, and tokenised batches of similar length."""

from potstill.data.answer_table import AnswerTable, load_answers
from potstill.data.batches import BatchConfig, Batches
from potstill.data.bundled import BUNDLED_NAMES
from potstill.data.catalogue import describe_tasks
from potstill.data.config import DataConfig
from potstill.data.corpus import Corpus, count_tokens, load_corpus
from potstill.data.corpus_lines import find_sources
from potstill.data.duplicates import find_new
from potstill.data.given import Given, keep_data, keep_texts
from potstill.data.known_tasks import KnownTask, find_known_task, known_task_names, shipped_tasks
from potstill.data.labels import match_labels
from potstill.data.loading import load_task_data
from potstill.data.overlaps import Overlap, count_repeats, find_conflicts, find_overlap
from potstill.data.records import Split, Task, TaskData
from potstill.data.texts import read_texts
from potstill.data.tokenised import TokenisedSplit, describe_reading, tokenise, tokenise_to_files
from potstill.data.told_table import ToldTable, find_told_names, hash_texts, read_told
from potstill.data.transfer import TransferSet, load_transfer

__all__ = [
    "AnswerTable",
    "BUNDLED_NAMES",
    "BatchConfig",
    "Batches",
    "Corpus",
    "DataConfig",
    "Given",
    "KnownTask",
    "Overlap",
    "Split",
    "Task",
    "TaskData",
    "TokenisedSplit",
    "ToldTable",
    "TransferSet",
    "count_repeats",
    "count_tokens",
    "describe_reading",
    "describe_tasks",
    "find_conflicts",
    "find_known_task",
    "find_new",
    "find_overlap",
    "find_sources",
    "find_told_names",
    "hash_texts",
    "keep_data",
    "keep_texts",
    "known_task_names",
    "load_answers",
    "load_corpus",
    "load_task_data",
    "load_transfer",
    "match_labels",
    "read_texts",
    "read_told",
    "shipped_tasks",
    "tokenise",
    "tokenise_to_files",
]
