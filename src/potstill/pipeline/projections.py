"""Training-only projections beside a student: what a later run from that student goes on with."""

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from potstill.errors import ModelError
from potstill.files import expand_user, whole_file
from potstill.run_folder import RunFolder
from potstill.students import AnyStudentConfig, CheckpointStart


def save_projections(projections: dict[str, Tensor], folder: RunFolder) -> None:
    """Write the projections of a run's last stage."""
    with whole_file(folder.projections) as aside:
        save_file(projections, aside)


def read_projections(student: AnyStudentConfig) -> dict[str, Tensor]:
    """Read the projections that were learnt with the checkpoint from which a student starts."""
    start = getattr(student, "init", None)
    if not isinstance(start, CheckpointStart):
        return {}
    place = expand_user(start.path).resolve()
    for folder in (place, place.parent):
        path = RunFolder(path=folder).projections
        if path.is_file():
            try:
                return load_file(path)
            except (OSError, SafetensorError) as error:
                raise ModelError(f"'{path}' cannot be read ({error}); delete it to start projections anew.") from None
    return {}
