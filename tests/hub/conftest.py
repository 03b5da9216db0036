import pytest
import torch

from potstill.tensors import Batch


@pytest.fixture(scope="session")
def batch() -> Batch:
    """Two texts of 6 and 4 tokens out of a vocabulary of 40."""
    torch.manual_seed(1)
    ids = torch.randint(5, 40, (2, 6))
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]], dtype=torch.bool)
    return Batch(
        input_ids=ids.masked_fill(~mask, 0),
        token_mask=mask,
        token_type_ids=torch.zeros_like(ids),
        labels=None,
        example_ids=torch.arange(2),
    )
