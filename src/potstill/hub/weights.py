"""Weights as transformers loads them: safetensors only, our attention where it fits."""

import re
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel

from potstill.errors import ModelError
from potstill.files import read_json
from potstill.hub.capture import ATTENTION_NAME
from potstill.hub.families import find_family
from potstill.hub.opening import SavedModel, first_line
from potstill.hub.quiet import quiet


def load_weights(
    auto: Any,  # noqa: ANN401 - transformers' auto classes share no public type
    saved: SavedModel,
) -> tuple[PreTrainedModel, set[str], dict[str, str]]:
    """Load a model's weights; say which are not in its files, and which have another shape there."""
    _check_index(saved)
    try:
        with quiet():
            model, info = auto.from_pretrained(
                saved.where,
                config=saved.config,
                attn_implementation=choose_attention(auto, saved.config),
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:
        raise ModelError(
            f"the weights of model '{saved.name}' cannot be loaded ({first_line(error)}); only safetensors files are "
            "read."
        ) from None
    misfits = {
        name: f"{name} is {list(theirs)} in its file and {list(ours)} by its config"
        for name, theirs, ours in sorted(info.get("mismatched_keys", ()))
    }
    return model, set(info["missing_keys"]), misfits


def _check_index(saved: SavedModel) -> None:
    """Refuse an index of weights that names other files than safetensors beside it, which transformers would open."""
    index = Path(saved.where) / "model.safetensors.index.json"
    if not index.is_file():
        return
    files = read_json(index, remedy="save the model anew").get("weight_map", {}).values()
    if strangers := sorted({str(file) for file in files if not re.fullmatch(r"[^/\\]+\.safetensors", str(file))}):
        raise ModelError(
            f"the weights of model '{saved.name}' cannot be loaded: {index.name} names '{strangers[0][:60]}'; only "
            "safetensors files in the model's own folder are read."
        )


def choose_attention(auto: Any, config: PretrainedConfig) -> str:  # noqa: ANN401 - as above
    """Take our recording attention where the model's class can use it, else its own."""
    can_capture = find_family(config).can_capture
    if can_capture is None:
        can_capture = getattr(auto._model_mapping.get(type(config), None), "_supports_sdpa", False)
    return ATTENTION_NAME if can_capture else "eager"
