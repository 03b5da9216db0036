"""Sentences per second of both methods of augmentation, TinyBERT's against its published algorithm in the same run.

The plain loop does what the published code does: for every content word of one token one forward of the masked language
model on one text and its copy, with the logits of all positions and a full sort of those at the mask; for other words
a search through all vectors, in float64, with a full sort. But it keeps no gradients, as the published code does.
Ours runs in the same process on the same model and vectors, and draws the same number of copies. Seconds are those of
the processor, so that other work on the machine counts little; give it one thread (OMP_NUM_THREADS=1).

    python benchmarks/augment.py --data GLUE --task sst-2 --masked-lm path/to/model --vectors glove.txt

Without --masked-lm a random model of the given size stands in for one, which changes no time, and candidates are not
compared; without --vectors random vectors do. Without textblob the tagger is left out.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
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
    WorkerPool,
    split_words,
)
from potstill.augmentation.content_words import is_replaceable
from potstill.data import DataConfig, load_task_data
from potstill.hub import load_masked_lm, open_model, resolve_model
from potstill.progress import SilentCallback

WAYS = (
    {"context": "pair", "masked_together": 1},
    {"context": "single", "masked_together": 1},
    {"context": "pair", "share_reading": True},
    {"context": "single", "share_reading": True},
    {"context": "pair", "masked_together": 512},
    {"context": "single", "masked_together": 512},
)
"""Ways of reading masks, the published one first."""


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
            with torch.inference_mode():
                logits = model(**inputs).logits[0, position]
            best = torch.argsort(logits, descending=True)[:count].tolist()
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
    begun = time.process_time()
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
    return time.process_time() - begun


def make_seconds(texts: Sequence[str], config: MethodConfig, copies: int) -> tuple[float, float, int]:
    """Time a method without writing; give the seconds of building it, those of making texts, and how many it made."""
    rows = [(text,) for text in texts]
    with WorkerPool(1) as workers:
        begun = time.process_time()
        method = config.build(Material(rows=rows, workers=workers, callback=SilentCallback()))
        built = time.process_time()
        maker = RowMaker(
            rows=rows,
            method=method,
            config=AugmentationConfig(keep_originals=False),
            attempts=np.full(len(rows), copies),
            labeller=None,
            workers=workers,
        )
        made = sum(len(part) for part in maker.parts())
        return built - begun, time.process_time() - built, made


def measure(work: Callable[[], object]) -> float:
    """Time something."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure_tang(texts: Sequence[str], rounds: int) -> None:
    """Print the speed of masks, replacements and n-grams, and that of tagging: the best of several rounds."""
    kinds = {
        "mask": TangConfig(replace_probability=0.0, ngram_probability=0.0),
        "n-gram": TangConfig(replace_probability=0.0, mask_probability=0.0, ngram_probability=1.0),
    }
    if find_spec("textblob"):
        kinds["mask, part of speech and n-gram"] = TangConfig()
        tagger, words = TextblobTaggerConfig(), [split_words(text).words for text in texts]
        tagger.tag([["warm"]])
        seconds = min(measure(lambda: tagger.tag(words)) for _ in range(rounds))
        print(f"tagging: {len(texts) / seconds:,.0f} sentences/s, {sum(map(len, words)) / seconds:,.0f} words/s")
    for name, config in kinds.items():
        seconds, made = min(make_seconds(texts, config, 20)[1:] for _ in range(rounds))
        print(f"{name}: {20 * len(texts) / seconds:,.0f} tries/s, {made / seconds:,.0f} new sentences/s, one process")


def make_model(source: str, size: Sequence[int], folder: Path) -> str:
    """Write a random masked language model with the tokenizer of another model."""
    layers, hidden = size
    tokenizer = open_model(source).tokenizer
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
    """Write random vectors of the texts' words and of others, as many as the published code reads."""
    words = list(dict.fromkeys(word.lower() for text in texts for word in split_words(text).words if word.isalpha()))
    words += [f"word{number}" for number in range(100_000 - len(words))]
    matrix = np.random.default_rng(0).normal(size=(len(words), 50)).round(3)
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
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3, help="each on sentences of its own, all ways in turn")
    parser.add_argument("--plain-sentences", type=int, default=40)
    given = parser.parse_args()
    data = load_task_data(DataConfig.parse({"task": given.task, "path": given.data, "limit": given.sentences}))
    texts = data.train.texts
    measure_tang(texts, given.rounds)
    with tempfile.TemporaryDirectory() as folder:
        where = given.masked_lm or make_model(given.tokenizer, given.size, Path(folder))
        vectors = given.vectors or make_vectors(texts, Path(folder) / "vectors.txt")
        config = TinyBertConfig(masked_lm=where, vectors=vectors)
        measure_tinybert(texts, config, num_plain=given.plain_sentences, rounds=given.rounds)
        if given.masked_lm:
            compare_candidates(texts, config)


def measure_tinybert(texts: Sequence[str], config: TinyBertConfig, *, num_plain: int, rounds: int) -> None:
    """Print the speed of TinyBERT's method, and how many times that of the plain loop it is, round by round."""
    encoder = load_masked_lm(config.masked_lm)
    tokenizer = encoder.tokenizer.wrapped
    model = AutoModelForMaskedLM.from_pretrained(resolve_model(config.masked_lm)).eval()
    lines = [line.split(" ") for line in Path(config.vectors).read_text(encoding="utf-8").splitlines()]
    names = [line[0] for line in lines[: config.num_vectors]]
    matrix = np.array([line[1:] for line in lines[: config.num_vectors]], dtype=np.float64)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    known = (names, matrix, {name: place for place, name in enumerate(names)})
    plain_seconds(texts[:2], model, tokenizer, known, config)
    plain: list[float] = []
    speeds: dict[str, list[float]] = {describe(ways): [] for ways in WAYS}
    for number in range(rounds):
        few = texts[:num_plain][number::rounds]
        plain.append(len(few) / plain_seconds(few, model, tokenizer, known, config))
        print(f"tinybert, published way: {plain[-1]:,.2f} sentences/s ({len(few)} sentences)")
        many = texts[number::rounds]
        for ways in WAYS:
            _, seconds, made = make_seconds(many, config.model_copy(update=ways), 20)
            speeds[describe(ways)].append(len(many) / seconds)
            print(
                f"  {describe(ways)}: {len(many) / seconds:,.1f} sentences/s, {made / seconds:,.0f} new/s", flush=True
            )
    for name, found in speeds.items():
        times = sorted(speed / slow for speed, slow in zip(found, plain, strict=True))
        print(f"tinybert, {name}: {np.median(times):.1f} times the published way [{times[0]:.1f}, {times[-1]:.1f}]")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")


def compare_candidates(texts: Sequence[str], config: TinyBertConfig) -> None:
    """Print how much of the published way's candidates the others find, and how often the old word is among them."""
    material = Material(rows=[(text,) for text in texts], workers=WorkerPool(1), callback=SilentCallback())
    words = [split_words(text).words for text in texts]
    published: list = []
    for ways in WAYS:
        found = config.model_copy(update={**ways, "vectors": "embeddings"}).build(material).find_candidates(texts)
        published = published or found
        shares, has_old = [], []
        for theirs, ours, old in zip(published, found, words, strict=True):
            for place, options in theirs.items():
                shares.append(len({*options} & {*ours.get(place, ())}) / len(options))
                has_old.append(old[place] in ours.get(place, ()))
        print(f"{describe(ways)}: {np.mean(shares):.3f} of the published candidates, old word {np.mean(has_old):.3f}")


def describe(ways: dict) -> str:
    """Name a way of reading masks."""
    return ", ".join(f"{name} {value}" for name, value in ways.items())


if __name__ == "__main__":
    main()
