"""predictions.safetensors: the logits of every model of a run, so that a question can be asked later.

Tensors: `gold`, int64 class indices or float32 scores, [rows]; `offsets`, [examples + 1], where a text has more than
one row; and for each model one named after its role, such as `teacher` and `student`, float32 logits, [rows, labels].
The file's metadata hold, as JSON under the key `potstill`, the task, the split, the kind of task, the names of the
labels in the order of the logits, and the schema's version.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.files import check_file, say_damaged, whole_file
from potstill.results.evidence import REMEASURE

_VERSION = 1
_KEY = "potstill"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What the models of a run said about each example of a split.

    Attributes:
        task: Name of the task.
        kind: The word of the kind of answer.
        split: Which examples.
        label_names: Names of the labels in the order of the logits; empty for scores.
        gold: Class indices or scores, [rows].
        logits: Logits by the model's role, [rows, labels].
        offsets: Example i has the rows `offsets[i]:offsets[i + 1]`; None where each has one.
    """

    task: str
    kind: str
    split: str
    label_names: tuple[str, ...]
    gold: NDArray[np.generic]
    logits: Mapping[str, NDArray[np.float32]]
    offsets: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check that every model answered every row."""
        for role, rows in self.logits.items():
            assert rows.shape == (len(self.gold), max(1, len(self.label_names))), (role, rows.shape)

    def write(self, path: Path) -> None:
        """Write the file whole or not at all.

        Args:
            path: The file; its folder must exist.
        """
        from safetensors.numpy import save

        about = {
            "version": _VERSION,
            "task": self.task,
            "kind": self.kind,
            "split": self.split,
            "label_names": self.label_names,
        }
        tensors: dict[str, NDArray[np.generic]] = {
            role: np.ascontiguousarray(rows, dtype=np.float32) for role, rows in self.logits.items()
        }
        if self.offsets is not None:
            tensors["offsets"] = self.offsets
        with whole_file(path, is_sealed=True) as aside:
            aside.write_bytes(
                save({"gold": np.ascontiguousarray(self.gold), **tensors}, metadata={_KEY: json.dumps(about)})
            )

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Read what `write` wrote.

        Args:
            path: The file.

        Returns:
            The predictions.

        Raises:
            RunError: The file is missing, damaged, or another program's.
        """
        from safetensors import SafetensorError, safe_open

        check_file(path, remedy=REMEASURE)
        try:
            with safe_open(path, framework="numpy") as file:
                about: dict[str, Any] = json.loads((file.metadata() or {})[_KEY])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            return cls(
                task=about["task"],
                kind=about["kind"],
                split=about["split"],
                label_names=tuple(about["label_names"]),
                gold=tensors.pop("gold"),
                offsets=tensors.pop("offsets", None),
                logits=tensors,
            )
        except OSError as error:
            raise say_damaged(path, error, remedy=REMEASURE) from None
        except (SafetensorError, ValueError, KeyError, TypeError, AssertionError) as error:
            raise say_damaged(path, f"{type(error).__name__}: {error}", remedy=REMEASURE) from None
