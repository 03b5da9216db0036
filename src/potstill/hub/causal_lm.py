"""Causal language models: how likely a prompt goes on with each of several answers."""

import inspect
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PretrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

from potstill.errors import DataError, ModelError, tell_reason
from potstill.files import explain_machine
from potstill.hub.gguf import find_gguf, open_gguf
from potstill.hub.opening import open_model
from potstill.hub.quiet import quiet
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.weights import check_files


class CausalLM:
    """A causal language model with its tokenizer.

    Attributes:
        has_chat: Whether it was made for conversations.
    """

    def __init__(self, model: nn.Module, tokenizer: Tokenizer) -> None:
        """Join a loaded model and its tokenizer."""
        self._model, self._tokenizer = model.eval(), tokenizer.wrapped
        takes_number = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._last = {"logits_to_keep": 1} if takes_number else {}  # a vocabulary is wide
        self.has_chat = bool(tokenizer.wrapped.chat_template)

    def write_prompt(self, message: str, *, system: str | None = None) -> str:
        """Write what the model is to go on with: the message itself, or a turn of a conversation.

        Args:
            message: What is asked.
            system: What is said before a conversation; put above the message where there is none.

        Returns:
            The prompt.
        """
        if not self.has_chat:
            return message if system is None else f"{system}\n\n{message}"
        turns = [] if system is None else [{"role": "system", "content": system}]
        turns.append({"role": "user", "content": message})
        return str(self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

    def score(self, prompt: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """Measure how likely each answer is as what follows a prompt.

            score(answer) = sum over its tokens of log P(token | prompt, earlier tokens of the answer)

        The prompt is read once. Its keys and values are kept, and all answers go on from them together, so that what
        this costs grows with the prompt and hardly with the number of answers.

        Args:
            prompt: From `write_prompt`.
            answers: At least one.

        Returns:
            Natural logarithms, one for each answer; they need not be probabilities that add up to 1.

        Raises:
            DataError: The prompt with an answer is longer than the model can read.
        """
        prefix, endings = self._cut(prompt, answers)
        most = getattr(self._model.config, "max_position_embeddings", None)
        if isinstance(most, int) and len(prefix) + max(map(len, endings)) > most:
            raise DataError(f"the prompt has {len(prefix):,} tokens, and the model reads {most:,}.")
        device = next(self._model.parameters()).device
        with torch.inference_mode():
            read = self._model(torch.tensor([prefix], device=device), use_cache=True, **self._last)
            logs = read.logits[0, -1].double().log_softmax(dim=0)
            scores = logs[torch.tensor([each[0] for each in endings], device=device)]
            longer = [place for place, each in enumerate(endings) if len(each) > 1]
            if longer:
                read.past_key_values.batch_repeat_interleave(len(longer))
                scores[longer] += self._score_rest([endings[place] for place in longer], read.past_key_values)
        return np.asarray(scores.cpu().numpy(), dtype=np.float64)

    def _score_rest(self, endings: Sequence[Sequence[int]], cache: object) -> Tensor:
        """Add up what the tokens behind the first add; what pads an ending stands behind it and is not counted."""
        device, width = next(self._model.parameters()).device, max(map(len, endings))
        padded = torch.tensor([[*each, *[0] * (width - len(each))] for each in endings], device=device)
        counts = torch.tensor([[place < len(each) for place in range(1, width)] for each in endings], device=device)
        logits = self._model(padded[:, :-1], past_key_values=cache, use_cache=True).logits
        logs = logits.double().log_softmax(dim=2).gather(2, padded[:, 1:, None])[:, :, 0]
        total: Tensor = logs.where(counts, 0.0).sum(dim=1)
        return total

    def _cut(self, prompt: str, answers: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        """Cut prompt and answers into tokens; white space at the end of the prompt begins each answer's first token."""
        start, space = prompt.rstrip(), prompt[len(prompt.rstrip()) :]
        if self.has_chat:
            start, space = prompt, ""
        prefix = self._encode(start, has_specials=not self.has_chat)
        endings = []
        for answer in answers:
            whole = self._encode(f"{start}{space}{answer}", has_specials=not self.has_chat)
            is_ahead = whole[: len(prefix)] == prefix and len(whole) > len(prefix)
            endings.append(whole[len(prefix) :] if is_ahead else self._encode(f"{space}{answer}", has_specials=False))
        return prefix, endings

    def _encode(self, text: str, *, has_specials: bool) -> list[int]:
        ids = [int(each) for each in self._tokenizer.encode(text, add_special_tokens=has_specials)]
        ends = self._tokenizer.eos_token_id
        return ids[:-1] if has_specials and len(ids) > 1 and ids[-1] == ends else ids


def load_causal_lm(name: str, *, device: torch.device) -> CausalLM:
    """Load a causal language model, such as a chat model.

    Args:
        name: As for `resolve_model`, or a GGUF file.
        device: Where it is to run; on a CPU in float32, elsewhere in the number format of its file.

    Returns:
        The model.

    Raises:
        ModelError: There is no such model, it is none that goes on with texts, has no safetensors weights, or no
            tokenizer.
    """
    if (file := find_gguf(name)) is not None:
        config, tokenizer = open_gguf(file)
        _check_type(name, config)
        return CausalLM(_load(name, str(file.parent), device, gguf_file=file.name), tokenizer)
    saved = open_model(name)
    _check_type(name, saved.config)
    check_files(AutoModelForCausalLM, saved)
    return CausalLM(_load(name, saved.where, device, config=saved.config, use_safetensors=True), saved.tokenizer)


def _check_type(name: str, config: PretrainedConfig) -> None:
    """Refuse a model that does not go on with texts."""
    is_encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING and not getattr(config, "is_decoder", False)
    if is_encoder or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise ModelError(
            f"model '{name}' is of type '{config.model_type}', which does not go on with texts; give a causal "
            "language model, such as one of the types llama, qwen3 or gemma3_text."
        )


def _load(name: str, where: str, device: torch.device, **form: Any) -> nn.Module:  # noqa: ANN401 - for transformers
    dtype = torch.float32 if device.type == "cpu" else "auto"
    try:
        with quiet(), redirect_stderr(StringIO()):  # unpacking a GGUF file draws a bar that nobody can switch off
            model, info = AutoModelForCausalLM.from_pretrained(
                where, trust_remote_code=False, dtype=dtype, output_loading_info=True, **form
            )
    except Exception as error:  # transformers raises many kinds, also of the libraries below it
        reason = explain_machine(error) or tell_reason(error)
        raise ModelError(f"the weights of model '{name}' cannot be loaded ({reason}).") from None
    if missing := sorted(info["missing_keys"]):
        raise ModelError(
            f"{len(missing)} weights of model '{name}' are not in its files ({missing[0]}, ...); take a causal "
            "language model with all of its weights."
        )
    moved: nn.Module = model.to(device)
    return moved
