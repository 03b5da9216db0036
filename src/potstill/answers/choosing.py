"""Which kind of answer is meant: by a recipe's word, by a column of labels, or by a saved model's config."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from potstill.answers.answer import Answer
from potstill.answers.column import LabelColumn
from potstill.answers.metric import own_metrics
from potstill.errors import DataError, ModelError

AUTO = "auto"
"""The word that leaves the kind to the labels."""


def _members() -> tuple[type[Answer], ...]:
    from potstill.answers import ANSWERS  # asked anew, as a plug-in may have joined

    return ANSWERS


def _one_of(word: str, allowed: Sequence[str]) -> str:
    if word not in allowed:
        quoted = [f"'{each}'" for each in dict.fromkeys(allowed)]
        expected = f"{', '.join(quoted[:-1])} or {quoted[-1]}"
        raise PydanticCustomError("literal_error", "must be {expected}", {"expected": expected})
    return word


def _check_kind(word: str) -> str:
    return _one_of(word, [each.kind for each in _members()])


def _check_kind_or_auto(word: str) -> str:
    return _one_of(word, [AUTO, *(each.kind for each in _members())])


def _check_when(word: str) -> str:
    return _one_of(word, ["always", *dict.fromkeys(each.when for each in _members())])


AnswerKind: TypeAlias = Annotated[str, AfterValidator(_check_kind)]
"""The word of a kind of answer."""
AnswerKindOrAuto: TypeAlias = Annotated[str, AfterValidator(_check_kind_or_auto)]
"""The word of a kind of answer, or `auto`."""
When: TypeAlias = Annotated[str, AfterValidator(_check_when)]
"""Which kinds of answer something is for: `always`, or the word `when` of some of them."""


def find_answer(kind: str) -> type[Answer]:
    """Find a kind of answer by its word.

    Args:
        kind: The word.

    Returns:
        The class.

    Raises:
        DataError: There is no such kind.
    """
    found = next((each for each in _members() if each.kind == kind), None)
    if found is None:
        raise DataError(f"'{kind}' is no kind of answer; known are {', '.join(each.kind for each in _members())}.")
    return found


def known_metrics() -> set[str]:
    """List the metrics that there are.

    Returns:
        The names of those with a formula for some kind of answer, and of those of one's own.
    """
    return {*own_metrics(), *(name for each in _members() for name in each().formulas)}


def answer_of_labels(label_names: Sequence[str], *, has_independent_labels: bool) -> Answer:
    """Guess the kind of answer from its labels alone.

    Args:
        label_names: Names of the logits; empty where they have none.
        has_independent_labels: Whether several may hold at once.

    Returns:
        The first kind of this sort.
    """
    sort = (bool(label_names), has_independent_labels)
    chosen = next(each for each in _members() if (each.has_names, each.has_independent_labels) == sort)
    return chosen(label_names=tuple(label_names))


def choose_answer(kind: str, column: LabelColumn) -> type[Answer]:
    """Say what kind of answer a column of labels asks for.

    Args:
        kind: A kind's word, or `auto`.
        column: The labels.

    Returns:
        The class that is meant or, of `auto` and of lists, that claims the column; else the first of all.

    Raises:
        DataError: The cells are lists of labels, and the kind or a separator says that they are not.
    """
    wanted = None if kind == AUTO else find_answer(kind)
    if column.holds_lists and (column.separator is not None or (wanted is not None and wanted.refuses_lists)):
        field = "kind" if column.separator is None else "label_separator"
        raise DataError(f"data.{field}: {column.place} holds lists of labels; leave it out.")
    if wanted is not None and (not column.holds_lists or wanted.row == "word"):
        return wanted
    return next((each for each in _members() if each.claims(column)), _members()[0])


def answer_of_model(fields: Mapping[str, str], label_names: Sequence[str]) -> Answer:
    """Say what kind of answer a saved model gives.

    Args:
        fields: The fields of its config that are words.
        label_names: Names of its logits; empty where it has one logit without a name.

    Returns:
        The answer that its config tells most of; else the first of all whose logits have names, or have none.
    """
    fitting = [each for each in _members() if each.has_names == bool(label_names)]
    told = [each for each in fitting if each.config_fields.items() <= fields.items()]
    chosen = max(told, key=lambda each: (each.row == "word", len(each.config_fields))) if told else fitting[0]
    return chosen(label_names=tuple(label_names))


def check_model(answer: Answer, fields: Mapping[str, str], label_names: Sequence[str], *, name: str) -> None:
    """Refuse a model whose config says that it answers another kind of question.

    Args:
        answer: What is asked.
        fields: The fields of the model's config that are words.
        label_names: Names of the model's logits.
        name: What the user called the model.

    Raises:
        ModelError: The model was trained for another kind of answer.
    """
    given = answer_of_model(fields, label_names)
    is_told = "problem_type" in fields and given.has_names and answer.has_names
    has_same_rows = given.row == answer.row
    if has_same_rows and (not is_told or _problem(given) == _problem(answer)):
        return
    raise ModelError(
        f"model '{name}' was trained {given.trained_to}, and here {answer.expects}; take a model that was fine-tuned "
        "on such data."
    )


def _problem(answer: Answer) -> str | None:
    return answer.config_fields.get("problem_type")
