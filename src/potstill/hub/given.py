"""Models that a program has in memory, kept as folders: all that comes after loads folders."""

import os
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from potstill.errors import ModelError
from potstill.files import is_whole, whole_folder
from potstill.hub.loading import fingerprint_model
from potstill.hub.quiet import quiet


def keep_model(given: object, folder: Path) -> str | None:
    """Give the name that a model has, or a folder of it.

    Args:
        given: A folder or a name on the hub; a pair of a model and its tokenizer; or a pipeline of transformers.
        folder: Keeps what is in memory, under a name that says its content.

    Returns:
        The name as it was, or the folder; None where nothing was given.

    Raises:
        ModelError: This is no model with its tokenizer.
    """
    if given is None:
        return None
    if isinstance(given, str | os.PathLike):
        return os.fspath(given)
    model, tokenizer = _parts(given)
    with TemporaryDirectory() as aside:
        with quiet():
            model.save_pretrained(aside)
            tokenizer.save_pretrained(aside)
        place = folder / f"model-{fingerprint_model(aside)}"
        if not is_whole(place):
            with whole_folder(place) as whole:
                copytree(aside, whole, dirs_exist_ok=True)
    return str(place)


def keep_models(given: object, folder: Path) -> tuple[str, ...]:
    """Give the names of a model or of several; see `keep_model`.

    Args:
        given: A model, or a list of models.
        folder: Keeps what is in memory.

    Returns:
        The names; none where nothing was given.

    Raises:
        ModelError: One of them is no model with its tokenizer.
    """
    several = given if isinstance(given, list | tuple) and not _is_loaded(given) else [given]
    return tuple(name for name in (keep_model(each, folder) for each in several) if name is not None)


def _is_loaded(given: Sequence[Any]) -> bool:
    return len(given) == 2 and hasattr(given[0], "save_pretrained") and not isinstance(given[0], str)


def _parts(given: Any) -> tuple[Any, Any]:  # noqa: ANN401 - whatever a program has
    pair = (getattr(given, "model", None), getattr(given, "tokenizer", None))
    model, tokenizer = tuple(given) if isinstance(given, list | tuple) and len(given) == 2 else pair
    if not hasattr(model, "save_pretrained") or not hasattr(tokenizer, "save_pretrained"):
        raise ModelError(
            f"a {type(given).__name__} is no model with its tokenizer; give a folder, a name on the hub, a pair "
            "(model, tokenizer), or a pipeline of transformers."
        )
    return model, tokenizer
