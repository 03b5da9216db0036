"""Configs and weights as transformers loads them: safetensors only, no remote code, our attention where it fits."""

from typing import Any

import torch
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel

from potstill.errors import ModelError
from potstill.hub.capture import ATTENTION_NAME
from potstill.hub.families import find_family
from potstill.hub.quiet import quiet


def load_config(where: str, name: str) -> PretrainedConfig:
    """Load a model's config."""
    try:
        return AutoConfig.from_pretrained(where, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"model '{name}' cannot be loaded ({first_line(error)}).") from None


def load_weights(
    auto: Any,  # noqa: ANN401 - transformers' auto classes share no public type
    where: str,
    name: str,
    config: PretrainedConfig,
) -> tuple[PreTrainedModel, set[str]]:
    """Load a model's weights."""
    try:
        with quiet():
            model, info = auto.from_pretrained(
                where,
                config=config,
                attn_implementation=choose_attention(auto, config),
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:
        raise ModelError(
            f"the weights of model '{name}' cannot be loaded ({first_line(error)}); only safetensors files are read."
        ) from None
    changed = {entry[0] for entry in info.get("mismatched_keys", ())}
    return model, set(info["missing_keys"]) | changed


def choose_attention(auto: Any, config: PretrainedConfig) -> str:  # noqa: ANN401 - as above
    """Take our recording attention where the model's class can use it, else its own."""
    can_capture = find_family(config).can_capture
    if can_capture is None:
        can_capture = getattr(auto._model_mapping.get(type(config), None), "_supports_sdpa", False)
    return ATTENTION_NAME if can_capture else "eager"


def first_line(error: BaseException) -> str:
    """Give the first line of an error's text, to be put into a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__
