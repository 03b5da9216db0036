"""What a judge is asked: a server, a file of labels, and texts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from judge_server import Server

LABELS = """
question = "Is the reviewer content?"
abstain = "unclear"
[labels]
pos = "The reviewer would see it again."
neg = "The reviewer regrets it."
[words]
pos = "good"
neg = "bad"
"""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.toml"
    path.write_text(LABELS, encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    lines = [f"a {word} film {number}" for number in range(8) for word in ("good", "bad", "copper")]
    path.write_text("\n".join([*lines, lines[0]]) + "\n", encoding="utf-8")
    return path
