import subprocess
import sys

import numpy as np
import pytest
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from potstill.answers import LabelRows
from potstill.data import BatchConfig, Batches, Split, describe_reading, tokenise
from potstill.data.tokenised import TextEncoder
from potstill.hub import Tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film", "##s"]
    fast = FastTokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    fast.pre_tokenizer = pre_tokenizers.Whitespace()
    fast.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return Tokenizer(
        PreTrainedTokenizerFast(
            tokenizer_object=fast,
            pad_token="[PAD]",
            unk_token="[UNK]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        )
    )


def test_the_hub_tokenizer_is_what_this_room_asks_for(tokenizer):
    assert isinstance(tokenizer, TextEncoder)


def test_a_batch_holds_what_the_tokenizer_gives(tokenizer):
    split = Split(
        texts=["good films", "bad"],
        pairs=["film", "bad bad"],
        labels=LabelRows.one_each(np.array([0.5, 1.5], dtype=np.float32)),
    )
    tokenised = tokenise(split, tokenizer, max_length=16)
    batch = Batches(tokenised, BatchConfig(), seed=0).collate(np.array([0, 1]))
    assert batch.input_ids.tolist() == [[2, 4, 6, 7, 3, 6, 3], [2, 5, 3, 5, 5, 3, 0]]
    assert batch.token_type_ids.tolist() == [[0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 0]]
    assert batch.token_mask.sum(dim=1).tolist() == [7, 6]
    assert batch.labels.tolist() == [0.5, 1.5]


def test_long_examples_are_cut(tokenizer):
    tokenised = tokenise(Split(texts=["good " * 50, "bad"]), tokenizer, max_length=8)
    assert tokenised.tokens.lengths.tolist() == [8, 3]
    assert tokenised.tokens.num_cut == 1


def test_only_what_is_longer_counts_as_cut(tokenizer):
    exact = Split(texts=["good " * 6, "bad"], pairs=["good " * 5, "bad"])
    assert [tokenise(exact, tokenizer, max_length=length).tokens.num_cut for length in (14, 13, 5, 4)] == [0, 1, 1, 2]


def test_what_was_read_and_cut_is_said_in_one_line(tokenizer):
    splits = [tokenise(Split(texts=["good " * 50, "bad"]), tokenizer, max_length=8)] * 2
    told = describe_reading(("a.csv (2 rows)", "labels: x, y"), splits, max_length=8)
    assert told == "data: a.csv (2 rows); labels: x, y; 2 of 4 texts are cut at 8 tokens (data.max_length)"
    assert describe_reading(("a.csv (2 rows)",), splits[:0], max_length=8) == "data: a.csv (2 rows)"


def test_importing_the_data_room_imports_no_heavy_library():
    heavy = ["transformers", "tokenizers", "datasets", "pyarrow", "pandas", "sklearn", "scipy"]
    code = f"import sys, potstill.data; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
