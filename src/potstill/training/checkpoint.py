"""Checkpoints: everything that an exact resume needs, in a folder that is complete or absent, with its checksums."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from potstill.errors import RunError
from potstill.files import check_folder, is_whole, read_json, say_damaged, whole_folder, write_json
from potstill.processes import agree
from potstill.training.choosing import Choice
from potstill.training.events import EventLog
from potstill.training.state import StageState, read_random_states, write_random_states

_POSITION = "position.json"
_REMEDY = "delete this checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a run stands.

    Attributes:
        stage: Stages that are finished.
        step: Optimizer steps made in the stage.
        choice: The weights of the stage that would go on now.
        awaits_score: Whether the student is to be scored before the next step.
        logged_step: Those whose losses stand in events.jsonl.
        events_size: Length of events.jsonl, bytes.
        events_sum: Its SHA-256 up to there.
        seconds: Time spent in training so far.
    """

    stage: int = 0
    step: int = 0
    choice: Choice = Choice()
    awaits_score: bool = False
    logged_step: int = 0
    events_size: int = 0
    events_sum: str = ""
    seconds: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> "Position":
        """Read the position of a checkpoint."""
        path = folder / _POSITION
        try:
            return TypeAdapter(Position).validate_python(read_json(path, remedy=_REMEDY))
        except ValidationError as error:
            raise say_damaged(path, error, remedy=_REMEDY) from None


class Checkpoints:
    """The checkpoints of a run folder, of which the newest are kept."""

    def __init__(self, folder: Path, *, keep: int, accelerator: Accelerator) -> None:
        """Open the folder; `keep` newest checkpoints stay."""
        self.folder = folder
        self.keep = keep
        self.accelerator = accelerator

    def newest(self, events: EventLog, note: Callable[[str], None]) -> Position:
        """Find where the run stands: at its newest checkpoint that is whole, or at the very beginning.

        Args:
            events: The log, which must be there up to the checkpoint.
            note: Told of every checkpoint that is damaged; it is removed once an older one is found to be whole.

        Returns:
            The position.

        Raises:
            RunError: There are checkpoints, and none is whole.
        """
        return agree(self._find(events, note) if self.accelerator.is_main_process else Position())

    def _find(self, events: EventLog, note: Callable[[str], None]) -> Position:
        damaged: list[tuple[Path, RunError]] = []
        for place in reversed(self._all()):
            try:
                check_folder(place, remedy=_REMEDY)
                position = Position.read(place)
                if not is_whole(place):
                    raise say_damaged(place, "it has no checksums", remedy=_REMEDY)
                events.check(position.events_size, position.events_sum)
            except RunError as error:
                damaged.append((place, error))
                continue
            for other, reason in damaged:
                note(f"{_without_remedy(reason)}; going on from the checkpoint before it, {place.name}")
                shutil.rmtree(other)
            return position
        if damaged:
            raise RunError(
                f"none of the checkpoints in '{self.folder}' is whole: {_without_remedy(damaged[0][1])}; delete that "
                "folder to begin the training anew."
            )
        return Position()

    def save(self, position: Position, state: StageState) -> None:
        """Write a checkpoint: model, projections, optimizer, random states, position and best weights.

        Args:
            position: Where the run stands.
            state: What the stage has come to.
        """
        target, accelerator = self._place(position), self.accelerator
        with whole_folder(target) if accelerator.is_main_process else nullcontext(target) as aside:
            (shared,) = broadcast_object_list([aside])
            write_random_states(shared, rank=accelerator.process_index, device=accelerator.device)
            if accelerator.is_main_process:
                state.write(shared)
                write_json(shared / _POSITION, asdict(position))
            accelerator.wait_for_everyone()
        if accelerator.is_main_process and is_whole(target):  # else the one before it is needed
            for old in self._all()[: -self.keep]:
                shutil.rmtree(old)
        accelerator.wait_for_everyone()

    def holds(self, position: Position) -> bool:
        """Say whether there is a checkpoint of a position."""
        return (self._place(position) / _POSITION).exists()

    def restore(self, position: Position, state: StageState) -> dict[str, Tensor] | None:
        """Put model, projections, optimizer and random states back.

        Args:
            position: A position that `holds` confirms.
            state: What is changed in place.

        Returns:
            The best student's weights of the stage so far, if they were kept.

        Raises:
            RunError: The checkpoint is of another model or another version.
        """
        place = self._place(position)
        try:
            best = state.read(place)
            read_random_states(place, rank=self.accelerator.process_index, device=self.accelerator.device)
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise RunError(
                f"checkpoint '{place}' does not fit this run ({' '.join(str(error).split())[:200]}); go on with the "
                "version of Potstill that wrote it, or start the run anew in another folder."
            ) from None
        return best

    def _place(self, position: Position) -> Path:
        return self.folder / f"{position.stage:03d}-{position.step:09d}"

    def _all(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("[0-9]*-[0-9]*") if path.is_dir())


def _without_remedy(error: RunError) -> str:
    return str(error).removesuffix(f"; {_REMEDY}.")
