"""The errors a user can mend, as one small tree.

    PotstillError (a ValueError)
    |- RecipeError   a recipe field, an override or a combination of fields
    |- DataError     a file, a column, a label, a split
    |- ModelError    a teacher, a student or a tokenizer
    `- RunError      a run folder

Every message is one sentence that says what is wrong, the value, what is allowed and what to do.
The command line prints it and ends with exit code 2; anything else is a defect of Potstill.
"""

import difflib
from collections.abc import Iterable

_REASON = 200
"""Most characters of a reason."""


class PotstillError(ValueError):
    """A mistake that the user can mend; the message says how."""


class RecipeError(PotstillError):
    """A recipe field, an override or a combination of fields is not allowed."""


class DataError(PotstillError):
    """A data file, a column, a label or a split cannot be used."""


class ModelError(PotstillError):
    """A teacher, a student or a tokenizer cannot be used."""


class RunError(PotstillError):
    """A run folder cannot be used."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, as the end of an error message.

    Args:
        word: What the user wrote.
        known: What would have been right.

    Returns:
        `" Did you mean 'x'?"`, or the sorted list of known words where none is near.

    Example:
        >>> did_you_mean("temprature", ["temperature", "weight"])
        " Did you mean 'temperature'?"
        >>> did_you_mean("zzz", ["weight", "kind"])
        ' Known: kind, weight.'
    """
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(choices)}."


def tell_reason(error: BaseException) -> str:
    r"""Tell in a few words why something below us failed, to be put into a sentence.

    Args:
        error: What a library or the system raised.

    Returns:
        The beginning of its text, on one line; its kind too where the text alone says little.

    Example:
        >>> tell_reason(KeyError("gelu2"))
        "KeyError: 'gelu2'"
        >>> tell_reason(ValueError("Invalid field:\n  it is too long."))
        'Invalid field: it is too long'
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split()).rstrip(".")
    if not text:
        return type(error).__name__
    return (text if " " in text else f"{type(error).__name__}: {text}")[:_REASON]
