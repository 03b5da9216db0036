"""What a back-end is, and a model that is ready on one: batches in, rows of logits out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.engines.size import split_parameters
from potstill.hub import Encoder, ModelDescription
from potstill.results import Parameters, Precision
from potstill.tensors import Batch


@dataclass(frozen=True, kw_only=True)
class Backend(ABC):
    """A way to run models.

    Attributes:
        name: What users call it.
        cure: What to do about logits that are not finite, after "...; ".
        is_exact: Whether its logits are those of the float32 model, but for the last digits.
    """

    name: str
    cure: str
    is_exact: bool = True

    @abstractmethod
    def check(self) -> None:
        """Refuse a machine that lacks a package, a compiler or instructions, or could only run models at a crawl.

        What is needed is imported here, so that its import does not count as a model's cold start.

        Raises:
            ModelError: Something is missing.
        """

    @abstractmethod
    def load(self, model: str) -> "Engine":
        """Load a saved model; the machine was checked before.

        Args:
            model: A folder, a finished run folder, or a hub name.

        Returns:
            The model, ready to answer.

        Raises:
            ModelError: There is no such model, or it lacks the file that the back-end reads.
        """

    @abstractmethod
    def build(self, shape: str, scratch: Path) -> "Engine":
        """Build a bare shape with random weights, always the same ones; the machine was checked before.

        Args:
            shape: As for `potstill.hub.build_shape`.
            scratch: Where the files that the back-end reads are made; those that lie there are taken.

        Returns:
            The model, ready to answer.

        Raises:
            ModelError: There is no such shape, or the back-end cannot run it.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine(ABC):
    """A model that is ready to answer.

    Attributes:
        name: What the user calls the model; or the shape.
        backend: What it runs on.
        model: Its tokenizer, label names and longest text.
        device: Where it runs.
        precision: Number format of the matrix products; the logits are float32 in any case.
        num_threads: Threads within an operation on a CPU.
        size_bytes: Bytes of its weights on disk; for what was not saved, what they would take.
        draft: Gives the model for counting its weights; they may be absent.
        is_shape: Whether it is a bare shape: random weights, and no words known.
    """

    name: str
    backend: Backend
    model: ModelDescription
    device: torch.device
    precision: Precision
    num_threads: int
    size_bytes: int
    draft: Callable[[], Encoder]
    is_shape: bool = False

    @abstractmethod
    def run(self, batch: Batch) -> NDArray[np.float32]:
        """Compute the logits of a batch, without dropout and gradients.

        Args:
            batch: Examples, on any device.

        Returns:
            Logits, [rows, labels]; they are on the CPU when the call returns.
        """

    @property
    def parameters(self) -> Parameters:
        """Number of weights by part."""
        return split_parameters(self.draft())


def load_engine(model: str, backend: Backend) -> Engine:
    """Load a saved model on a back-end.

    Args:
        model: A folder, a finished run folder, or a hub name.
        backend: Where it is to run.

    Returns:
        The model, ready to answer.

    Raises:
        ModelError: There is no such model, it was not exported, or the machine lacks what the back-end needs.
    """
    backend.check()
    return backend.load(model)


def build_engine(shape: str, backend: Backend, scratch: Path) -> Engine:
    """Build a bare shape on a back-end.

    Args:
        shape: As for `potstill.hub.build_shape`.
        backend: Where it is to run.
        scratch: A folder for the files that the back-end reads.

    Returns:
        The model with random weights, always the same ones.

    Raises:
        ModelError: There is no such shape, or the machine lacks what the back-end needs.
    """
    backend.check()
    return backend.build(shape, scratch)
