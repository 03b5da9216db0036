"""Where plain text comes from and how it is cut into examples."""

from typing import Literal

from pydantic import Field, field_validator

from potstill.config import Config


class CorpusConfig(Config):
    """Plain text for stages with `data = "corpus"`: one text a line, an empty line between documents."""

    paths: tuple[str, ...] = ()
    """Text files, also .gz; folders of .txt and .txt.gz files; or names of data sets, saved by `datasets` or on the
    Hugging Face hub (`name` or `name:config`, split `train`)."""
    text: str = "text"
    """Data sets: column of the text; a text of several lines is a document."""
    limit: int | None = Field(default=None, ge=1)
    """Read so many lines at most, from the start; empty ones are not counted. None = all."""
    packing: Literal["lines", "packed"] = "lines"
    """`lines`: every line is an example; `packed`: the lines of a document are joined up to `max_length`. Each example
    stands between the tokenizer's special tokens; what is longer is cut into several."""
    max_length: int = Field(default=128, ge=8, le=8192)
    """Longest example in tokens, special tokens included."""
    min_length: int = Field(default=6, ge=1, le=8192)
    """Shortest example in tokens, special tokens included; shorter ones are left out."""
    max_unknown: float = Field(default=0.5, gt=0.0, le=1.0)
    """Examples are left out of which this share or more, special tokens counted, is unknown to the tokenizer."""
    heldout: int = Field(default=512, ge=1, le=100_000)
    """Examples to measure on, chosen by a hash of their tokens, a tenth of all at most; they are not learnt from."""

    @field_validator("paths")
    @classmethod
    def _has_names(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        if any(not path.strip() for path in paths):
            raise ValueError("an empty name is no file; leave it out")
        return paths
