"""Checkpoints: everything that an exact resume needs, in a folder that is complete or absent."""

import shutil
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file, save_file
from torch import Tensor

from potstill.errors import RunError
from potstill.files import whole_folder, write_json
from potstill.progress import quiet
from potstill.training.choosing import Choice

_POSITION = "position.json"
_BEST = "best.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a run stands.

    Attributes:
        stage: Stages that are finished.
        step: Optimizer steps made in the stage.
        choice: The weights of the stage that would go on now.
        events_size: Length of events.jsonl, bytes.
        seconds: Time spent in training so far.
    """

    stage: int = 0
    step: int = 0
    choice: Choice = Choice()
    events_size: int = 0
    seconds: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> "Position":
        """Read the position of a checkpoint."""
        try:
            return TypeAdapter(Position).validate_json((folder / _POSITION).read_bytes())
        except (OSError, ValidationError) as error:
            raise RunError(
                f"checkpoint {folder} cannot be read ({type(error).__name__}); delete it to go on from an older one."
            ) from None


class Checkpoints:
    """The checkpoints of a run folder, of which the newest are kept."""

    def __init__(self, folder: Path, *, keep: int, accelerator: Accelerator) -> None:
        """Open the folder; `keep` newest checkpoints stay."""
        self.folder = folder
        self.keep = keep
        self.accelerator = accelerator

    def newest(self) -> Position:
        """Read the position of the newest checkpoint; the very beginning where there is none."""
        found = self._all()
        return Position.read(found[-1]) if found else Position()

    def save(self, position: Position, best: dict[str, Tensor] | None) -> None:
        """Write a checkpoint: model, projections, optimizer, random states, position and best weights.

        Args:
            position: Where the run stands.
            best: The best student's weights of the stage so far, if they are selected.
        """
        target = self._place(position)
        with whole_folder(target) if self.accelerator.is_main_process else nullcontext(target) as aside:
            (shared,) = broadcast_object_list([aside])
            with quiet("accelerate.utils.other"):  # it warns that a tied decoder is saved once
                self.accelerator.save_state(str(shared), safe_serialization=True)
            self.accelerator.wait_for_everyone()
            if self.accelerator.is_main_process:
                if best is not None:
                    save_file(best, shared / _BEST)
                write_json(shared / _POSITION, asdict(position))
        if self.accelerator.is_main_process:
            for old in self._all()[: -self.keep]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def holds(self, position: Position) -> bool:
        """Say whether there is a checkpoint of a position."""
        return (self._place(position) / _POSITION).exists()

    def restore(self, position: Position) -> dict[str, Tensor] | None:
        """Put model, projections, optimizer and random states back.

        Args:
            position: A position that `holds` confirms.

        Returns:
            The best student's weights of the stage so far, if they were kept.
        """
        self.accelerator.load_state(str(self._place(position)))
        best = self._place(position) / _BEST
        return load_file(best) if best.exists() else None

    def _place(self, position: Position) -> Path:
        return self.folder / f"{position.stage:03d}-{position.step:09d}"

    def _all(self) -> list[Path]:
        return sorted(
            path.parent for path in self.folder.glob(f"*/{_POSITION}") if not path.parent.name.startswith(".")
        )
