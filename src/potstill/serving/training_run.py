"""How a model was trained: what the run tells that it belongs to."""

from pathlib import Path

from potstill.data import DataConfig
from potstill.errors import DataError
from potstill.evaluation import TrustTexts
from potstill.files import expand_user
from potstill.hub import describe_model
from potstill.recipe import read_run_data
from potstill.run_folder import RunFolder


def recipe_of(model: str) -> Path | None:
    """Find the recipe of the run that a model belongs to: a run folder, or the student in it.

    Args:
        model: What the user calls the model.

    Returns:
        The run's `recipe.json`, or None where the model belongs to no run.
    """
    folder = expand_user(model)
    places = (RunFolder(path=folder), RunFolder(path=folder.resolve().parent))
    return next((place.recipe for place in places if place.student.is_dir() and place.recipe.is_file()), None)


def trained_length(model: str) -> int:
    """Give the longest text, in tokens, that a model was trained on, or is meant for.

    Args:
        model: What the user calls the model.

    Returns:
        `data.max_length` of its run; where it belongs to none, the lesser of what its tokenizer and its table of
        positions allow.

    Raises:
        ModelError: The model cannot be opened.
    """
    recipe = recipe_of(model)
    told = None if recipe is None else read_run_data(recipe).max_length
    return told or describe_model(model).own_length


def trained_columns(model: str) -> tuple[str | None, str | None]:
    """Give the columns of text and second text of the data that a model was trained on.

    Args:
        model: What the user calls the model.

    Returns:
        What its run was told; None where it was told nothing, or the model belongs to no run.
    """
    recipe = recipe_of(model)
    data = read_run_data(recipe) if recipe is not None else DataConfig()
    return data.text, data.text_pair


def trained_on_pairs(model: str) -> bool | None:
    """Say whether a model was trained on pairs of texts.

    Args:
        model: What the user calls the model.

    Returns:
        Whether its run had pairs; None where it belongs to no run, or to one that does not tell.
    """
    recipe = recipe_of(model)
    told = None if recipe is None else RunFolder(path=recipe.parent).read_environment().get("is_pair")
    return told if isinstance(told, bool) else None


def read_trust_texts(model: str) -> TrustTexts | None:
    """Read the texts on which the run of a model found out when it can be trusted.

    Args:
        model: What the user calls the model.

    Returns:
        The texts; None where the model belongs to no run, or to one that kept none.

    Raises:
        RunError: The file is damaged.
    """
    recipe = recipe_of(model)
    path = None if recipe is None else RunFolder(path=recipe.parent).trust_texts
    return TrustTexts.read(path) if path is not None and path.is_file() else None


def check_pairs(is_of_pairs: bool | None, *, has_pairs: bool) -> None:
    """Refuse half of what a model compares, or twice what it reads.

    Args:
        is_of_pairs: Whether the model was trained on pairs of texts; None = not known.
        has_pairs: Whether there are second texts.

    Raises:
        DataError: Both are known and differ.
    """
    if is_of_pairs and not has_pairs:
        raise DataError("the model compares two texts and was given one; name the second text's column (--text-pair).")
    if is_of_pairs is False and has_pairs:
        raise DataError("the model was trained on single texts and was given pairs; leave the second text out.")
