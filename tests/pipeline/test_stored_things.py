"""Whatever is stored, and however it was damaged: the same comes out, or one sentence, and never other results.

A new kind of thing is found by itself, as a file without a checksum; then it gets a reader here.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_reviews import WORDS

from potstill import distill
from potstill.data import load_corpus
from potstill.data.corpus_config import CorpusConfig
from potstill.errors import PotstillError
from potstill.evaluation import TrustTexts
from potstill.files import read_json
from potstill.hub import load_classifier, open_model
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.stages import read_projections
from potstill.pipeline.transfer import load_examples
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.results import AttentionMaps, ChosenExamples, Predictions, Results, Trust
from potstill.run_folder import RunFolder
from potstill.students import BertStudentConfig

SETTINGS = [
    "precision=fp32",
    "student.num_layers=2",
    "student.init.kind=random",
    'stages.0.objectives=[{kind="hidden_states"}, {kind="soft_labels"}]',
    "stages.0.data=augmented",
    "stages.0.epochs=none",
    "stages.0.steps=4",
    "augmentation.method.kind=tang",
    "augmentation.method.replace_probability=0",
    "augmentation.copies=2",
    "teacher.states=store",
    "checkpoints.every_steps=2",
]
NOT_SEALED = {".lock", "checksums.json", "report.html", "README.md"}
"""A lock says nothing, a seal is checked by what it seals, and people may rewrite pages."""


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped": flip,
    "cut": lambda content: content[: len(content) * 2 // 3],
    "empty": lambda _: b"",
    "zeros": lambda content: bytes(len(content)),
}


@pytest.fixture(scope="module")
def made(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, its store, a tokenised corpus, and the request of a suite's cell."""
    place = tmp_path_factory.mktemp("stored")
    fields = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    distill("kd", **fields, out=place / "run", overrides=SETTINGS)
    starts = [(number % 7, WORDS[number % 14], 3 + number % 5) for number in range(400)]
    lines = [f"{word} {' '.join(WORDS[start : start + length])}" for start, word, length in starts]
    (place / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    read_corpus(place)
    return place


def read_corpus(place: Path) -> object:
    config = CorpusConfig.parse(
        {"paths": [str(place / "text.txt")], "min_length": 2, "max_unknown": 1.0}, path="corpus"
    )
    tokenizer = open_model(str(place / "run")).tokenizer
    corpus = load_corpus(config, tokenizer, store=place / "store", callback=SilentCallback())
    return [block.tokens.ids.tolist() for block in (corpus.train, corpus.heldout)]


def read_texts(place: Path) -> object:
    recipe = load_recipe(str(place / "run" / "recipe.json"))
    source = TaskSource(recipe=recipe.with_length(128), data=load_examples(recipe))
    run = OpenRun(source=source, folder=RunFolder(path=place / "run"), callback=SilentCallback())
    examples = make_examples(run, plan_texts(run, None), None)
    return examples.split.texts


def read_student(place: Path) -> object:
    return {name: value.tolist() for name, value in load_classifier(str(place / "run")).state_dict().items()}


def read_learnt(place: Path) -> object:
    start = {"kind": "checkpoint", "path": str(place / "run")}
    student = BertStudentConfig.parse({"kind": "bert", "num_layers": 2, "init": start})
    return {name: value.tolist() for name, value in read_projections(student).items()}


def read_predictions(place: Path) -> object:
    return {
        name: rows.tolist() for name, rows in Predictions.read(place / "run" / "predictions.safetensors").logits.items()
    }


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "recipe": ("run/recipe.json", lambda place: RunFolder(path=place / "run").read_recipe()),
    "environment": ("run/environment.json", lambda place: RunFolder(path=place / "run").read_environment()),
    "beginning": ("run/begun.json", lambda place: RunFolder(path=place / "run").read_begun()),
    "events": ("run/events.jsonl", lambda place: RunFolder(path=place / "run").read_events()),
    "choice of states": ("run/states.json", lambda place: read_json(place / "run" / "states.json", remedy="")),
    "results": ("run/results.json", lambda place: Results.read(place / "run" / "results.json")),
    "examples": ("run/examples.json", lambda place: ChosenExamples.read(place / "run" / "examples.json")),
    "attention": ("run/attention.json", lambda place: AttentionMaps.read(place / "run" / "attention.json")),
    "predictions": ("run/predictions.safetensors", read_predictions),
    "projections": ("run/projections.safetensors", read_learnt),
    "student": ("run/student/*", read_student),
    "trust": ("run/student/trust.json", lambda place: Trust.read(place / "run" / "student" / "trust.json")),
    "trust texts": ("run/trust-texts.json", lambda place: TrustTexts.read(place / "run" / "trust-texts.json")),
    "texts": ("store/augmented-*/*", read_texts),
    "corpus": ("store/corpus-*/*", read_corpus),
}


def is_told(path: Path) -> bool:
    """Say whether a checksum tells whether a file is right: in the seal beside it, or as its name."""
    seal = path.with_name("checksums.json")
    if seal.is_file() and path.name in json.loads(seal.read_text(encoding="utf-8")):
        return True
    return path.stem == hashlib.sha256(path.read_bytes()).hexdigest()[: len(path.stem)]


def test_every_file_has_a_checksum(made: Path) -> None:
    files = [path for place in ("run", "store") for path in (made / place).rglob("*") if path.is_file()]
    bare = [path for path in files if path.name not in NOT_SEALED and path.suffix != ".lock" and not is_told(path)]
    assert [str(path.relative_to(made)) for path in bare] == []
    assert len(files) > 30


def try_to(read: Callable[[], object]) -> tuple[object, PotstillError | None]:
    try:
        return read(), None
    except PotstillError as error:
        return None, error


@pytest.mark.parametrize("name", READERS)
def test_damage_is_mended_or_told_and_never_believed(made: Path, tmp_path: Path, name: str) -> None:
    pattern, read = READERS[name]
    place = tmp_path / "place"
    shutil.copytree(made, place)
    expected = read(place)
    files = [path for path in sorted(place.glob(pattern)) if path.name not in NOT_SEALED - {"checksums.json"}]
    assert files
    told = 0
    for path in files:
        whole = {each: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
        for damage in DAMAGES.values():
            path.write_bytes(damage(whole[path]))
            found, error = try_to(lambda: read(place))
            told += error is not None
            assert found == expected if error is None else path.name in str(error), path.name
            assert len(str(error)) < 600
            for each, content in whole.items():
                each.write_bytes(content)
    assert told or name in ("texts", "corpus"), "what can be made anew is"
