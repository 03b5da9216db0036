"""Weights as transformers loads them: safetensors only, our attention where it fits, and all of them."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import PretrainedConfig

from potstill.errors import ModelError, tell_reason
from potstill.files import explain_machine, read_json
from potstill.hub.agreement import check_body, check_runs, check_values, is_of_head
from potstill.hub.capture import ATTENTION_NAME
from potstill.hub.encoder import Encoder
from potstill.hub.families import find_family
from potstill.hub.opening import SavedModel
from potstill.hub.quiet import quiet

_READ = ("BF16", "F16", "F32", "F64")
"""Number formats of weights that are read."""
_PICKLED = ("pytorch_model*.bin", "tf_model*.h5", "flax_model*.msgpack", "*.gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model with its weights; its body is whole.

    Attributes:
        encoder: In eval mode on the CPU, float32.
        missing: Weights of its head or pooler that are not in the files, and are drawn at random.
        misfits: Those of its head that have another shape there, with a sentence on each; drawn at random too.
    """

    encoder: Encoder
    missing: frozenset[str]
    misfits: Mapping[str, str]


def load_weights(
    auto: Any,  # noqa: ANN401 - transformers' auto classes share no public type
    saved: SavedModel,
    label_names: Sequence[str],
) -> LoadedModel:
    """Load a model's weights, and refuse files that do not hold all of its body."""
    check_files(auto, saved)
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
    except Exception as error:  # transformers raises many kinds, also of the libraries below it
        reason = explain_machine(error) or tell_reason(error)
        raise ModelError(f"the weights of model '{saved.name}' cannot be loaded ({reason}).") from None
    misfits = {
        name: f"{name} is {list(theirs)} in its file and {list(ours)} by its config"
        for name, theirs, ours in sorted(info.get("mismatched_keys", ()))
    }
    if body := [misfit for name, misfit in misfits.items() if not is_of_head(model, name)]:
        raise ModelError(
            f"the weights of model '{saved.name}' do not fit the sizes in its config.json: {body[0]}; mend the config."
        )
    check_body(saved.name, model, info["missing_keys"], info["unexpected_keys"])
    check_values(saved.name, model)
    encoder = Encoder(model, saved.tokenizer, label_names=label_names).eval()
    check_runs(saved.name, encoder)
    return LoadedModel(encoder=encoder, missing=frozenset(info["missing_keys"]), misfits=misfits)


def choose_attention(auto: Any, config: PretrainedConfig) -> str:  # noqa: ANN401 - as above
    """Take our recording attention where the model's class can use it, else its own."""
    can_capture = find_family(config).can_capture
    if can_capture is None:
        can_capture = getattr(auto._model_mapping.get(type(config), None), "_supports_sdpa", False)
    return ATTENTION_NAME if can_capture else "eager"


def check_files(auto: Any, saved: SavedModel) -> None:  # noqa: ANN401 - as above
    """Refuse files in a folder that are no safetensors beside the config, or hold much less than the config says."""
    folder = Path(saved.where)
    if not folder.is_dir():
        return
    files = _list_files(saved)
    if not files:
        others = sorted(file.name for pattern in _PICKLED for file in folder.glob(pattern))
        found = f"has {others[0]}, and" if others else "has no model.safetensors, and"
        raise ModelError(
            f"the weights of model '{saved.name}' cannot be loaded: its folder {found} only safetensors files are "
            "read; load it with transformers where it was made, and call save_pretrained()."
        )
    held = sum(_count_numbers(file) for file in files)
    try:
        with quiet(), torch.device("meta"):
            attention = choose_attention(auto, saved.config)
            draft = auto.from_config(copy.deepcopy(saved.config), attn_implementation=attention)
    except Exception as error:  # as odd as the config is, so odd is what its model raises
        raise ModelError(
            f"no model can be made of the config.json of '{saved.name}' ({tell_reason(error)}); mend it."
        ) from None
    needed = sum(weight.numel() for weight in draft.parameters())
    if needed > 10 * held + 100_000_000:
        raise ModelError(
            f"model '{saved.name}' has {held:,} numbers in its files and {needed:,} by its config.json; mend the sizes "
            "in the config."
        )


def _list_files(saved: SavedModel) -> list[Path]:
    """List the files of weights; an index may name safetensors beside it alone, or transformers would open others."""
    folder = Path(saved.where)
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [file for file in (folder / "model.safetensors",) if file.exists()]
    named = read_json(index, remedy="save the model anew").get("weight_map")
    files = sorted({str(file) for file in named.values()}) if isinstance(named, dict) else [""]
    for file in files:
        if not re.fullmatch(r"[^/\\]+\.safetensors", file):
            raise ModelError(
                f"the weights of model '{saved.name}' cannot be loaded: {index.name} names '{file[:60]}'; only "
                "safetensors files in the model's own folder are read."
            )
        if not (folder / file).is_file():
            raise ModelError(
                f"the weights of model '{saved.name}' cannot be loaded: {index.name} names '{file}', which is not "
                "there; copy the whole folder."
            )
    return [folder / file for file in files]


def _count_numbers(file: Path) -> int:
    """Count the numbers of a file from its header, and refuse one in a format that would be read as something else."""
    try:
        with file.open("rb"), safe_open(file, framework="pt") as weights:
            pieces = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 - it is no dict
            formats = {name: piece.get_dtype() for name, piece in pieces.items() if len(piece.get_shape()) > 1}
            count = sum(torch.Size(piece.get_shape()).numel() for piece in pieces.values())
    except Exception as error:  # safetensors has a class of its own
        raise ModelError(f"'{file}' cannot be read ({tell_reason(error)}); copy the model anew.") from None
    for name, kind in formats.items():
        if kind not in _READ and not kind.startswith("I64"):  # positions are kept as whole numbers by old versions
            raise ModelError(
                f"'{file}' holds {name} as {kind}, and {', '.join(_READ)} are read; take the model before it was "
                "quantised."
            )
    return count
