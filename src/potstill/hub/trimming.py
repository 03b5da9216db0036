"""Drop the tokens that a corpus never uses: fewer rows in the embedding table, the same ids otherwise.

The corpus is tokenised exactly as before, because every token that occurs in it, and every merge on the way to one, is
kept. Other texts are too as long as their words are made of kept tokens; single characters are kept, so that a new word
falls apart instead of being unknown.
"""

import copy
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.hub.opening import load_tokenizer
from potstill.hub.tokenizing import Tokenizer

_KINDS = ("BPE", "Unigram", "WordLevel", "WordPiece")
_NO_LIMIT = 1_000_000
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_ID_FIELDS = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "mask_token_id")


def trim_vocabulary(encoder: Encoder, texts: Sequence[str]) -> Encoder:
    """Make a copy of a model that knows only the tokens of a corpus.

    Args:
        encoder: The model, on the CPU; unchanged.
        texts: The corpus, at least one text.

    Returns:
        The smaller model with its own tokenizer; for the corpus it gives the same logits.

    Raises:
        ModelError: The tokenizer is of a kind that cannot be trimmed, or the model ties positions to the padding id.
    """
    rules: dict[str, Any] = json.loads(encoder.tokenizer.wrapped.backend_tokenizer.to_str())
    kind = rules["model"]["type"]
    if kind not in _KINDS:
        raise ModelError(
            f"a tokenizer of kind '{kind}' cannot be trimmed ({', '.join(_KINDS)} can); keep its vocabulary."
        )
    before = encoder.tokenizer.encode(texts, None, max_length=_NO_LIMIT)
    used = set(np.unique(before.ids).tolist())
    kept = sorted(_closure(rules, used))
    numbers = {old: new for new, old in enumerate(kept)}
    tokenizer = _rewrite_tokenizer(encoder.tokenizer, rules, numbers)
    after = tokenizer.encode(texts, None, max_length=_NO_LIMIT)
    if not np.array_equal(np.array(kept, dtype=np.int64)[after.ids], before.ids):
        raise ModelError(f"this tokenizer ({kind}) reads the corpus otherwise once it is trimmed; keep its vocabulary.")
    if numbers[encoder.tokenizer.padding_id] != encoder.tokenizer.padding_id:
        raise ModelError("the padding id would change, and with it the numbers of positions; keep its vocabulary.")
    model = copy.deepcopy(encoder.model)
    _cut_tables(model, kept)
    model.config.vocab_size = len(kept)
    for field in _ID_FIELDS:
        if (old := getattr(model.config, field, None)) in numbers:
            setattr(model.config, field, numbers[old])
    return Encoder(model, tokenizer, label_names=encoder.label_names).eval()


def _closure(rules: Mapping[str, Any], used: set[int]) -> set[int]:
    """Add what must be kept beside the used tokens: special ones, single characters, merges on the way."""
    model = rules["model"]
    ids = _ids(model)
    names = {number: token for token, number in ids.items()}
    kept = used | {token["id"] for token in rules["added_tokens"]}
    if (unknown := model.get("unk_token")) in ids:
        kept.add(ids[unknown])
    if model.get("unk_id") is not None:
        kept.add(model["unk_id"])
    prefix = model.get("continuing_subword_prefix") or ""
    for token, number in ids.items():
        bare = token.removeprefix(prefix)
        is_letter = len(bare) == 1 and (model["type"] != "WordPiece" or bare.isascii())
        if (is_letter and model["type"] != "WordLevel") or _BYTE.fullmatch(token):
            kept.add(number)
    if model["type"] == "BPE":
        ranks = {_pair(merge): rank for rank, merge in enumerate(model["merges"])}
        for number in list(used):
            kept |= {ids[part] for part in _derivation(names.get(number, ""), ranks) if part in ids}
    return kept


def _derivation(token: str, ranks: Mapping[tuple[str, str], int]) -> set[str]:
    """List every token that occurs while byte-pair encoding builds one out of its characters."""
    parts, seen = list(token), set(token)
    while len(parts) > 1:
        found = [
            (ranks[pair], index) for index, pair in enumerate(zip(parts, parts[1:], strict=False)) if pair in ranks
        ]
        if not found:
            break
        _, index = min(found)
        parts[index : index + 2] = [parts[index] + parts[index + 1]]
        seen.add(parts[index])
    return seen


def _rewrite_tokenizer(tokenizer: Tokenizer, rules: dict[str, Any], numbers: Mapping[int, int]) -> Tokenizer:
    """Write a tokenizer with other ids, and load it again."""
    model = rules["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [entry for number, entry in enumerate(model["vocab"]) if number in numbers]
        model["unk_id"] = None if model["unk_id"] is None else numbers[model["unk_id"]]
    else:
        model["vocab"] = {token: numbers[old] for token, old in model["vocab"].items() if old in numbers}
    if model["type"] == "BPE":
        words = model["vocab"]
        pairs = [(_pair(merge), merge) for merge in model["merges"]]
        model["merges"] = [
            merge for (left, right), merge in pairs if left in words and right in words and left + right in words
        ]
    for token in rules["added_tokens"]:
        token["id"] = numbers[token["id"]]
    rules["post_processor"] = _renumber(rules["post_processor"], numbers)
    rules.update(truncation=None, padding=None)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.wrapped.save_pretrained(folder)
        for path in Path(folder).iterdir():
            if path.name not in ("tokenizer_config.json", "special_tokens_map.json"):
                path.unlink()
        settings = Path(folder) / "tokenizer_config.json"
        values = json.loads(settings.read_text(encoding="utf-8"))
        values.pop("added_tokens_decoder", None)
        settings.write_text(json.dumps(values), encoding="utf-8")
        (Path(folder) / "tokenizer.json").write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")
        return load_tokenizer(folder, "trimmed")


def _renumber(node: Any, numbers: Mapping[int, int]) -> Any:  # noqa: ANN401 - any JSON value
    """Change the ids in the rules that put special tokens around texts."""
    if isinstance(node, list):
        return [_renumber(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _renumber(value, numbers) for key, value in node.items()}
    if isinstance(node.get("ids"), list):
        changed["ids"] = [numbers[old] for old in node["ids"]]
    for key in ("cls", "sep"):
        if isinstance(node.get(key), list):
            changed[key] = [node[key][0], numbers[node[key][1]]]
    return changed


def _cut_tables(model: nn.Module, kept: Sequence[int]) -> None:
    """Keep some rows of the tables that tokens are looked up in."""
    table = model.get_input_embeddings()  # type: ignore[operator] # every model of transformers has it
    rows = torch.as_tensor(kept)
    for holder in list(model.modules()):
        tables = {name: child for name, child in holder.named_children() if isinstance(child, nn.Embedding)}
        if not any(child is table for child in tables.values()):
            continue
        for name, child in tables.items():
            if child is table or _is_twin(child, table):
                smaller = nn.Embedding(len(kept), child.embedding_dim, padding_idx=child.padding_idx)
                weight = child.weight.detach()[rows].clone()
                smaller.weight = nn.Parameter(weight, requires_grad=child.weight.requires_grad)
                setattr(holder, name, smaller)


def _is_twin(child: nn.Embedding, table: nn.Embedding) -> bool:
    """Tell whether a table is another channel of the same words, as a BiLSTM may have."""
    return (
        child.weight.shape == table.weight.shape
        and child.padding_idx == table.padding_idx
        and child.padding_idx is not None
    )


def _ids(model: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        return {token: number for number, (token, _) in enumerate(vocabulary)}
    return dict(vocabulary)


def _pair(merge: str | Iterable[str]) -> tuple[str, str]:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right
