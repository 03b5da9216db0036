"""What the tests of students start from."""

import pytest
from tiny_sources import FAMILIES, make_batch, make_teacher, make_tokenizer

from potstill.hub import Encoder, Tokenizer
from potstill.tensors import Batch


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Tokenizer:
    """A BERT WordPiece tokenizer of 100 words."""
    return make_tokenizer()


@pytest.fixture(scope="session")
def tiny_teacher() -> Encoder:
    """A BERT of 3 layers, 24 wide, with 4 heads and a feed-forward size of 48, for the labels a, b and c."""
    return make_teacher(FAMILIES["bert"])


@pytest.fixture(scope="session")
def batch() -> Batch:
    return make_batch()
