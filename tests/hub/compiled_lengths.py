"""A script of test_compiling.py: compiled layers against plain ones, over many lengths.

It runs in a process of its own, because in the tests' own process every function of Potstill is wrapped in checks of
shapes, and the compiler would compile these too.
"""

import itertools

import torch
from torch import Tensor
from transformers import BertConfig, BertTokenizerFast

from potstill.hub import Encoder, Tokenizer, build_encoder, compiled_layers
from potstill.tensors import Batch, Needs

NEEDS = Needs(logits=True, hidden_states=frozenset({0, 2}), queries=frozenset({1, 3}), keys=frozenset({1}))
MAX_GRAPHS = 16
"""A layer falls into a few pieces; each is compiled for batches with and without padding, and once more where a batch
has as many texts as tokens."""


def make() -> Encoder:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
    )
    return build_encoder(config, make_tokenizer(), label_names=("no", "yes"))


def make_tokenizer() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "malt"]
    return Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(words)}))


def draw(size: int, length: int, *, is_padded: bool) -> Batch:
    mask = torch.ones(size, length, dtype=torch.bool)
    mask[0, length - 1 :] = not is_padded
    ids = torch.randint(5, 40, mask.shape).masked_fill(~mask, 0)
    return Batch(input_ids=ids, token_mask=mask, token_type_ids=None, labels=None, example_ids=torch.arange(size))


def run(encoder: Encoder, batch: Batch) -> list[Tensor]:
    """Give outputs and the gradient of the first layer; dropout draws the same at each call."""
    torch.manual_seed(1)
    outputs = encoder(batch, NEEDS)
    assert outputs.logits is not None
    (outputs.logits.square().sum() + outputs.queries[3].square().sum()).backward()
    weight = encoder.model.base_model.encoder.layer[0].attention.self.query.weight
    gradient = weight.grad.clone()
    encoder.zero_grad()
    return [outputs.logits, outputs.hidden_states[2], outputs.queries[1], outputs.keys[1], gradient]


def main() -> None:
    """Compile for two shapes, as many texts as tokens and not, with padding and without; no other may need more."""
    from torch._dynamo.utils import counters

    encoder = make().train()
    names = list(encoder.state_dict())
    shapes = list(itertools.product((2, 3, 5, 8), (2, 3, 7, 12, 19, 31)))
    batches = [draw(size, length, is_padded=is_padded) for size, length in shapes for is_padded in (True, False)]
    expected = [run(encoder, batch) for batch in batches]
    with compiled_layers(encoder):
        results = [run(encoder, batch) for batch in batches[:4]]
        num_graphs = counters["stats"]["unique_graphs"]
        assert 0 < num_graphs <= MAX_GRAPHS, num_graphs
        results += [run(encoder, batch) for batch in batches[4:]]
        assert counters["stats"]["unique_graphs"] == num_graphs, counters["stats"]
        assert list(encoder.state_dict()) == names
    assert "forward" not in vars(encoder.model.base_model.encoder.layer[0])
    for ours, eager in zip(results, expected, strict=True):
        torch.testing.assert_close(ours, eager, rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    main()
