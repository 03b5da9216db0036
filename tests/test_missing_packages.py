"""A test is skipped for want of an optional package only where that package is really missing."""

import ast
from pathlib import Path

import pytest
from missing_packages import find_lacking, find_reason

SOURCES = Path(__file__).parents[1] / "src" / "potstill"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (
            "E  an export needs onnx, which is not\n installed; run \"pip install 'potstill[export]'\".",
            "onnx, onnxscript",
        ),
        ("tracking.trackers: 'tensorboard' is not installed; run 'pip install tensorboard'.", "tensorboard"),
        ("ModuleNotFoundError: No module named 'vl_convert'", "vl_convert"),
        ('--ray: ray is not installed; run "pip install potstill[ray]".', None),  # it is there
        ("ModuleNotFoundError: No module named 'potstill.cli'", None),
        ("AssertionError: onnx is not installed", None),
    ],
)
def test_only_what_lacks_a_missing_package_is_skipped(told: str, reason: str | None) -> None:
    lacking = {"export": ("onnx", "onnxscript"), "plots": ("vl-convert-python",), "dev": ("tensorboard",)}
    assert find_reason(told, lacking) == reason
    assert find_reason(told, {}) is None


def test_what_is_lacking_cannot_be_imported() -> None:
    for packages in find_lacking().values():
        for package in packages:
            with pytest.raises(ImportError):
                __import__(package.removesuffix("-python").replace("-", "_"))


def test_every_sentence_of_a_missing_package_is_known() -> None:
    found = [
        sentence
        for file in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and "not installed;" in (sentence := _write(node))
    ]
    assert len(found) >= 8
    extras = dict.fromkeys(("augment", "ray", "label", "export", "plots"), ("some-package",))
    unknown = [sentence for sentence in found if "potstill[" in sentence and not find_reason(sentence, extras)]
    assert unknown == []


def _write(raised: ast.Raise) -> str:
    """Write the message of an error; what is filled in later is left out."""
    return "".join(
        part.value for part in ast.walk(raised) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
