"""Where the examples come from and how long they may be."""

from typing import Any, Literal, TypeAlias

from pydantic import Field, field_validator

from potstill.answers import AnswerKindOrAuto, find_answer
from potstill.config import Config
from potstill.data.bundled import BUNDLED_NAMES
from potstill.data.corpus_config import CorpusConfig
from potstill.data.known_tasks import find_known_task, known_task_names

_Info: TypeAlias = Any
"""pydantic's `ValidationInfo`, which runtime type checks do not take; `data` holds the fields before this one."""


class DataConfig(Config):
    """A known task, or data of one's own; a recipe may leave both open until `task` or `path` is given."""

    task: str | None = None
    """A known task: one of GLUE (`cola`, `mnli`, ...; needs `path`) or data of an installed package
    (`trec`, `trec-fine`, `movies`; no `path`). None = own data at `path`."""
    path: str | None = None
    """GLUE folder, or own data: a CSV, TSV, JSONL, JSON, Parquet or CoNLL file, a folder with train.* (and dev.* or
    validation.*, test.*), or the name of a data set on the Hugging Face hub."""
    unlabeled: tuple[str, ...] = ()
    """Texts without labels, which stages with `data = "transfer"` learn from too: files (CSV, TSV, JSONL, JSON,
    Parquet, .txt with one text a line), folders of them, or names of data sets, saved by `datasets` or on the Hugging
    Face hub (`name` or `name:config`, split `train`). Texts that are there already or measured on are left out."""
    text: str | None = None
    """Own data and unlabelled texts: column of the (first) text; None = the column `text`, or else `sentence`; of
    words `tokens`."""
    text_pair: str | None = None
    """Own data and unlabelled texts: column of the second text; None = one text per example."""
    label: str | None = None
    """Own data: column of the label; None = the column `label`, or for words `tags`, `ner_tags`, `spans` or
    `entities`."""
    missing_labels: Literal["refuse", "unlabeled"] = "refuse"
    """Own data: what becomes of training rows without a label: a mistake, or texts like those of `unlabeled`."""
    trust_fraction: float | None = Field(default=None, ge=0.0, le=0.5)
    """Share of the unlabelled texts that is not learnt from, but finds out when the student can be trusted. None = of
    5,000 texts or more that the teacher answers a tenth, 2,000 at most, unless a test set, or dev, has enough."""
    kind: AnswerKindOrAuto = "auto"
    """Own data: `auto` takes fractional numbers as scores, words that repeat and up to 100 different whole numbers as
    classes, lists beside lists of words and spans as labels of words, and other lists as labels of which a text may
    have several."""
    label_separator: str | None = Field(default=None, min_length=1)
    """Own data: what stands between the labels of a text that may have several, such as `;`; an empty cell has none.
    None = every cell is one label or, in JSON and Parquet files, a list of labels."""
    labels: tuple[str, ...] = ()
    """The classes in the order of a model's logits: says which of them an index in the data or a teacher's label with
    another name is. Empty = labels are matched by name."""
    metrics: tuple[str, ...] = ()
    """Own data: what is measured, by names; the first is the primary one, by which weights are chosen. Empty = those of
    the kind of answer."""
    dev: str | None = None
    """Own data: a file or, for a folder or hub name, a split to measure on; None = dev or validation where there is
    one, else a part of train."""
    dev_fraction: float = Field(default=0.1, gt=0, le=0.5)
    """Own data: share of train that is split off as dev where there is none, equal in every class."""
    test: str | None = None
    """Own data: a file or, for a folder or hub name, a split with labels that is measured on once, when all is trained;
    None = test where there is one. It chooses nothing, so its figures are the ones to quote."""
    select_on: Literal["dev", "train"] = "dev"
    """Which examples choose the best weights of each stage, and end it early: the development set, whose figures are
    then a little too good, or a part of train that is held out for that and not learnt from."""
    select_fraction: float = Field(default=0.1, gt=0, le=0.5)
    """With `select_on = "train"`: the share of train that is held out, equal in every class."""
    limit: int | None = Field(default=None, ge=1)
    """Learn from so many training examples at most, drawn at random; for trials. None = all. What `select_on` holds out
    is a part of these."""
    split_seed: int = Field(default=0, ge=0, lt=2**32)
    """Seeds the split into train and dev, the draw of `limit`, and what `select_on` holds out."""
    max_length: int | None = Field(default=None, ge=8, le=8192)
    """Longest input in tokens, special tokens included; longer ones are cut. None = as long as the teacher and its base
    read: what a run taught them, else the lesser of what tokenizer and positions allow; 128 where there is neither."""

    corpus: CorpusConfig = CorpusConfig()
    """Plain text, for stages with `data = "corpus"`."""

    @property
    def longest(self) -> int:
        """The longest input in tokens, of a recipe that runs: it is filled in when a run begins."""
        assert self.max_length is not None
        return self.max_length

    @field_validator("task")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is None:
            return None
        bundled = name.strip().casefold()
        own = find_known_task(name) or (bundled if bundled in BUNDLED_NAMES else None)
        if own is None:
            known = ", ".join(sorted((*known_task_names(), *BUNDLED_NAMES)))
            raise ValueError(f"must be one of {known}, or left out for data of one's own at 'path'")
        return own

    @field_validator("path")
    @classmethod
    def _is_wanted(cls, path: str | None, info: _Info) -> str | None:
        if path is not None and (task := info.data.get("task")) in BUNDLED_NAMES:
            raise ValueError(f"must be left out for task '{task}', whose data lies in an installed package")
        return path

    @field_validator("path", "dev", "test")
    @classmethod
    def _has_a_name(cls, name: str | None) -> str | None:
        if name is not None and not name.strip():
            raise ValueError("an empty name is no file; name one, or leave it out")
        return name

    @field_validator("label_separator")
    @classmethod
    def _separates(cls, separator: str | None, info: _Info) -> str | None:
        kind = info.data.get("kind")  # absent where it is wrong itself
        if separator is not None and kind not in ("auto", None) and not find_answer(kind).takes_separator:
            raise ValueError(f"must be left out with kind = '{kind}', where a text has one label")
        return separator

    @field_validator("select_fraction")
    @classmethod
    def _holds_out(cls, fraction: float, info: _Info) -> float:
        default = cls.model_fields["select_fraction"].default
        if info.data.get("select_on") == "dev" and fraction != default:
            raise ValueError("must be left out with select_on = 'dev', where nothing of train is held out")
        return fraction

    @field_validator("labels")
    @classmethod
    def _names_classes(cls, labels: tuple[str, ...], info: _Info) -> tuple[str, ...]:
        names, kind = tuple(name.strip() for name in labels), info.data.get("kind")
        if labels and (len(set(names)) < max(2, len(names)) or "" in names):
            raise ValueError("must be two names or more, each once and none empty")
        if labels and kind not in ("auto", None) and not find_answer(kind).has_names:
            raise ValueError(f"must be left out with kind = '{kind}', which has no classes")
        return names

    @field_validator("trust_fraction")
    @classmethod
    def _has_texts(cls, fraction: float | None, info: _Info) -> float | None:
        if fraction and not info.data.get("unlabeled") and info.data.get("missing_labels") != "unlabeled":
            raise ValueError("must be left out without unlabelled texts, of which it is a share")
        return fraction

    @field_validator("unlabeled")
    @classmethod
    def _has_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names):
            raise ValueError("an empty name is no file; leave it out")
        return names

    @field_validator(
        "text",
        "text_pair",
        "label",
        "missing_labels",
        "kind",
        "label_separator",
        "metrics",
        "dev",
        "dev_fraction",
        "test",
    )
    @classmethod
    def _is_for_own_data(cls, value: object, info: _Info) -> object:
        task = info.data.get("task")
        assert info.field_name is not None
        if info.field_name in ("text", "text_pair") and info.data.get("unlabeled"):
            return value
        if task is not None and value != cls.model_fields[info.field_name].default:
            raise ValueError(f"must be left out for task '{task}', which says this itself")
        return value

    @field_validator("split_seed")
    @classmethod
    def _has_effect(cls, seed: int, info: _Info) -> int:
        task = info.data.get("task")
        draws = info.data.get("limit") is not None or info.data.get("select_on") == "train"
        if task is not None and not draws and seed != cls.model_fields["split_seed"].default:
            raise ValueError(
                f"must be left out for task '{task}' without 'limit' or select_on = 'train', as its splits are fixed"
            )
        return seed
