"""Sentences per second of both methods of augmentation, TinyBERT's against its published algorithm in the same run.

The plain loop does what the published code does: for every content word one forward of the masked language model on one
text, with gradients and the logits of all positions, or a search through all vectors with a full sort. Both make
the same candidates from the same model and the same vectors, and draw the same number of copies.

    python benchmarks/augment.py --data GLUE --task sst-2 --masked-lm path/to/model --vectors glove.txt

Without --masked-lm a random model of the given size stands in for one, which changes no time; without --vectors random
vectors do. Without textblob the tagger is left out.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, BertConfig, BertForMaskedLM

from potstill.augmentation import (
    AugmentationConfig,
    Material,
    MethodConfig,
    RowMaker,
    TangConfig,
    TextblobTaggerConfig,
    TinyBertConfig,
    Workers,
    split_words,
)
from potstill.augmentation.tinybert import is_replaceable
from potstill.data import DataConfig, load_task_data
from potstill.hub import load_masked_lm, load_tokenizer, resolve_model
from potstill.progress import SilentObserver


def plain_candidates(
    words: Sequence[str], model: torch.nn.Module, tokenizer: object, vectors: tuple, count: int
) -> list:
    """Find candidates of a text one word at a time."""
    names, matrix, places = vectors
    found = []
    for place, word in enumerate(words):
        if not is_replaceable(word):
            found.append([word])
        elif len(tokenizer.tokenize(word)) == 1:
            masked = [*words[:place], tokenizer.mask_token, *words[place + 1 :]]
            inputs = tokenizer(" ".join(masked), " ".join(words), return_tensors="pt", truncation=True, max_length=512)
            position = inputs["input_ids"][0].tolist().index(tokenizer.mask_token_id)
            logits = model(**inputs).logits[0, position]
            best = torch.sort(logits, descending=True).indices[:count].tolist()
            found.append([name for name in tokenizer.convert_ids_to_tokens(best) if not name.startswith("##")])
        elif word.lower() in places:
            likeness = matrix @ matrix[places[word.lower()]]
            found.append([names[index] for index in np.argsort(-likeness)[1 : count + 1]])
        else:
            found.append([word])
    return found


def plain_seconds(
    texts: Sequence[str], model: object, tokenizer: object, vectors: tuple, config: TinyBertConfig
) -> float:
    """Time the published algorithm, its copies included."""
    random = np.random.default_rng(0)
    begun = time.perf_counter()
    for text in texts:
        words = split_words(text).words
        candidates = plain_candidates(words, model, tokenizer, vectors, config.candidates)
        made = [text]
        for _ in range(20):
            new = list(words)
            for place, options in enumerate(candidates):
                choice = options[int(random.random() * len(options))] if options else words[place]
                if random.random() < config.probability:
                    new[place] = choice
            if (joined := " ".join(new)) not in made:
                made.append(joined)
    return time.perf_counter() - begun


def make_seconds(texts: Sequence[str], config: MethodConfig, copies: int) -> tuple[float, float, int]:
    """Time a method without writing; give the seconds of building it, those of making texts, and how many it made."""
    rows = [(text,) for text in texts]
    with Workers(1) as workers:
        begun = time.perf_counter()
        method = config.build(Material(rows=rows, workers=workers, observer=SilentObserver()))
        built = time.perf_counter()
        maker = RowMaker(
            rows=rows,
            method=method,
            config=AugmentationConfig(keep_originals=False),
            attempts=np.full(len(rows), copies),
            labeller=None,
            workers=workers,
        )
        made = sum(len(part) for part in maker.parts())
        return built - begun, time.perf_counter() - built, made


def measure_tang(texts: Sequence[str]) -> None:
    """Print the speed of masks, replacements and n-grams, and that of tagging."""
    kinds = {
        "mask": TangConfig(replace_probability=0.0, ngram_probability=0.0),
        "n-gram": TangConfig(replace_probability=0.0, mask_probability=0.0, ngram_probability=1.0),
    }
    if find_spec("textblob"):
        kinds["mask, part of speech and n-gram"] = TangConfig()
        tagger, words = TextblobTaggerConfig(), [split_words(text).words for text in texts]
        tagger.tag([["warm"]])
        begun = time.perf_counter()
        tagger.tag(words)
        seconds = time.perf_counter() - begun
        print(f"tagging: {len(texts) / seconds:,.0f} sentences/s, {sum(map(len, words)) / seconds:,.0f} words/s")
    for name, config in kinds.items():
        _, seconds, made = make_seconds(texts, config, 20)
        print(f"{name}: {20 * len(texts) / seconds:,.0f} tries/s, {made / seconds:,.0f} new sentences/s, one process")


def make_model(source: str, size: Sequence[int], folder: Path) -> str:
    """Write a random masked language model with the tokenizer of another model."""
    layers, hidden = size
    tokenizer = load_tokenizer(resolve_model(source), source)
    config = BertConfig(
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=hidden // 32,
        intermediate_size=4 * hidden,
        vocab_size=len(tokenizer.wrapped),
    )
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.wrapped.save_pretrained(folder)
    return str(folder)


def make_vectors(texts: Sequence[str], path: Path) -> str:
    """Write 20,000 random vectors of the texts' words and of others."""
    words = list(dict.fromkeys(word.lower() for text in texts for word in split_words(text).words if word.isalpha()))
    words = [*words[:20_000], *(f"word{number}" for number in range(20_000 - len(words)))]
    matrix = np.random.default_rng(0).normal(size=(len(words), 100)).round(3)
    lines = (f"{word} {' '.join(map(str, row))}" for word, row in zip(words, matrix.tolist(), strict=True))
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def main() -> None:
    """Measure both methods and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="GLUE folder; leave out for trec and movies")
    parser.add_argument("--task", default="sst-2")
    parser.add_argument("--masked-lm")
    parser.add_argument("--tokenizer", default="minilm", help="whose tokenizer the random model has")
    parser.add_argument("--size", type=int, nargs=2, default=(6, 384), help="layers and width of the random model")
    parser.add_argument("--vectors")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--plain-sentences", type=int, default=60)
    given = parser.parse_args()
    data = load_task_data(DataConfig.parse({"task": given.task, "path": given.data, "limit": given.sentences}))
    texts = data.train.texts
    measure_tang(texts)
    with tempfile.TemporaryDirectory() as folder:
        where = given.masked_lm or make_model(given.tokenizer, given.size, Path(folder))
        vectors = given.vectors or make_vectors(texts, Path(folder) / "vectors.txt")
        config = TinyBertConfig(masked_lm=where, vectors=vectors)
        measure_tinybert(texts, texts[: given.plain_sentences], config)


def measure_tinybert(texts: Sequence[str], few: Sequence[str], config: TinyBertConfig) -> None:
    """Print the speed of TinyBERT's method, and how many times that of the plain loop it is."""
    encoder = load_masked_lm(config.masked_lm)
    tokenizer = encoder.tokenizer.wrapped
    model = AutoModelForMaskedLM.from_pretrained(resolve_model(config.masked_lm)).eval()
    lines = [line.split(" ") for line in Path(config.vectors).read_text(encoding="utf-8").splitlines()]
    names = [line[0] for line in lines[: config.num_vectors]]
    matrix = np.array([line[1:] for line in lines[: config.num_vectors]], dtype=np.float64)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    known = (names, matrix, {name: place for place, name in enumerate(names)})
    plain_seconds(few[:2], model, tokenizer, known, config)
    plain = len(few) / plain_seconds(few, model, tokenizer, known, config)
    print(f"tinybert, published way: {plain:,.2f} sentences/s ({len(few)} sentences)")
    for context, together in (("pair", 1), ("single", 1), ("pair", 4), ("pair", 512)):
        chosen = config.model_copy(update={"context": context, "masked_together": together})
        building, seconds, made = make_seconds(texts, chosen, 20)
        speed = len(texts) / seconds
        print(
            f"tinybert, context {context}, masked_together {together}: {speed:,.1f} sentences/s, "
            f"{made / seconds:,.0f} new ones/s, {speed / plain:.1f} times ({building:.1f} s to build)",
            flush=True,
        )
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
