"""A tokenizer whose tokens are whole words, built from texts."""

from collections.abc import Iterable, Iterator
from itertools import islice

from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from potstill.hub.tokenizing import Tokenizer

_PADDING, _UNKNOWN, _SEPARATOR, _MASK = "[PAD]", "[UNK]", "[SEP]", "[MASK]"
_ALL = 2**40
_SPECIAL = (_PADDING, _UNKNOWN, _SEPARATOR, _MASK)


def build_word_tokenizer(
    texts: Iterable[str],
    *,
    more_words: Iterable[str] = (),
    max_words: int | None = None,
    min_count: int = 1,
    lowercase: bool = True,
) -> Tokenizer:
    """Build a tokenizer of whole words, which splits text as BERT does before it cuts words into pieces.

    Args:
        texts: Where the words are counted.
        more_words: Words to know beside them; what could never be one, such as a word with a capital under `lowercase`,
            is left out.
        max_words: Most words to keep of the texts, the most frequent first; None = all.
        min_count: Occurrences that a word of the texts must have.
        lowercase: Whether to put text into lower case, without accents.

    Returns:
        The tokenizer. Texts end with `[SEP]`; `[MASK]` is one token; a word that is not known is `[UNK]`.
    """
    raw = _splitter(lowercase=lowercase)
    raw.add_special_tokens(list(_SPECIAL))  # so that they are not split
    counted = _count(raw, texts, min_count)
    more = (word for word in more_words if _is_whole(word, raw))
    words = dict.fromkeys((*_SPECIAL, *islice(counted, max_words), *more))
    raw = _splitter(lowercase=lowercase)
    raw.model = models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=_UNKNOWN)
    raw.add_special_tokens(list(_SPECIAL))
    separator = (_SEPARATOR, _SPECIAL.index(_SEPARATOR))
    raw.post_processor = processors.TemplateProcessing(
        single=f"$A {_SEPARATOR}", pair=f"$A {_SEPARATOR} $B:1 {_SEPARATOR}:1", special_tokens=[separator]
    )
    return Tokenizer(
        PreTrainedTokenizerFast(
            tokenizer_object=raw,
            pad_token=_PADDING,
            unk_token=_UNKNOWN,
            sep_token=_SEPARATOR,
            mask_token=_MASK,
            model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        )
    )


def _splitter(*, lowercase: bool) -> RawTokenizer:
    """Make a tokenizer that knows how to split text, and no word."""
    raw = RawTokenizer(models.WordLevel(unk_token=_UNKNOWN))
    raw.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return raw


def _count(raw: RawTokenizer, texts: Iterable[str], min_count: int) -> Iterator[str]:
    """Give the words of texts, the most frequent first, words of one frequency by alphabet."""
    trainer = trainers.WordLevelTrainer(vocab_size=_ALL, min_frequency=min_count, show_progress=False)
    raw.train_from_iterator(texts, trainer=trainer)
    numbers = raw.get_vocab(with_added_tokens=False)
    return (word for word in sorted(numbers, key=numbers.__getitem__) if word not in _SPECIAL)


def _is_whole(word: str, raw: RawTokenizer) -> bool:
    """Say whether a word stays as it is when text is split."""
    normal = raw.normalizer.normalize_str(word)
    return normal == word and [part for part, _ in raw.pre_tokenizer.pre_tokenize_str(word)] == [word]
