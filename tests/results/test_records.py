"""Every file that a run writes as JSON and reads again: one way back, and one sentence where it is damaged."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_results import results  # noqa: F401 - a fixture

from potstill.errors import RunError
from potstill.evaluation import TrustTexts
from potstill.results import AttentionMaps, ChosenExamples, GeneralResults, Record, Results, Trust
from potstill.run_folder import RunFolder
from potstill.serving.export_report import ExportReport
from potstill.suites import Suite, SuiteFolder

GENERAL = {
    "name": "pretrain",
    "base": "base",
    "corpus": dict.fromkeys(("num_lines", "num_examples", "num_tokens", "num_heldout", "num_dropped"), 1)
    | {"fingerprint": "ab"},
    "parameters": {"total": 1},
    "stages": [],
    "training_seconds": 1.0,
    "environment": {},
}
SUITE = {
    "name": "mine",
    "description": "d",
    "systems": [{"name": "kd", "recipe": "kd"}],
    "tasks": ["trec"],
    "teacher": {"base": "b"},
}
EXPORT = {
    "task": "reviews",
    "split": "dev",
    "num_examples": 9,
    "metric": "accuracy",
    "score": 0.5,
    "parity": {"num_texts": 1, "shortest": 1, "longest": 2, "largest_difference": 0.0, "tolerance": 0.1},
    "files": [
        {
            "file": "model.onnx",
            "size_bytes": 1,
            "score": 0.5,
            "drop": 0.0,
            "drop_interval": [0.0, 0.0],
            "agreement": 1.0,
            "largest_difference": 0.0,
        }
    ],
    "settings": {},
    "versions": {},
}
WHOLE: dict[type[Record], dict] = {
    AttentionMaps: {"examples": []},
    ChosenExamples: {"label_names": ["no"], "disagreements": [], "spread": []},
    ExportReport: EXPORT,
    GeneralResults: GENERAL,
    Suite: SUITE,
    TrustTexts: {
        "reference": "teacher",
        "split": "test",
        "max_length": 64,
        "kept": {"texts": ["good", "bad"], "pairs": ["a", "b"], "words": [[[0, 4]], []]},
        "answers": [1, 0],
    },
    Trust: {"reference": "gold", "split": "test", "num_texts": 1, "steps": [], "promise": {"target": 0.9}},
}
PLAIN: dict[str, tuple[str, Callable[[Path], object]]] = {
    "recipe": ("recipe.json", lambda folder: RunFolder(path=folder).read_recipe()),
    "environment": ("environment.json", lambda folder: RunFolder(path=folder).read_environment()),
    "events": ("events.jsonl", lambda folder: RunFolder(path=folder).read_events()),
    "cell": ("cells/a.json", lambda folder: SuiteFolder(path=folder).read_request("a")),
}
DAMAGES = {
    "cut": b"{",
    "no UTF-8": b'{"name": "\xff"}',
    "a list": b"[]",
    "a number": b"5",
    "nested too deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of 5,000 digits": b'{"a": ' + b"1" * 5_000 + b"}",
    "half of a character": b'{"name": "\\ud800"}',
    "zeros": b"\0" * 100,
}


def kinds(kind: type[Record]) -> Iterator[type[Record]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


READERS = {
    kind.__name__: ("record.json", lambda folder, kind=kind: kind.read(folder / "record.json"))
    for kind in kinds(Record)
} | PLAIN


def is_one_sentence(error: RunError, path: Path) -> bool:
    text = str(error)
    return (
        text.startswith(f"'{path}' ") and "; " in text and text.endswith(".") and "\n" not in text and len(text) < 600
    )


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_sentence_with_its_path_and_what_to_do(name: str, damage: str, tmp_path: Path):
    place, read = READERS[name]
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(DAMAGES[damage])
    with pytest.raises(RunError) as caught:
        read(tmp_path)
    assert is_one_sentence(caught.value, path), caught.value


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"environment", "events"}))
def test_a_missing_file_is_one_sentence(name: str, tmp_path: Path):
    place, read = READERS[name]
    with pytest.raises(RunError, match=r"cannot be read \(No such file or directory\); ") as caught:
        read(tmp_path)
    assert is_one_sentence(caught.value, tmp_path / place)


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds(Record) if kind is not Results], ids=lambda kind: kind.__name__
)
def test_a_record_survives_its_file(kind: type[Record], tmp_path: Path):
    record = kind.parse(WHOLE[kind])
    record.write(tmp_path / "record.json")
    assert kind.read(tmp_path / "record.json") == record


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_results_with_a_byte_that_flipped_are_read_or_refused(results: Results, tmp_path: Path, cut: float, byte: int):  # noqa: F811
    path = tmp_path / "results.json"
    results.write(path)
    content = bytearray(path.read_bytes())
    content[int(cut * len(content))] = byte
    path.write_bytes(content)
    with contextlib.suppress(RunError):
        json.dumps(Results.read(path).model_dump(mode="json"), ensure_ascii=False).encode()
