"""Tiny random causal language models with a tokenizer of bytes and a few merges."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

SIZES = {
    "llama": LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    ),
    "qwen2": Qwen2Config(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    ),
    "gpt2": GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=128),
}


def save_causal_lm(
    folder: Path, *, kind: str = "llama", chat_template: str | None = None, max_tokens: int = 128
) -> Path:
    """Save a random model that reads so many tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = ["<|endoftext|>"] if kind == "qwen2" else []  # which transformers gives it in any case
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<s>", "</s>", *ends], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(
        ["Text: the film was very good\nAnswer: good", "a bad film\nAnswer: bad"] * 3, trainer
    )
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    wrapped.chat_template = chat_template
    config = SIZES[kind].__class__.from_dict(SIZES[kind].to_dict())
    config.vocab_size, config.bos_token_id, config.eos_token_id, config.pad_token_id = len(wrapped), 0, 1, None
    config.max_position_embeddings = max_tokens
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.3)  # so that answers differ
    model.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def slow_score(folder: Path, prompt: str, answer: str, **given: str) -> float:
    """Read prompt and answer as one text, without a cache, and add up what each token of the answer was worth."""
    model = AutoModelForCausalLM.from_pretrained(folder, **given).double().eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, **given)
    start, whole = tokenizer.encode(prompt.rstrip()), tokenizer.encode(prompt + answer)
    assert whole[: len(start)] == start
    total = 0.0
    for place in range(len(start), len(whole)):
        logits = model(torch.tensor([whole[:place]])).logits[0, -1].detach()
        total += float(logits.log_softmax(dim=0)[whole[place]])
    return total
